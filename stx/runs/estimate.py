"""How long a run will take, estimated by timing its losses at two small sizes."""

import time

import torch
from torch import Tensor

from stx.config.schema import Config
from stx.loop.evaluate import evaluation
from stx.loop.levels import levels
from stx.model.prepare import Inputs, loss_network
from stx.model.resized import resized
from stx.model.vgg import shortest_side
from stx.model.working_size import deepest_layer
from stx.pictures.sizes import with_area

PROBES = (96 * 72, 192 * 144)
"""Pixels. There are two probes, as part of the time does not grow with the size: a GPU's launches, an eigenproblem."""

LONG_ENOUGH = 0.3
"""Seconds. A probe is repeated until it has taken this long in all; its best time counts."""

JUDGED = 6
"""The measures at the end and the writing of files take about as long as this many evaluations."""


def seconds(config: Config, inputs: Inputs) -> float:
    """How long a run will take on an idle machine, within a factor of two; the estimate itself takes a second or two.

    It assumes that time grows linearly with the number of pixels from a constant, and that a step is one evaluation.
    """
    small, large = PROBES
    times = {area: an_evaluation(config, inputs, area) for area in PROBES}
    slope = (times[large] - times[small]) / (large - small)
    if slope <= 0:  # the smaller probe was held up
        slope = times[large] / large
    calibration = 2 + sum(len(term.places) for term in inputs.terms if term.toward != "content")
    expected, done = 0.0, 0
    for level in levels(config, inputs):
        pixels = level.inputs.initial[0].numel()
        expected += (level.until - done + calibration) * max(0.0, times[large] + slope * (pixels - large))
        done = level.until
    return expected + JUDGED * max(0.0, times[large] + slope * (inputs.initial[0].numel() - large))


def an_evaluation(config: Config, inputs: Inputs, area: int) -> float:
    """Seconds that the losses and their gradient take for pictures of about `area` pixels."""
    least = shortest_side(deepest_layer(inputs.terms), config.given_padding)

    def small(picture: Tensor) -> Tensor:
        return resized(picture, [max(least, side) for side in with_area((picture.shape[1], picture.shape[2]), area)])

    content = None if inputs.content is None else small(inputs.content)
    styles, start = {name: small(style) for name, style in inputs.styles.items()}, small(inputs.initial)
    others = {name: resized(picture, start.shape[1:]) for name, picture in inputs.others.items()}
    uncalibrated = config.loss_weights.model_copy(update={"calibrate": "none"})
    network = loss_network(
        config.model_copy(update={"loss_weights": uncalibrated}),
        inputs._replace(content=content, styles=styles, others=others, initial=start),
    )
    image = (start if content is None else content).clone(memory_format=torch.contiguous_format).requires_grad_()
    evaluate, _ = evaluation(network, image)

    def timed() -> float:
        started = time.monotonic()
        evaluate().total.item()  # waits for a GPU
        return time.monotonic() - started

    timed()  # libraries choose algorithms and threads start: takes ten times as long as the next call
    taken = [timed()]
    while sum(taken) < LONG_ENOUGH:
        taken.append(timed())
    return min(taken)
