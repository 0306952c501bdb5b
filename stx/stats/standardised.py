"""Which channels vary together, however much each of them varies."""

import math

import torch
from torch import Tensor

from stx.errors import UserError
from stx.stats import guided
from stx.stats.cooccurrence_gram import centred_by, pairs, plain_window_sums, window_means
from stx.stats.fixed import fixes
from stx.stats.gathered import Size, Sums, count, gathers
from stx.stats.products import mean_products
from stx.stats.windows import box_mean, window_reach
from stx.stats.wrapped import within

ROUNDINGS = 64
"""Rounding errors of a feature that the deviation of a constant channel may amount to."""


def of_sums(sums: Sums, size: Size, *, floor: float, **_: object) -> Tensor:
    (covariance,) = window_means(sums, size, centred=True)
    total, squares = sums[:2]
    mean_squares = squares / count(size)
    variance = (mean_squares - (total / count(size)).square()).clamp(min=0)
    return standardised(covariance, variance, floor, mean_squares.detach().mean(), torch.finfo(torch.float32))


@gathers(plain_window_sums, of_sums, window_reach)
@fixes(lambda *, radius, **_: [] if radius else ["correlations"])
def correlation(
    features: Tensor, *, floor: float, radius: int, weights: Tensor | None = None, wraps: bool = False
) -> Tensor:
    """Pearson's correlations between channels, the Gram matrix of standardised features: (D, D) for (D, H, W).

    With a `radius` r they are between a channel and the other's mean over the (2r+1)^2 positions around, zero padded,
    divided by the deviations of the channels themselves: the part of a co-occurrence that does not depend on strength.

    The direction of a channel that hardly varies means nothing: `floor`^2 of the mean variance is added to every
    variance, so that the correlations of such a channel go to zero and its gradient stays finite. Raises UserError for
    a floor that is not above 0, and a radius below 0.
    """
    if not 0 < floor < math.inf or radius < 0:
        raise UserError(f"floor is {floor} and radius {radius}: they must be above 0, and 0 or more")
    centred = guided.guided(centred_by(features, weights), weights)
    flat = centred.flatten(1)
    with torch.no_grad():  # the gradient of `mean_products` includes the windows' part
        around = box_mean(centred, radius, wraps).flatten(1) if radius else flat
    covariance = mean_products(flat, around)
    if wraps:
        covariance = covariance * within(features.shape[1:], radius)  # as large as that of a picture with edges
    if weights is not None:
        covariance = guided.per_pair(covariance, pairs(weights, radius))
    variance = flat.square().sum(1) / flat.shape[1]
    return standardised(covariance, variance, floor, features.detach().square().mean(), torch.finfo(variance.dtype))


def standardised(
    covariance: Tensor, variance: Tensor, floor: float, mean_square: Tensor, numbers: torch.finfo
) -> Tensor:
    """Covariances divided by the roots of both variances, for features with the precision of `numbers`."""
    rounding = (ROUNDINGS * numbers.eps) ** 2 * mean_square  # what the variance of a constant channel may be
    scale = (variance + floor**2 * variance.mean() + rounding).clamp(min=numbers.tiny).rsqrt()
    return covariance * scale[:, None] * scale
