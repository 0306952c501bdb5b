"""Pictures (3, H, W) at other sizes, tiles among them."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from stx.stats.wrapped import wrapped

MARGIN = 4
"""Pixels that a bicubic kernel reaches, at the smaller of two sizes."""


def resized(picture: Tensor, size: Sequence[int], tile: bool = False) -> Tensor:
    """A picture (3, H, W) at another size (h, w), within [0, 1]; bicubic, without aliases. A `tile` stays one."""
    if picture.shape[1:] == torch.Size(size):
        return picture
    if tile:
        return resized_tile(picture, size)
    scaled = interpolate(picture[None], size=list(size), mode="bicubic", antialias=True, align_corners=False)
    return scaled[0].clamp(0, 1)


def resized_tile(picture: Tensor, size: Sequence[int]) -> Tensor:
    """With a margin of its other side while it is resized, as wide as is a whole number of pixels before and after."""
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
