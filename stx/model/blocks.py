"""A picture cut into blocks with a margin, so that each position of every layer is in the core of one of them."""

import math
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, NamedTuple

from torch import Tensor

from stx.config.layers import LAYERS
from stx.model.terms import PICTURE, Term
from stx.model.trials import depth
from stx.stats.gathered import Core, Gathered, Size

STRIDE = 16
"""Side in pixels of a position at the deepest layers. Blocks begin at multiples of it, which keeps pooling windows."""


class Block(NamedTuple):
    """A rectangle of a picture's pixels, with a margin."""

    outer: tuple[slice, slice]
    """Rows and columns that go through the network."""
    inner: tuple[slice, slice]
    """Rows and columns whose positions count, without the margin."""
    last: tuple[bool, bool]
    """Whether rows and columns reach the end of the picture, where the last position may have more pixels."""

    def of(self, picture: Tensor) -> Tensor:
        return picture[:, self.outer[0], self.outer[1]]

    def core(self, layer: str, size: Size) -> Core:
        """The positions that count within a layer's map (h, w) of the block."""
        rows, columns = (self.along(axis, depth(layer), size[axis]) for axis in (0, 1))
        start = (self.outer[0].start >> depth(layer), self.outer[1].start >> depth(layer))
        return Core(rows, columns, start)

    def along(self, axis: int, halvings: int, length: int) -> slice:
        outer, inner = self.outer[axis], self.inner[axis]
        stop = length if self.last[axis] else (inner.stop - outer.start) >> halvings
        return slice((inner.start - outer.start) >> halvings, stop)


def blocks(size: Size, side: int, margin: int) -> list[Block]:
    """Cut a picture (H, W) into blocks, with cores of about equal size.

    A core has at most `side` pixels, a multiple of STRIDE, along each axis; the last ones may have STRIDE - 1 more.
    """
    rows, columns = (list(cuts(length, side)) for length in size)
    return [
        Block(
            tuple(slice(max(0, cut.start - margin), min(length, cut.stop + margin)) for cut, length in at),  # type: ignore[arg-type]
            (down, across),
            (down.stop == size[0], across.stop == size[1]),
        )
        for down in rows
        for across in columns
        for at in [((down, size[0]), (across, size[1]))]
    ]


def cuts(length: int, side: int) -> Iterator[slice]:
    number = math.ceil(length / side)
    each = math.ceil(length / number / STRIDE) * STRIDE
    starts = range(0, max(1, length - STRIDE + 1), each)  # a rest smaller than a deepest position makes no block
    for start in starts:
        yield slice(start, length if start == starts[-1] else start + each)


def map_size(layer: str, size: Size) -> Size:
    """(h, w) of a layer's map, for a picture (H, W)."""
    return size[0] >> depth(layer), size[1] >> depth(layer)


def margin(terms: Sequence[Term]) -> int:
    """Width in pixels of the margin that a core depends on: receptive fields, and what statistics look at beyond."""
    needed = [
        field(layer) + reach(term) * 2 ** depth(layer)
        for term in terms
        for place in term.places
        for layer in place
        if layer != PICTURE
    ]
    return math.ceil(max(needed, default=0) / STRIDE) * STRIDE


def field(layer: str) -> int:
    """Pixels that a position depends on beyond its own, on each side: one position, at its depth, per convolution."""
    names = list(LAYERS)
    return sum(2 ** depth(name) for name in names[: names.index(layer) + 1])


def reach(term: Term) -> int:
    form = gathered(term.statistic)
    return form.reach(**settings(term.statistic)) if form else 0


def function_of(statistic: Callable[..., Any]) -> Callable[..., Any]:
    return statistic.func if isinstance(statistic, partial) else statistic


def settings(statistic: Callable[..., Any]) -> dict[str, Any]:
    """The keywords bound to a statistic, its reference included."""
    return dict(statistic.keywords) if isinstance(statistic, partial) else {}


def gathered(statistic: Callable[..., Any]) -> Gathered | None:
    """How a statistic is made of sums over positions; None if it does not say."""
    form: Gathered | None = getattr(function_of(statistic), "gathered", None)
    return form


def local(statistic: Callable[..., Any]) -> bool:
    return getattr(function_of(statistic), "at_each_position", False)


def kind_of(term: Term) -> str | None:
    """Whether the term's distance is a "sum" or a "mean" over positions; None if it does not say."""
    return getattr(function_of(term.distance), "over_positions", None) if term.distance else None


def indivisible(terms: Sequence[Term]) -> list[str]:
    """The names of the terms that need features of the whole picture at once. The picture itself is small enough."""
    return [term.typed for term in terms if not divisible(term)]


def divisible(term: Term) -> bool:
    if set(term.layers) <= {PICTURE}:
        return not (term.renew or term.rotations or term.region or term.wraps)
    if term.renew or term.rotations or term.follows or term.region or term.wraps or PICTURE in term.layers:
        return False
    if term.distance is None:
        return False
    if local(term.statistic):
        return not term.blend and not term.joint and kind_of(term) is not None
    return gathered(term.statistic) is not None and not (term.joint and term.reference)
