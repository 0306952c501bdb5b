"""Every position to its nearest in the style (Kolkin et al. 2022, Neural Neighbor Style Transfer, arXiv 2203.13215)."""

import torch
from torch import Tensor
from torch.nn.functional import normalize

from stx.stats.fixed import fixes

HELD = 2**24
"""Similarities of positions to the style's that are held at a time."""


@fixes()
def nearest_neighbour(features: Tensor, *, reference: Tensor) -> Tensor:
    """Mean cosine distance of each position of features (D, H, W) to that of the style which it was matched with.

    The features are taken less their mean; the `reference` are the matched positions (D, H W), as `nearest` gives them.
    It is a distance already.
    """
    return 1 - (unit(features) * reference).sum(0).mean()


def nearest(features: Tensor | list[Tensor], *, ours: Tensor) -> Tensor:
    """For each position of `ours`, (D, H, W), the style's most similar, as a unit vector: (D, H W).

    `features` are the style's, of the picture as it is or turned as well. Each picture is taken less its own mean, as
    in the authors' code: less one mean for both, fewer of the style's positions would be anybody's nearest. Costs
    D H W times the style's positions: a product that at shallow layers is larger than the network, and at 2048 x 2048
    pixels takes as long as many steps.
    """
    views = [features] if isinstance(features, Tensor) else features
    style = torch.cat([unit(each) for each in views], 1)
    some = max(1, HELD // style.shape[1])
    chosen = [(style.T @ columns).argmax(0) for columns in torch.split(unit(ours), some, dim=1)]
    return style.index_select(1, torch.cat(chosen))


def unit(features: Tensor) -> Tensor:
    """Each position less the mean of all, of length 1: (D, H W)."""
    flat = features.flatten(1)
    return normalize(flat - flat.mean(1, keepdim=True), dim=0)
