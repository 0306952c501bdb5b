"""Resizing of pictures (3, H, W), tiles included."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from stx.stats.wrapped import wrapped

MARGIN = 4
"""Pixels that a bicubic kernel reaches, at the smaller of two sizes."""


def resized(picture: Tensor, size: Sequence[int], tile: bool = False) -> Tensor:
    """Resize a picture (3, H, W) to `size` (h, w), within [0, 1]; bicubic, with antialiasing. A `tile` stays a tile."""
    if picture.shape[1:] == torch.Size(size):
        return picture
    if tile:
        return resized_tile(picture, size)
    scaled = interpolate(picture[None], size=list(size), mode="bicubic", antialias=True, align_corners=False)
    return scaled[0].clamp(0, 1)


def resized_tile(picture: Tensor, size: Sequence[int]) -> Tensor:
    """Resize with a margin that wraps around, and that is a whole number of pixels wide before and after."""
    margins = []
    for dimension, (before, after) in enumerate(zip(picture.shape[1:], size, strict=True), start=1):
        step = before // math.gcd(before, after)
        reach = MARGIN * math.ceil(max(1, before / after))
        margin = step * math.ceil(reach / step)
        picture = wrapped(picture, margin, [dimension])
        margins.append(margin * after // before)
    down, across = margins
    scaled = resized(picture, (size[0] + 2 * down, size[1] + 2 * across))
    return scaled[:, down : down + size[0], across : across + size[1]].contiguous()
