"""How large a gallery's pictures can be, so that its page stays of a size that a browser opens at once."""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from stx.pictures.sheet import fitted

MOST_BYTES = 60_000_000
"""Of a page, about, as sizes are foretold: a browser opens so many in a second or so."""
A_PIXEL = 0.4
"""Bytes of a painted picture's pixel as JPEG, in base64: 0.3 at a side of 512, measured, and a third more."""
ALONG = 8
"""Pictures along the way, of a run at most; its result is one more."""


class Sides(NamedTuple):
    """Pixels of the longer side, at most."""

    result: int
    """In the full view, the given pictures too."""
    along: int
    """0: there are none."""
    tile: int = 256
    """In the grid."""
    given: int = 96
    """Beside the result there."""


LARGEST = Sides(1024, 384)
SMALLER = tuple(Sides(side, 3 * side // 8) for side in (896, 768, 640, 512, 448, 384, 320, 256))
SMALLEST = Sides(256, 0)


def sides(sizes: Sequence[tuple[int, int]]) -> Sides:
    """For runs whose results have these sizes: the largest that leave the page below MOST_BYTES, or the smallest."""
    choices = (LARGEST, *SMALLER, SMALLEST)
    return next((choice for choice in choices if foretold(sizes, choice) <= MOST_BYTES), SMALLEST)


def foretold(sizes: Iterable[tuple[int, int]], choice: Sides) -> float:
    """Bytes of the page. Given pictures are many runs' and are not counted."""
    return A_PIXEL * sum(
        pixels(size, choice.result) + pixels(size, choice.tile) + ALONG * pixels(size, choice.along) for size in sizes
    )


def pixels(size: tuple[int, int], side: int) -> int:
    return math.prod(fitted(size, side)) if side else 0
