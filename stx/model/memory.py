"""The peak memory of a run, estimated before it starts, so that a run that cannot fit is refused."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.autograd.graph import saved_tensors_hooks

from stx.config.layers import LAYERS
from stx.errors import OutOfMemory
from stx.model import machine
from stx.model.blocks import gathered, settings
from stx.model.padding import ZEROS, mode
from stx.model.terms import PICTURE, Term, alike, tensors_of
from stx.model.trials import depth, noise
from stx.model.vgg import POOL, RELU, segments
from stx.stats.gathered import Core, Gathered, Sums

PROCESS = 0.8e9
"""Bytes of PyTorch, MLflow and the networks' weights, for any picture. Measured."""
PICTURES = 16
"""Float32 pictures of the working size: both inputs, the start, the image, its gradient, and the loop's copies."""
JUDGE = 900.0
"""Bytes per pixel of the held-out measures at the end: two float32 maps of the first block, and sorting. Measured."""


FASTER = 1.2
"""How many times faster than the number of positions a statistic's memory may grow before larger maps are tried."""
LARGEST = 96 * 96
"""Number of positions at which no larger map is tried."""


class Stage(NamedTuple):
    """A stage of the network; its sizes are in numbers or bytes per pixel of the picture."""

    before: float
    after: float
    """Numbers in the map that goes in, and in the one that comes out."""
    kept: float
    """Numbers, of the features' type, that are kept for the gradient."""
    places: float
    """Bytes that are kept besides, for the positions of maxima."""
    tapped: str | None
    """The layer whose features are the output, if a term looks at them."""
    beyond: float
    """Numbers in the padded copy of the map that goes in, for a padding other than zeros."""


def stages(names: Sequence[str], tapped: Collection[str], pooling: str, padding: str) -> Iterator[list[Stage]]:
    """The network as `stx.model.vgg` runs it, one segment at a time. The ReLU keeps what its convolution computes."""
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
            beyond = before if stage in LAYERS and mode(padding, stage) != ZEROS else 0.0
            stages_of.append(Stage(before, size, kept, places, name if not following else None, beyond))
        yield stages_of


def of_a_step(
    names: Sequence[str],
    terms: Sequence[Term],
    *,
    pooling: str,
    padding: str,
    itemsize: int,
    checkpointing: bool,
    calibrated: bool,
    pixels: int,
    divided: bool = False,
) -> float:
    """Bytes per pixel of a step at its peak, for a picture of `pixels` and a style picture of the same size.

    The backward pass frees what it has passed: at each stage there is what the stages up to it keep, and the gradients
    of its input and output. With activation checkpointing, earlier segments keep their outputs only. The calibration
    goes backward several times, so everything is kept throughout; with activation checkpointing it costs a step's.

    `divided` stands for a block, whose statistics are gathered; terms that look at the picture itself do not count.
    """
    tapped = {layer for term in terms for layer in term.layers}
    kept, worst, largest = 0.0, 0.0, 0.0
    for segment in stages(names, tapped, pooling, padding):
        inside = 0.0
        for stage in segment:
            inside += stage.kept * itemsize + stage.places
            passing = (stage.before + stage.after + stage.beyond) * itemsize
            if stage.tapped:
                statistic = sum(
                    kept_by(term, place, pixels, divided)
                    for term in terms
                    for place in term.places
                    if place[-1] == stage.tapped
                )
                inside += statistic
                passing += statistic  # an estimate for gradients and intermediate results
                passing += 0 if itemsize == 4 else 8 * stage.after  # the features in float32, and their gradient
            worst, largest = max(worst, kept + inside + passing), max(largest, passing)
        kept += segment[-1].after * itemsize if checkpointing and len(segment) > 2 else inside
    again = kept_again(terms, itemsize) + (0 if divided else by_the_picture(terms, pixels))
    return again + (kept + largest if calibrated and not checkpointing else worst)


def kept_again(terms: Sequence[Term], itemsize: int) -> float:
    """Bytes per pixel of features that are kept in addition to those that the network keeps."""
    changing = {layer for term in terms if term.renew for layer in term.layers}
    turned = {layer for term in terms if term.renew and term.rotations for layer in term.layers}
    again = sum(4 * numbers_at(layer) * (4 if layer in turned else 1) for layer in changing)  # of the style picture
    # The gradients of all layers of a joint term exist at once, and so do float32 copies of features of another type.
    joint = {layer for term in terms if term.joint for layer in term.layers}
    return again + sum((4 if itemsize == 4 else 8) * numbers_at(layer) for layer in joint)


def by_the_picture(terms: Sequence[Term], pixels: int) -> float:
    """Bytes per pixel that terms keep if they look at the picture itself."""
    return sum(kept_by(term, place, pixels) for term in terms for place in term.places if place[-1] == PICTURE)


def numbers_at(layer: str) -> float:
    """Number of a layer's features per pixel of the picture."""
    return 3.0 if layer == PICTURE else LAYERS[layer] / 4 ** depth(layer)


def kept_by(term: Term, place: Sequence[str], pixels: int, divided: bool = False) -> float:
    """Bytes per pixel that a statistic keeps for its gradient beside the features, for a picture of `pixels`: measured
    on two small maps and extrapolated linearly, so that a constant part, as of samples, does not grow with it."""

    def bytes_of(size: tuple[int, int]) -> int:
        if (key := (*alike(term), tuple(place), size, divided)) not in TRIED:
            TRIED[key] = kept_of(term, place, size, divided)
        return TRIED[key]

    return a_pixel(bytes_of, term, place, pixels)


def renewed(terms: Sequence[Term], pixels: int) -> float:
    """Bytes of the references and targets that are renewed during a run, for a picture of so many pixels."""
    changing = [(term, place) for term in terms if term.renew for place in term.places]

    def weight(term: Term, place: Sequence[str], size: tuple[int, int]) -> int:
        maps = maps_of(place, size)
        given = term.of(maps)
        fitted = term.fit(given)
        target = 0 if term.distance is None else fitted(given).nbytes
        return target + sum(each.nbytes for each in tensors_of(fitted))

    return pixels * sum(a_pixel(partial(weight, term, place), term, place, pixels) for term, place in changing)


def a_pixel(bytes_of: Callable[[tuple[int, int]], int], term: Term, place: Sequence[str], pixels: int) -> float:
    """Extrapolate bytes per pixel of a picture of `pixels` from two small maps at the first layer of a place."""
    small, large = ((9, 13), (18, 26)) if term.reference is None else ((36, 40), (40, 48))
    least, most = bytes_of(small), bytes_of(large)
    # Memory that grows faster than the map is that of pairs of positions, whose number is limited at larger sizes.
    while most * count(small) > FASTER * least * count(large) and count(large) < LARGEST:
        small, large = large, (2 * large[0], 2 * large[1])
        least, most = most, bytes_of(large)
    at_place = 1 if place[0] == PICTURE else 4 ** depth(place[0])
    slope = max(0.0, (most - least) / (count(large) - count(small)) / at_place)
    return max(0.0, slope + (most - slope * count(large) * at_place) / pixels)


def count(size: tuple[int, int]) -> int:
    return size[0] * size[1]


def maps_of(place: Sequence[str], size: tuple[int, int]) -> list[Tensor]:
    """Small noise maps in the memory format of the network's own."""
    return [each[None].to(memory_format=torch.channels_last).squeeze(0) for each in noise(place, size)]


def kept_of(term: Term, place: Sequence[str], size: tuple[int, int], divided: bool = False) -> int:
    """Bytes that a term keeps for its gradient, for a map of that size at the first layer of a place."""
    maps = [each.requires_grad_() for each in maps_of(place, size)]
    given = term.of(maps)
    statistic = term.fit(term.of([each.detach() for each in maps]))
    storages = {}

    def keep(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        storages[storage.data_ptr()] = storage.nbytes()
        return tensor.detach()  # an output that is saved with its graph would keep itself alive forever

    with saved_tensors_hooks(keep, lambda tensor: tensor):
        form = gathered(statistic) if divided else None
        if form is None:
            values = statistic(given, **term.told)
            plain = term.toward is None or term.distance is None
            result: object = (
                values if plain or term.distance is None else term.distance(values, torch.zeros_like(values))
            )
        else:
            result = sums_of(form, settings(statistic), term, maps)
    del result
    for each in maps:
        storages.pop(each.untyped_storage().data_ptr(), None)
    return sum(storages.values())


def sums_of(form: Gathered, bound: Mapping[str, Any], term: Term, maps: Sequence[Tensor]) -> Sums:
    """Gather a block's maps. The cores leave out a margin, since taking a part of a map makes a copy of it."""
    steps = [each.shape[1] // maps[-1].shape[1] for each in maps]
    given = term.of(maps)
    cores = term.of([Core(slice(n, m.shape[1]), slice(n, m.shape[2])) for n, m in zip(steps, maps, strict=True)])
    before = form.before(given, cores, **bound)
    sizes = term.of([(each.shape[1], each.shape[2]) for each in maps])
    return form.sums(given, cores, sizes, **bound, **({"before": before} if before else {}))


def available(device: torch.device) -> float:
    """Bytes of memory that are free on a CUDA device, or that this process may use of the machine's memory."""
    if device.type == "cuda":
        cached = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)  # PyTorch will reuse it
        return float(torch.cuda.mem_get_info(device)[0] + cached)
    return machine.memory()


TRIED: dict[tuple[Any, ...], int] = {}  # bytes that terms keep: by `alike`, place, size of the map, and `divided`
FULL = ("out of memory", "can't allocate memory", "ALLOC_FAILED")
"""What PyTorch, CUDA and its libraries say when memory is full; the types of these errors have other causes too."""


def ran_out(error: BaseException) -> bool:
    return isinstance(error, MemoryError) or any(sign in str(error) for sign in FULL)


@contextmanager
def told_when_full(device: str, also: Callable[[], str] = str) -> Iterator[None]:
    """Raise OutOfMemory if the block runs out of memory; `also` returns what to add to the message by then."""
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not ran_out(error):
            raise
        asked = re.search(r"tried to allocate ([\d.]+ \w+)", str(error), re.IGNORECASE)
        wanted = f" left for {asked[1]} more" if asked else " left"
        raise OutOfMemory(f"{device} has no memory{wanted}; another program may hold it{also()}") from error
