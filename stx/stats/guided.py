"""Statistics of a region: positions are weighted, and weight zero means no influence (Gatys et al. 2017, section 4).

`weights` (H, W) are not negative and sum to one: the squares of a guide T with sum T^2 = 1. Without them all positions
weigh the same.
"""

import torch
from torch import Tensor


def guided(features: Tensor, weights: Tensor | None) -> Tensor:
    """Features (D, H, W) times T sqrt(H W), so that means of their products over positions are weighted means.

    Their Gram matrix is the guided one (Gatys et al. 2017, "Controlling perceptual factors in neural style transfer",
    arXiv 1611.07865, eq. 4 and 5).
    """
    return features if weights is None else features * guide(weights)


def mean(features: Tensor, weights: Tensor | None) -> Tensor:
    """The mean of each channel over positions: (D,) for (D, H, W)."""
    flat = features.flatten(1)
    return flat.mean(1) if weights is None else flat @ weights.flatten()


def centred(features: Tensor, weights: Tensor) -> Tensor:
    """Features (D, H, W) less the weighted mean of each channel."""
    return features - mean(features, weights)[:, None, None]


def guide(weights: Tensor) -> Tensor:
    """T sqrt(H W), as one channel (1, H, W)."""
    return (weights * weights.numel()).sqrt()[None]


def per_pair(products: Tensor, pairs: Tensor) -> Tensor:
    """Divide means of products of guided features by `pairs`, so that the shape of a region does not matter.

    The means are taken over pairs of positions; `pairs` are the same means of the guide itself, relative to those of
    ones: 1 for equal weights. The result is zero if a region has no such pair.
    """
    return products / pairs.clamp(min=1e-6)


def quantiles(rows: Tensor, levels: Tensor, weights: Tensor) -> Tensor:
    """Quantiles of each row (R, M) at `levels` (K,) in [0, 1], where position m has the weight m of (M,): shape (R, K).

    Interpolated linearly between the sorted values, each of which stands at the middle of its part of the cumulative
    weight; the first of these middles has the level 0 and the last the level 1. For equal weights this is linear
    interpolation between order statistics.
    """
    counted = torch.where(weights > 0, rows.detach(), torch.inf)  # positions without weight come last: never read
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
