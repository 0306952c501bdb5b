"""Statistics of a region: positions weigh, and one of weight zero has no influence (Gatys et al. 2017, section 4).

`weights` (H, W) are zero or more and sum to one: the squares of a guide T with sum T^2 = 1. Without them all positions
weigh alike.
"""

import torch
from torch import Tensor


def guided(features: Tensor, weights: Tensor | None) -> Tensor:
    """Features (D, H, W) times the guide T, by sqrt(H W), so that means of products over positions are weighted means.

    The Gram matrix of them is the guided one (Gatys et al. 2017, "Controlling perceptual factors in neural style
    transfer", arXiv 1611.07865, eq. 4 and 5).
    """
    return features if weights is None else features * guide(weights)


def mean(features: Tensor, weights: Tensor | None) -> Tensor:
    """Of each channel over positions: (D,) of (D, H, W)."""
    flat = features.flatten(1)
    return flat.mean(1) if weights is None else flat @ weights.flatten()


def centred(features: Tensor, weights: Tensor) -> Tensor:
    """Features (D, H, W) less the weighted mean of each channel."""
    return features - mean(features, weights)[:, None, None]


def guide(weights: Tensor) -> Tensor:
    """T sqrt(H W), as one channel (1, H, W)."""
    return (weights * weights.numel()).sqrt()[None]


def per_pair(products: Tensor, pairs: Tensor) -> Tensor:
    """Means of products of guided features over pairs of positions, so that the shape of a region is no matter.

    `pairs` are the same means of the guide itself, relative to those of ones: 1 of equal weights. Where a region has no
    such pair it is zero.
    """
    return products / pairs.clamp(min=1e-6)


def quantiles(rows: Tensor, levels: Tensor, weights: Tensor) -> Tensor:
    """Of each row (R, M) at `levels` (K,) in [0, 1], where position m weighs `weights` (M,): shape (R, K).

    Between the middles of what each sorted value weighs, which run from 0 to 1: of equal weights linear interpolation
    between order statistics.
    """
    counted = torch.where(weights > 0, rows.detach(), torch.inf)  # the others come last, and are never read
    order = counted.argsort(dim=1)
    sorted_weights = weights.to(levels.dtype).expand_as(rows).gather(1, order)
    middles = sorted_weights.cumsum(1) - sorted_weights / 2
    last = (weights > 0).sum() - 1
    low, high = middles[:, :1], middles.index_select(1, last[None])
    at = torch.lerp(low, high, levels[None]).contiguous()
    above = torch.searchsorted(middles, at).clamp(min=1).minimum(last)
    below = (above - 1).clamp(min=0)
    between = (at - middles.gather(1, below)) / (middles.gather(1, above) - middles.gather(1, below)).clamp(min=1e-30)
    lower, upper = (rows.gather(1, order.gather(1, some)) for some in (below, above))
    return torch.lerp(lower, upper, between.clamp(0, 1).nan_to_num(0).to(rows.dtype))
