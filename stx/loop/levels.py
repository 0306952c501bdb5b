"""Coarse to fine: the first steps at smaller sizes, where they cost less and reach further."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import torch

from stx import timeline
from stx.config.schedule import coarse_steps
from stx.config.schema import Config
from stx.loop.checkpoint import Checkpoint
from stx.loop.evaluate import evaluation
from stx.loop.guard import guarded
from stx.loop.listener import Listener, Outcome, Start
from stx.loop.signals import Stop
from stx.model.prepare import Inputs, loss_network
from stx.model.resized import resized
from stx.model.start import initial
from stx.model.working_size import deepest_layer, halved, to_multiple
from stx.pictures.sizes import Size


class Level(NamedTuple):
    inputs: Inputs
    """Inputs at the level's size; its sides are smaller than the next level's by the factor optim.factor."""
    until: int
    """The number of the level's last step."""


def levels(config: Config, inputs: Inputs) -> list[Level]:
    """The levels from the coarsest to the full size of `inputs`, which is the only one without a pyramid.

    The sizes of a tile are rounded: a level no smaller than the next is left out, and its steps are taken there.
    """
    sizes = [(picture.shape[2], picture.shape[1]) for picture in (inputs.initial, *inputs.styles.values())]
    coarse = coarse_steps(config, *sizes)
    ends = [sum(coarse[: count + 1]) for count in range(len(coarse))]
    smaller = [reduced(config, inputs, config.optim.factor ** (len(coarse) - place)) for place in range(len(coarse))]
    every = [*map(Level, smaller, ends), Level(inputs, config.optim.steps)]
    return [level for level, after in pairwise(every) if level.inputs.size != after.inputs.size] + every[-1:]


def reduced(config: Config, inputs: Inputs, factor: float) -> Inputs:
    def smaller(side: int) -> int:
        return int(side / factor)

    width, height = size = tile_size(config, inputs, (smaller(inputs.size[0]), smaller(inputs.size[1])))
    content = None if inputs.content is None else resized(inputs.content, (height, width))
    styles = {name: resized(style, [*map(smaller, style.shape[1:])]) for name, style in inputs.styles.items()}
    others = {name: resized(picture, (height, width)) for name, picture in inputs.others.items()}
    on_host = None if content is None else content.cpu()
    start = initial(config, size, on_host, inputs.painting, inputs.weights.preprocessing).to(inputs.initial.device)
    return inputs._replace(content=content, styles=styles, others=others, initial=start)


def tile_size(config: Config, inputs: Inputs, size: Size) -> Size:
    """The nearest size that a tile can have; if the picture is no tile, the size as it is."""
    return to_multiple(size, halved(deepest_layer(inputs.terms))) if config.tile else size


def ahead(config: Config, inputs: Inputs, resumed: Checkpoint | None) -> list[Level]:
    """The levels that are left: all of them, or those from the level of `resumed` on."""
    every = levels(config, inputs)
    return [level for level in every if not resumed or level.inputs.initial.numel() >= resumed.image.numel()]


def coarse_to_fine(
    config: Config, inputs: Inputs, resumed: Checkpoint | None, listeners: Sequence[Listener], stop: Stop
) -> Outcome:
    """Run the loop under guard through all levels, or on from `resumed`.

    Every level has its own losses, calibrated at its size: the losses at one size say little about those at the next.
    """
    levels_ahead = ahead(config, inputs, resumed)
    state = resumed or Checkpoint.start(levels_ahead[0].inputs.initial)
    handed_on: dict[str, Any] = {}
    for level, following in zip(levels_ahead, [*levels_ahead[1:], None], strict=True):
        image = resized(state.image, level.inputs.initial.shape[1:], config.tile)
        if image is not state.image:
            state = Checkpoint.start(image)._replace(step=state.step, events=state.events, optimiser=handed_on)
        network = loss_network(config, level.inputs, state.scales or None)
        network.restore(state.renewed)
        if state.step and not state.renewed:
            network.renew(state.step + 1, image, every=True)  # they were made for the photograph, not this image
        timeline.ended("networks and calibration")
        image = image.clone(memory_format=torch.contiguous_format).requires_grad_()
        evaluate, graph = evaluation(network, image)
        for listener in listeners:
            listener.begun(Start(network, image, state.step, graph, inputs.finish))
        outcome = guarded(
            config,
            network,
            image,
            state,
            inputs.optimiser,
            until=level.until,
            evaluate=evaluate,
            listeners=listeners,
            stop=stop,
        )
        ended, outcome = outcome.optimiser, outcome._replace(optimiser=None)  # so that its memory can be freed
        if outcome.stopped or outcome.pruned or (outcome.diverged and config.guard.on_nan != "continue"):
            break
        state = state._replace(step=outcome.steps, image=outcome.picture, events=outcome.events)
        if following is not None and ended is not None:
            handed_on = ended.handed_on(following.inputs.initial.shape[1:])
    return outcome
