"""The loop under guard: it is recorded, and with `backoff` begun again after a value that is not finite."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from stx.config.schema import Config
from stx.loop.average import Average
from stx.loop.checkpoint import Checkpoint
from stx.loop.evaluate import Evaluate
from stx.loop.listener import Event, Listener, Outcome
from stx.loop.optimisers import Optimiser
from stx.loop.record import Before, Rules, record
from stx.loop.signals import Stop
from stx.loop.steps import Step, optimise
from stx.model.losses import LossNetwork


def guarded(
    config: Config,
    network: LossNetwork,
    image: Tensor,
    state: Checkpoint,
    new_optimiser: Callable[[list[Tensor]], Optimiser],
    *,
    until: int,
    evaluate: Evaluate,
    listeners: Sequence[Listener],
    stop: Stop,
) -> Outcome:
    """Run the loop on from `state`, whose image is the leaf `image`, to the step `until`.

    With on_nan=backoff, a value that is not finite takes the run back to its last finite picture, with a new optimiser
    that takes shorter steps, at most guard.backoffs times per level; the step count continues. If no steps are left
    then, that picture is the level's result.
    """
    backoffs, before = state.backoffs, Before(state.step, image, state.last_finite.clone(), state.events, state.lowest)
    optimiser = shortened(new_optimiser([image]), config.guard.shrink**backoffs)
    if state.optimiser:
        optimiser.load_state_dict(state.optimiser)
    average = Average(config.optim.average, image if state.average is None else state.average, state.averaged)
    ends_here = until == config.optim.steps  # convergence ends only the last level, and the run with it
    rules = Rules(config.guard.checkpoint_every, config.optim.stop_at if ends_here else None, config.guard.on_nan)
    norms_every, frozen = config.tracking.grad_norms_every, config.guard.on_nan != "continue"
    while True:
        before = before._replace(newest=average.of(optimiser.accepted()))
        steps = optimise(
            network, image, optimiser, until, norms_every, before.done, before.finite, evaluate, frozen, average
        )
        outcome = record(steps, before, rules, listeners, snapshots(network, image, optimiser, average, backoffs), stop)
        outcome = outcome._replace(stalled=optimiser.stalled, optimiser=optimiser)
        again = config.guard.on_nan == "backoff" and outcome.diverged and not outcome.stopped
        if not again or backoffs >= config.guard.backoffs:
            return outcome
        if outcome.steps >= until:
            return outcome._replace(diverged=False)
        backoffs += 1
        before = Before(outcome.steps, image, outcome.picture.clone(), outcome.events, [])
        with torch.no_grad():
            image.copy_(before.finite)
        network.renew(outcome.steps + 1, image, every=True)  # references may have been made from the picture that broke
        average = Average(config.optim.average, image)
        optimiser = shortened(new_optimiser([image]), config.guard.shrink**backoffs)


def shortened(optimiser: Optimiser, factor: float) -> Optimiser:
    optimiser.shorten(factor)
    return optimiser


def snapshots(
    network: LossNetwork, image: Tensor, optimiser: Optimiser, average: Average, backoffs: int
) -> Callable[[Step, list[Event], list[float]], Checkpoint]:
    def snapshot(step: Step, events: list[Event], lowest: list[float]) -> Checkpoint:
        return Checkpoint(
            step=step.number,
            image=image.detach(),
            last_finite=step.last_finite,
            optimiser=optimiser.state_dict(),
            scales=network.scales,
            renewed=network.renewed,
            events=events,
            backoffs=backoffs,
            lowest=lowest,
            average=average.mean,
            averaged=average.count,
        )

    return snapshot
