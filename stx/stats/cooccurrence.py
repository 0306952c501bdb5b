"""Co-occurrence of activations (Forcen et al. 2020, arXiv 2003.13827) and the thesis's five ways to use it as style.

All take features (D, H, W) and the same four parameters:

    radius      r: the window is (2r+1) x (2r+1), zero padded
    threshold   t: "mean" (of these features) or a number; activations at or below it do not take part
    window      "mean" divides by (2r+1)^2, as the paper's code does; "sum" is the thesis's filter of ones
    normalise   the tensor is divided by its sum (an all-zero tensor stays zero)
"""

import math
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from stx.errors import UserError
from stx.stats.gram_matrix import gram

Window = Literal["mean", "sum"]
Threshold = float | Literal["mean"]


def box_mean(maps: Tensor, radius: int) -> Tensor:
    """Mean over a (2r+1)^2 window around each position of maps (D, H, W); padding counts as zeros.

    A box is separable: two passes of 2r+1 instead of one of (2r+1)^2.
    """
    height, width = maps.shape[1:]
    down, across = min(radius, height - 1), min(radius, width - 1)  # a window beyond the picture adds zeros alone
    rows = avg_pool2d(maps, (1, 2 * across + 1), stride=1, padding=(0, across))
    means = avg_pool2d(rows, (2 * down + 1, 1), stride=1, padding=(down, 0))
    outside = (2 * across + 1) * (2 * down + 1) / (2 * radius + 1) ** 2
    return means if outside == 1 else means * outside


def cooc_tensor(features: Tensor, *, radius: int, threshold: Threshold, window: Window, normalise: bool) -> Tensor:
    """What surrounds each active position in all *other* channels: shape (D, H, W).

    The paper convolves with D filters of ones that are zero on their own channel, O(D^2 (2r+1)^2) a position. The
    filters differ only in the channel left out, so it is the box mean of the sum of all channels less that of
    the own one, O(D) a position.

    Raises UserError for a negative radius, a threshold that is not finite, and fewer than two channels.
    """
    channels = features.shape[0]
    if radius < 0:
        raise UserError(f"radius is {radius}: it must be 0 or more")
    if threshold != "mean" and not math.isfinite(threshold):
        raise UserError(f"threshold is {threshold}: it must be a number, or mean")
    if channels < 2:
        raise UserError("co-occurrence needs features of at least two channels")
    limit = features.detach().mean() if threshold == "mean" else threshold
    mask = features > limit
    active = features * mask
    others = box_mean(active.sum(0, keepdim=True), radius) - box_mean(active, radius)
    area = (2 * radius + 1) ** 2 if window == "sum" else 1
    tensor = mask * others * (area / (channels - 1))
    if not normalise:
        return tensor
    total = tensor.sum()
    return tensor / torch.where(total == 0, torch.ones_like(total), total)


def cooc_matrix(features: Tensor, *, radius: int, threshold: Threshold, window: Window, normalise: bool) -> Tensor:
    """Mean of the co-occurrence tensor over channels: shape (H, W)."""
    return cooc_tensor(features, radius=radius, threshold=threshold, window=window, normalise=normalise).mean(0)


def cooc_vector(features: Tensor, *, radius: int, threshold: Threshold, window: Window, normalise: bool) -> Tensor:
    """Mean of the co-occurrence tensor over positions: shape (D,)."""
    return cooc_tensor(features, radius=radius, threshold=threshold, window=window, normalise=normalise).mean((1, 2))


def gram_cooc_matrix(features: Tensor, *, radius: int, threshold: Threshold, window: Window, normalise: bool) -> Tensor:
    """Gram matrix of the rows of `cooc_matrix`, divided by H W: shape (H, H)."""
    matrix = cooc_matrix(features, radius=radius, threshold=threshold, window=window, normalise=normalise)
    return matrix @ matrix.T / matrix.numel()


def gram_cooc_vector(features: Tensor, *, radius: int, threshold: Threshold, window: Window, normalise: bool) -> Tensor:
    """Gram matrix of the co-occurrence tensor as one row, divided by D H W: shape (1, 1), its mean square."""
    tensor = cooc_tensor(features, radius=radius, threshold=threshold, window=window, normalise=normalise)
    return gram(tensor.reshape(1, 1, -1))
