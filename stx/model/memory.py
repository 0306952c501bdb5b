"""How much memory a run will take at its worst: said before it starts, and refused where it cannot fit."""

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks

from stx.config.layers import LAYERS
from stx.errors import OutOfMemory
from stx.model import machine
from stx.model.terms import PICTURE, Term
from stx.model.vgg import POOL, RELU, segments

PROCESS = 0.8e9
"""Bytes of PyTorch, MLflow and the networks' weights, whatever the picture. Measured."""
PICTURES = 16
"""Of the working size, float32: both inputs, the start, the image and its gradient, and the copies of the loop."""
JUDGE = 900.0
"""Bytes a pixel of the held-out measures at the end: two maps of the first block in float32, and sorting. Measured."""


class Stage(NamedTuple):
    """Of the network, in float numbers or bytes a pixel of the picture."""

    before: float
    after: float
    """The map that goes in and the one that comes out: numbers."""
    kept: float
    """What the gradient needs of it: numbers of the features' type."""
    places: float
    """And bytes beside them."""
    tapped: str | None


def stages(names: Sequence[str], tapped: Collection[str], pooling: str) -> Iterator[list[Stage]]:
    """The network as `stx.model.vgg` runs it, a segment at a time. What a convolution makes is kept by its ReLU."""
    size = 3.0
    for name, segment in segments(names, tapped, commuting=pooling == "max"):
        stages_of = []
        for stage, following in pairwise([*segment, ""]):
            before = size
            if stage == POOL:
                size /= 4
            elif stage != RELU:
                size = LAYERS[stage] / 4 ** (int(stage[4]) - 1)
            new = stage != RELU and (following == RELU or stage == POOL)
            squares = before if stage == POOL and pooling == "l2" else 0.0
            places = 8 * size if stage == POOL and pooling == "max" else 0.0  # whole numbers of 64 bits
            kept = squares + (size if new else 0.0)
            stages_of.append(Stage(before, size, kept, places, name if not following else None))
        yield stages_of


def of_a_step(
    names: Sequence[str],
    terms: Sequence[Term],
    *,
    pooling: str,
    itemsize: int,
    checkpointing: bool,
    calibrated: bool,
) -> float:
    """Bytes a pixel of a step at its worst, for a picture of one size with the style picture.

    The way back frees what it has passed: at each stage there is what those up to it keep, and the gradients before
    and after it. With activation checkpointing the segments before its own keep their outputs alone. The calibration
    goes back several times, so that all is kept throughout; with activation checkpointing it costs what a step does.
    """
    tapped = {layer for term in terms for layer in term.layers}
    kept, worst, largest = 0.0, 0.0, 0.0
    for segment in stages(names, tapped, pooling):
        inside = 0.0
        for stage in segment:
            inside += stage.kept * itemsize + stage.places
            passing = (stage.before + stage.after) * itemsize
            if stage.tapped:
                here = [term for term in terms if stage.tapped in term.layers]
                statistic = sum(kept_by(term, stage.tapped) for term in here) * stage.after
                inside += statistic
                passing += statistic  # gradients and what comes between, about
                passing += 0 if itemsize == 4 else 8 * stage.after  # the features in float32, and their gradient
            worst, largest = max(worst, kept + inside + passing), max(largest, passing)
        kept += segment[-1].after * itemsize if checkpointing and len(segment) > 2 else inside
    of_the_picture = sum(3 * kept_by(term, PICTURE) for term in terms if PICTURE in term.layers)
    return of_the_picture + (kept + largest if calibrated and not checkpointing else worst)


def kept_by(term: Term, layer: str) -> float:
    """Bytes that a statistic keeps for its gradient beside the features, for each of their numbers: tried, twice.

    Of one that looks at a limited number of positions, which these small maps do not reach, it is more than it keeps.
    """
    channels = 3 if layer == PICTURE else LAYERS[layer]

    def kept(height: int, width: int) -> int:
        generator = torch.Generator().manual_seed(0)  # the caller's is nobody else's business
        maps = (
            torch.rand(1, channels, height, width, generator=generator).to(memory_format=torch.channels_last).squeeze(0)
        )
        maps.requires_grad_()
        statistic = term.fit(maps.detach())
        storages = {}

        def keep(tensor: Tensor) -> Tensor:
            storage = tensor.untyped_storage()
            storages[storage.data_ptr()] = storage.nbytes()
            return tensor.detach()  # with its history, an output that is kept would hold itself forever

        with saved_tensors_hooks(keep, lambda tensor: tensor):
            values = statistic(maps)
            distance = values if term.toward is None else term.distance(values, torch.zeros_like(values))
        del distance
        storages.pop(maps.untyped_storage().data_ptr(), None)
        return sum(storages.values())

    small, large = (9, 13), (18, 26)
    return max(0, kept(*large) - kept(*small)) / (channels * (18 * 26 - 9 * 13))


def available(device: torch.device) -> float:
    """Bytes of memory of the device, or that this process may use of the machine's."""
    if device.type == "cuda":
        cached = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)  # by PyTorch, for itself
        return float(torch.cuda.mem_get_info(device)[0] + cached)
    return machine.memory()


FULL = ("out of memory", "can't allocate memory", "ALLOC_FAILED")
"""What PyTorch, CUDA and its libraries say where the memory is full, in errors of kinds that say other things too."""


def ran_out(error: BaseException) -> bool:
    return isinstance(error, MemoryError) or any(sign in str(error) for sign in FULL)


@contextmanager
def told_when_full(device: str, also: Callable[[], str] = str) -> Iterator[None]:
    """A block whose want of memory is raised as OutOfMemory, with what there is to say `also` by then."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not ran_out(error):
            raise
        asked = re.search(r"tried to allocate ([\d.]+ \w+)", str(error), re.IGNORECASE)
        wanted = f" left for {asked[1]} more" if asked else " left"
        raise OutOfMemory(f"{device} has no memory{wanted}; another program may hold it{also()}") from error
