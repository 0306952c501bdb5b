"""How large a gallery's pictures can be, so that a browser still opens its page at once."""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from stx.pictures.sheet import fitted

MOST_BYTES = 60_000_000
"""Most bytes of a page, approximately, as its size is estimated; a browser opens this many in about a second."""
A_PIXEL = 0.4
"""Bytes of one pixel of a painted picture as JPEG in base64: 0.3 measured at a side of 512, and a third more."""
ALONG = 8
"""Most pictures along the way of a run; its result is one more."""


class Sides(NamedTuple):
    """Most pixels of the longer side of each kind of picture."""

    result: int
    """Results in the full view, and the given pictures there."""
    along: int
    """Pictures along the way; 0 leaves them out."""
    tile: int = 256
    """Results in the grid."""
    given: int = 96
    """Given pictures in the grid, beside the result."""


LARGEST = Sides(1024, 384)
SMALLER = tuple(Sides(side, 3 * side // 8) for side in (896, 768, 640, 512, 448, 384, 320, 256))
SMALLEST = Sides(256, 0)


def sides(sizes: Sequence[tuple[int, int]]) -> Sides:
    """The largest sides that keep the page of results of these sizes within MOST_BYTES, or else the smallest."""
    choices = (LARGEST, *SMALLER, SMALLEST)
    return next((choice for choice in choices if foretold(sizes, choice) <= MOST_BYTES), SMALLEST)


def foretold(sizes: Iterable[tuple[int, int]], choice: Sides) -> float:
    """Estimated bytes of the page. Given pictures are shared by many runs, and are not counted."""
    return A_PIXEL * sum(
        pixels(size, choice.result) + pixels(size, choice.tile) + ALONG * pixels(size, choice.along) for size in sizes
    )


def pixels(size: tuple[int, int], side: int) -> int:
    return math.prod(fitted(size, side)) if side else 0
