"""Tiles: maps that wrap around at their edges."""

from collections.abc import Sequence

import torch
from torch import Tensor


def wrapped(maps: Tensor, reach: int, dimensions: Sequence[int] = (-2, -1)) -> Tensor:
    """Maps with `reach` more positions at both ends of each of the dimensions, taken from the opposite end.

    A reach beyond the size of the map goes around more than once. Keeps the maps' memory format, which PyTorch's own
    circular padding does not.
    """
    for dimension in dimensions:
        size = maps.shape[dimension]
        rounds, rest = divmod(reach, size)
        before, behind = maps.narrow(dimension, size - rest, rest), maps.narrow(dimension, 0, rest)
        maps = torch.cat([before, *[maps] * (2 * rounds + 1), behind], dimension)
    return maps


def within(size: Sequence[int], radius: int, power: int = 1) -> float:
    """The part of a (2r+1)^2 window that lies within a map (h, w), to a power: the mean over windows at all positions.

    The mean over positions of window means of a zero padded map is about this part of that of a map that wraps around;
    for the mean of their squares it is so with `power` 2. For a constant map this is exact.
    """
    part = 1.0
    for side in size:
        held = (min(at + radius, side - 1) - max(at - radius, 0) + 1 for at in range(side))
        part *= sum(positions**power for positions in held) / (side * (2 * radius + 1) ** power)
    return part
