"""Sizes of pictures, (width, height) in pixels."""

import math

Size = tuple[int, int]


def with_area(size: Size, area: int) -> Size:
    """The size of these proportions with about `area` pixels."""
    scale = math.sqrt(area / (size[0] * size[1]))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def is_squashed(before: Size, after: Size) -> bool:
    """Whether the proportions differ by more than rounding to whole pixels explains."""
    return abs(math.log(before[0] * after[1] / (before[1] * after[0]))) > 1 / after[0] + 1 / after[1]
