"""Positions matched with the style's nearest (Kolkin et al. 2022, Neural Neighbor Style Transfer, arXiv 2203.13215)."""

import torch
from torch import Tensor
from torch.nn.functional import normalize

from stx.stats.fixed import fixes
from stx.stats.guided import mean

HELD = 2**24
"""Number of similarities between our positions and the style's that are held at a time."""


@fixes()
def nearest_neighbour(features: Tensor, *, reference: Tensor, weights: Tensor | None = None) -> Tensor:
    """Mean cosine distance of the positions of features (D, H, W) to the style's positions they were matched with.

    The mean of the features is subtracted first; `reference` holds the matched positions (D, H W), as `nearest` returns
    them. The value is a distance already.
    """
    cosines = (unit(features, weights) * reference).sum(0)
    return 1 - (cosines.mean() if weights is None else cosines @ weights.flatten())


def nearest(
    features: Tensor | list[Tensor],
    *,
    ours: Tensor,
    weights: Tensor | None = None,
    our_weights: Tensor | None = None,
) -> Tensor:
    """For each position of `ours` (D, H, W), the style's most similar one, as a unit vector: (D, H W).

    `features` are the style's, or a list of those of the style picture and turned copies of it; positions with less
    than half of the largest of their `weights` (H, W) are never matched. Each picture's own mean is subtracted, as in
    the authors' code: with one mean for both, fewer of the style's positions would ever be matched. Costs D H W times
    the style's positions: at shallow layers this product is larger than the network, and at 2048 x 2048 pixels it takes
    as long as many steps.
    """
    views = [features] if isinstance(features, Tensor) else features
    style = torch.cat([unit(each, weights) for each in views], 1)
    if weights is not None:
        style = style[:, (weights >= weights.max() / 2).flatten()]  # of a single view: no weights with rotations
    some = max(1, HELD // style.shape[1])
    chosen = [(style.T @ columns).argmax(0) for columns in torch.split(unit(ours, our_weights), some, dim=1)]
    return style.index_select(1, torch.cat(chosen))


def unit(features: Tensor, weights: Tensor | None = None) -> Tensor:
    """Positions less the mean of all, scaled to length 1: (D, H W)."""
    return normalize((features - mean(features, weights)[:, None, None]).flatten(1), dim=0)
