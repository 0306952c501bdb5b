"""The losses of an image and their gradient, once per step: eagerly, or on a GPU as one captured CUDA graph."""

import warnings
from collections.abc import Callable, Iterable
from itertools import groupby
from typing import NamedTuple

import torch
from torch import Tensor

from stx.errors import first_line
from stx.model.in_blocks import InBlocks
from stx.model.losses import Losses, LossNetwork
from stx.model.magnitudes import largest
from stx.model.memory import ran_out
from stx.model.names import metric
from stx.stats.precision import wide

WARM_UP = 3
"""Evaluations before a capture: libraries choose their algorithms in the first ones."""


class Evaluation(NamedTuple):
    """Results on the device, which the next evaluation may overwrite."""

    total: Tensor
    names: tuple[str, ...]
    """Names of the scalars, in the order of the data flow, so that the first value that is not finite is the cause."""
    values: Tensor
    """The scalars, one per name; float64 where the device has it."""


Evaluate = Callable[[], Evaluation]
"""Evaluates the image that it is bound to, and sets its `grad`."""


def evaluation(network: LossNetwork, image: Tensor) -> tuple[Evaluate, bool]:
    """The fastest way to evaluate `image`, a leaf that is changed in place, and whether it is a CUDA graph.

    None of stx's own statistics waits for the host. A user's statistic that does, as eigenvalue solvers do, cannot be
    captured: the step then runs eagerly, with one warning.
    """
    if image.device.type != "cuda" or isinstance(network, InBlocks):  # blocks differ in size
        return eager(network, image), False
    try:
        return captured(network, image), True
    except RuntimeError as error:
        if ran_out(error):
            raise
        why = first_line(error)
        warnings.warn(f"the step could not be captured as a CUDA graph, so it is slower: {why}", stacklevel=2)
        return eager(network, image), False


def eager(network: LossNetwork, image: Tensor) -> Evaluate:
    def evaluate() -> Evaluation:
        image.grad = None
        losses = network.backward(image)
        scalars = named(losses, image)
        return Evaluation(losses.total.detach(), tuple(scalars), joined(scalars.values()))

    return evaluate


def captured(network: LossNetwork, image: Tensor) -> Evaluate:
    """Capture the evaluation as one graph of some 300 kernels.

    Launching them one by one takes the host as long as an H100 takes to run them.

    Raises RuntimeError if something in the step waits for the host.
    """
    evaluate = eager(network, image)
    main, side = torch.cuda.current_stream(image.device), torch.cuda.Stream(image.device)  # type: ignore[no-untyped-call]
    side.wait_stream(main)
    debug_mode = torch.cuda.get_sync_debug_mode()
    try:
        with torch.cuda.stream(side):
            refuse_waits()  # here rather than in the capture, which is hard to undo if it fails half-way
            for _ in range(WARM_UP):
                evaluate()
        torch.cuda.set_sync_debug_mode(debug_mode)
        main.wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            captured_values = evaluate()
    except RuntimeError:
        torch.cuda.set_stream(main)
        image.grad = None
        raise
    finally:
        torch.cuda.set_sync_debug_mode(debug_mode)
    gradient = image.grad

    def replay() -> Evaluation:
        image.grad = gradient  # the tensor that the graph writes to
        graph.replay()
        return captured_values

    return replay


def refuse_waits() -> None:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Synchronization debug mode")  # a prototype, of no concern to users
        torch.cuda.set_sync_debug_mode("error")


def named(losses: Losses, image: Tensor) -> dict[str, Tensor]:
    """An image's scalars under their metric names, in network order, after its backward pass."""
    scalars: dict[str, Tensor] = {}
    for layer, peak in losses.peaks.items():
        scalars[f"peak/{layer}"] = peak
    for part, magnitude in losses.magnitudes.items():
        scalars[metric(f"{part.term.group}_magnitude/{part.place}")] = magnitude
    for group, loss in losses.groups.items():
        for part, each in losses.parts.items():
            if part.term.group == group and part.place:  # a part without a place is the whole group
                scalars[metric(f"{group}_loss/{part.place}")] = each.detach()
        for (of, layer), each in losses.layers.items():
            if of == group and layer:
                scalars[f"{group}_loss/{layer}"] = each.detach()
        scalars[f"loss/{group}"] = loss.detach()
    scalars["loss/total"] = losses.total.detach()
    assert image.grad is not None
    scalars["peak/gradient"] = largest([image.grad])[0]
    return scalars


def joined(scalars: Iterable[Tensor]) -> Tensor:
    """Concatenate scalars, as float64 where the device has it; neighbours of one type are converted together."""
    return torch.cat([wide(torch.stack(list(of_type))) for _, of_type in groupby(scalars, key=lambda each: each.dtype)])
