"""Every position to its nearest in the style (Kolkin et al. 2022, Neural Neighbor Style Transfer, arXiv 2203.13215)."""

import torch
from torch import Tensor
from torch.nn.functional import normalize

from stx.stats.fixed import fixes

HELD = 2**24
"""Similarities of positions to the style's that are held at a time."""


@fixes()
def nearest_neighbour(features: Tensor, *, reference: tuple[Tensor, Tensor]) -> Tensor:
    """Mean cosine distance of each position of features (D, H, W) to that of the style which it was matched with.

    The `reference` has the style's mean (D,), which is taken off first, and the matched positions (D, H W), as
    `nearest` gives them. It is a distance already.
    """
    mean, matched = reference
    return 1 - (unit(features, mean) * matched).sum(0).mean()


def nearest(features: Tensor | list[Tensor], *, ours: Tensor) -> tuple[Tensor, Tensor]:
    """The style's mean (D,), and for each position of `ours`, (D, H, W), the style's most similar: (D, H W).

    `features` are the style's, of the picture as it is or turned as well. All are taken less the style's mean, as unit
    vectors. Costs D H W times the style's positions: a product that at shallow layers is larger than the network.
    """
    views = [features] if isinstance(features, Tensor) else features
    mean = views[0].flatten(1).mean(1)
    style = torch.cat([unit(each, mean) for each in views], 1)
    some = max(1, HELD // style.shape[1])
    chosen = [(style.T @ columns).argmax(0) for columns in torch.split(unit(ours, mean), some, dim=1)]
    return mean, style.index_select(1, torch.cat(chosen))


def unit(features: Tensor, mean: Tensor) -> Tensor:
    return normalize(features.flatten(1) - mean[:, None], dim=0)
