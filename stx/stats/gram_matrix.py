"""The Gram matrix of Gatys et al. 2015 (arXiv 1508.06576)."""

from torch import Tensor

from stx.stats.fixed import fixes
from stx.stats.gathered import Size, Sums, count, gathers, products
from stx.stats.guided import guided
from stx.stats.products import mean_products
from stx.stats.squared_error import squared_error


def mean_of_products(sums: Sums, size: Size) -> Tensor:
    return sums[0] / count(size)


@gathers(products, mean_of_products)
@fixes("second moments")
def gram(features: Tensor, *, weights: Tensor | None = None) -> Tensor:
    """Correlations between channels, `F F^T / M`, for features (D, H, W) with M = H W: shape (D, D).

    Dividing by M keeps the statistic comparable between pictures of different sizes (Gatys et al. 2015, eq. 3,
    has the plain sum). With `quarter_mean_square` the distance is their eq. 4 when both sizes are equal.
    """
    flat = guided(features, weights).flatten(1)
    return mean_products(flat, flat)


def quarter_mean_square(ours: Tensor, target: Tensor) -> Tensor:
    """`sum (G - A)^2 / (4 N^2 M^2)` of Gatys et al. 2015, eq. 4, for Gram matrices already divided by M."""
    return squared_error(ours, target, 0.25 / ours.numel())
