"""Distance correlation between the channels of two pictures (Zhu et al. 2022, DeepDC, arXiv 2211.04927)."""

import torch
from torch import Tensor

from stx.stats.fixed import fixes
from stx.stats.gathered import Size, Sums, count, gathers, products
from stx.stats.guided import guided
from stx.stats.products import mean_products

FLOOR = 8
"""Rounding errors of the largest mean square below which two channels are alike: the root has no gradient at zero."""


def of_products(sums: Sums, size: Size, **_: object) -> Tensor:
    return centred_distances(sums[0] / count(size), torch.finfo(torch.float32))  # in which products are computed


@gathers(products, of_products)
@fixes()
def deep_dc(features: Tensor, *, weights: Tensor | None = None) -> Tensor:
    """How far apart the channels are: the distances of all pairs, centred along rows and columns, of shape (D, D).

    For features (D, H, W) the distance of two channels is `sqrt(G_ii + G_jj - 2 G_ij)`, from the Gram matrix: the root
    mean square of their difference over positions. Two pictures are compared by `distance_correlation`. Zhu et al.
    measure the quality of pictures by it. The mean of a channel counts, as it does in Gram, and the cost is Gram's.
    """
    flat = guided(features, weights).flatten(1)
    gram = mean_products(flat, flat)
    return centred_distances(gram, torch.finfo(gram.dtype))


def centred_distances(gram: Tensor, numbers: torch.finfo) -> Tensor:
    """The centred distances of all pairs of channels, from their Gram matrix, which has the precision of `numbers`."""
    strength = gram.diagonal()
    squares = strength[:, None] + strength - 2 * gram
    apart = squares > FLOOR * numbers.eps * strength.detach().amax()
    distances = torch.where(apart, squares, torch.ones_like(squares)).sqrt() * apart
    mean = distances.mean(0)
    return distances - mean[:, None] - mean + mean.mean()


def distance_correlation(ours: Tensor, target: Tensor) -> Tensor:
    """`1 - <A, B> / (|A| |B|)` of two `deep_dc`: from 0, if they are equal up to a factor, to 1."""
    size = torch.linalg.vector_norm(ours) * torch.linalg.vector_norm(target)
    return 1 - (ours * target).sum() / size.clamp(min=torch.finfo(size.dtype).tiny)
