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


def within(size: Sequence[int], radius: int, power: int = 1) -> float:
    """Which part of the windows of (2r+1)^2 around the positions of a map (h, w) lies within it: the mean of its power.

    A mean over positions of what such windows hold, of a map that ends with zeros, is about so much of one that does
    not end; a mean of squares with the `power` 2. Of a map that is alike everywhere it is exactly that.
    """
    part = 1.0
    for side in size:
        held = (min(at + radius, side - 1) - max(at - radius, 0) + 1 for at in range(side))
        part *= sum(positions**power for positions in held) / (side * (2 * radius + 1) ** power)
    return part
