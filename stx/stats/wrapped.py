"""Tiles: maps that go on at their other side."""

from collections.abc import Sequence

import torch
from torch import Tensor


def wrapped(maps: Tensor, reach: int, dimensions: Sequence[int] = (-2, -1)) -> Tensor:
    """Maps with `reach` more positions before and behind, those of their other side, along each of the dimensions.

    However far that is: a reach beyond the map goes round more than once. In the maps' memory format, which PyTorch's
    own circular padding does not keep.
    """
    for dimension in dimensions:
        size = maps.shape[dimension]
        rounds, rest = divmod(reach, size)
        before, behind = maps.narrow(dimension, size - rest, rest), maps.narrow(dimension, 0, rest)
        maps = torch.cat([before, *[maps] * (2 * rounds + 1), behind], dimension)
    return maps


def within(size: Sequence[int], radius: int) -> float:
    """Which part of the windows of (2r+1)^2 around the positions of a map (h, w) lies within it, all in all.

    A mean over positions of what such windows hold, of a map that ends with zeros, is about so much of one that does
    not end.
    """
    part = 1.0
    for side in size:
        part *= sum(max(0, side - abs(apart)) for apart in range(-radius, radius + 1)) / (side * (2 * radius + 1))
    return part
