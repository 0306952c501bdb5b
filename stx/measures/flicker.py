"""Measures of a film's frames: how much they flicker from one to the next, and how bright they are."""

import math

from torch import Tensor

from stx.measures.distances import luminance
from stx.pictures.flow import warped


def flicker(frame: Tensor, before: Tensor, back: Tensor, consistent: Tensor) -> float:
    """Root mean square difference of a frame (3, H, W) in [0, 1] from the one `before`, warped by `back` (2, H, W).

    Taken over the positions that are `consistent` (H, W) and over all channels: the root of the warping error of Lai et
    al. 2018 (arXiv 1808.00449, eq. 8). For a stylised film, `back` and `consistent` are those of its source. 0 for a
    film that moves and does not change otherwise; NaN if no position is consistent.
    """
    apart = (frame - warped(before, back)).square().mean(0)[consistent]
    return math.sqrt(float(apart.double().mean())) if apart.numel() else math.nan


def brightness(frame: Tensor) -> float:
    """Mean luma of a frame (3, H, W), in [0, 1]."""
    return float(luminance(frame).mean())
