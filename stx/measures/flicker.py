"""What a film's frames do from one to the next: how much they flicker, and how bright they are."""

import math

from torch import Tensor

from stx.measures.distances import luminance
from stx.pictures.flow import warped


def flicker(frame: Tensor, before: Tensor, back: Tensor, consistent: Tensor) -> float:
    """How far a frame (3, H, W) in [0, 1] is from the one `before`, moved as `back` (2, H, W) says: root mean square.

    Over the positions that are `consistent` (H, W), and all channels: the warping error of Lai et al. 2018 (arXiv
    1808.00449, eq. 8), of which the root is taken. Of a stylised film `back` and `consistent` are those of its source.
    0 of a film that moves and changes in no other way; NaN where no position is consistent.
    """
    apart = (frame - warped(before, back)).square().mean(0)[consistent]
    return math.sqrt(float(apart.double().mean())) if apart.numel() else math.nan


def brightness(frame: Tensor) -> float:
    """Mean luma of a frame (3, H, W), in [0, 1]."""
    return float(luminance(frame).mean())
