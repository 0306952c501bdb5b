"""The loop under guard: recorded, kept on disk, and under `backoff` begun again behind a value that is not finite."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from stx.config.schema import Config
from stx.loop import checkpoint
from stx.loop.checkpoint import Checkpoint
from stx.loop.evaluate import Evaluate
from stx.loop.record import Outcome, record
from stx.loop.steps import OPTIMISERS, Step, current, optimise
from stx.model.losses import LossNetwork

STEP_LENGTHS = ("lr", "first_step")
"""What an optimiser's settings call the length of its steps."""


def optimiser_for(config: Config, image: Tensor, backoffs: int) -> torch.optim.Optimizer:
    """The config's optimiser, its steps shortened once for each time that the run went back."""
    settings = config.optim.model_dump(exclude={"name", "steps", "pyramid", "stop_at"})
    for name in STEP_LENGTHS:
        if name in settings:
            settings[name] *= config.guard.shrink**backoffs
    return OPTIMISERS[config.optim.name]([image], **settings)


def guarded(
    config: Config,
    network: LossNetwork,
    image: Tensor,
    state: Checkpoint,
    folder: Path,
    *,
    until: int,
    evaluate: Evaluate,
    **recording: Any,
) -> tuple[Outcome, torch.optim.Optimizer]:
    """Run the loop on from `state`, whose image is the leaf `image`, to the step `until`; checkpoints go into `folder`.

    Under on_nan=backoff a value that is not finite takes the run back to its last finite picture, with a new optimiser
    of shorter steps, at most guard.backoffs times; the steps count on.
    """
    done, events, backoffs, last_finite = state.step, state.events, state.backoffs, state.last_finite.clone()
    lowest = state.lowest
    optimiser = optimiser_for(config, image, backoffs)
    if state.optimiser:
        optimiser.load_state_dict(state.optimiser)
    while True:
        outcome = record(
            optimise(network, image, optimiser, until, config.tracking.grad_norms_every, done, last_finite, evaluate),
            done=done,
            finite=last_finite,
            newest=current(optimiser, image),
            events=events,
            on_nan=config.guard.on_nan,
            save=saver(folder, network, image, optimiser, backoffs),
            save_every=config.guard.checkpoint_every,
            lowest=lowest,
            stop_at=config.optim.stop_at if until == config.optim.steps else None,  # a run ends, not a level
            **recording,
        )
        again = config.guard.on_nan == "backoff" and outcome.status == "diverged"
        if not again or backoffs >= config.guard.backoffs or outcome.steps >= until:
            return outcome, optimiser
        backoffs += 1
        done, events, last_finite, lowest = outcome.steps, outcome.events, outcome.picture.clone(), []
        with torch.no_grad():
            image.copy_(last_finite)
        optimiser = optimiser_for(config, image, backoffs)


def saver(
    folder: Path, network: LossNetwork, image: Tensor, optimiser: torch.optim.Optimizer, backoffs: int
) -> Callable[[Step, list[list[Any]], list[float]], None]:
    def save(step: Step, events: list[list[Any]], lowest: list[float]) -> None:
        state = Checkpoint(
            step=step.number,
            image=image.detach(),
            last_finite=step.last_finite,
            optimiser=optimiser.state_dict(),
            scales=dict(network.scales),
            events=events,
            backoffs=backoffs,
            lowest=lowest,
        )
        checkpoint.save(folder, state)

    return save
