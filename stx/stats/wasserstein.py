"""Optimal transport between the features of two pictures: between Gaussians, along random directions, by channel."""

import random
from typing import Annotated

import torch
from annotated_types import Ge
from torch import Tensor
from torch.nn.functional import pad

from stx.errors import UserError
from stx.stats import guided
from stx.stats.fixed import fixes
from stx.stats.gathered import Size, Sums, gathers, mean_and_covariance, moments
from stx.stats.precision import widest
from stx.stats.products import mean_products
from stx.stats.root import overlap

RANK = 1e-12
"""Axes with less than this part of the largest variance are left out: with fewer positions than channels, there are
some that consist of rounding errors."""
CHUNK = 2**16
"""Positions converted to float64 at a time: all of them would double the memory of the largest features."""


def principal_axes(features: Tensor, *, whole: bool = False, weights: Tensor | None = None) -> Tensor:
    """Orthonormal axes (D, R) along which features (D, H, W) vary, in descending order of variance, R <= D.

    There are at most as many as positions less one, or D if they are to be a `whole` basis. Computed once for a target,
    on the CPU, in float64.
    """
    flat = features.detach().flatten(1).cpu()
    mean = flat.mean(1, dtype=torch.float64, keepdim=True)
    if weights is not None:
        of_positions = weights.cpu().double()
        apart = guided.centred(features.detach().cpu().double(), of_positions)
        flat, mean = guided.guided(apart, of_positions).flatten(1), torch.zeros_like(mean)
    covariance = mean.new_zeros(len(mean), len(mean))
    for part in torch.split(flat, CHUNK, dim=1):
        centred = part.double() - mean
        covariance.addmm_(centred, centred.T)
    covariance = torch.where(covariance.isfinite().all(), covariance, torch.zeros_like(covariance))
    values, vectors = torch.linalg.eigh(covariance)
    kept = torch.ones_like(values, dtype=torch.bool) if whole else values > max(RANK * float(values[-1]), 0.0)
    return vectors[:, kept].flip(1).to(features)


def gaussian_of_moments(sums: Sums, size: Size, *, reference: Tensor, epsilon: float = 0.0) -> Tensor:
    mean, covariance = mean_and_covariance(sums, size)
    return along_axes(mean[:, None], covariance, reference.to(covariance), epsilon)


@gathers(moments, gaussian_of_moments)
@fixes("means", "covariances")
def gaussian(
    features: Tensor, *, reference: Tensor, epsilon: Annotated[float, Ge(0)] = 0.0, weights: Tensor | None = None
) -> Tensor:
    """Covariance along R axes of a target, its `reference` (D, R) from `principal_axes`, and all variances and means.

    Shape (D, R + 2), for features (D, H, W): the covariance is in the first R rows and columns, with zeros below; the
    last two columns are variance and mean of each channel. `epsilon` is added to all variances: with a whole basis as
    axes, the covariance is that of C + epsilon I.
    """
    mean = guided.mean(features, weights)[:, None]
    apart = features - mean.detach()[:, None]  # the mean's part in the gradient of a covariance is zero
    centred = guided.guided(apart, weights).flatten(1)
    return along_axes(mean, mean_products(centred, centred), reference, epsilon)


def along_axes(mean: Tensor, covariance: Tensor, axes: Tensor, epsilon: float) -> Tensor:
    """The value of `gaussian`, from the mean (D, 1) and covariance (D, D)."""
    if epsilon:
        covariance = covariance + epsilon * torch.eye(len(covariance), dtype=covariance.dtype, device=covariance.device)
    along = axes.T @ covariance @ axes
    below = len(axes) - len(along)
    return torch.cat([pad(along, (0, 0, 0, below)), covariance.diagonal()[:, None], mean], 1)


def gaussian_wasserstein(ours: Tensor, target: Tensor) -> Tensor:
    """Squared 2-Wasserstein distance between `gaussian`s along the target's axes, over D (Dowson & Landau 1982, eq. 4).

    `|m - n|^2 + tr(C) + tr(T) - 2 tr((T^1/2 C T^1/2)^1/2)`: along its own axes T is diagonal, and beyond them it is
    zero, so the last trace is that of an R x R matrix: 27 products of that size, and no wait for the host. On VGG19's
    float32 features it agrees with eigenvalues in float64 within 2e-4 of tr(C) + tr(T). Directions in which the picture
    has less than 1e-6 of its largest variance pull less than they should. NaN if an input is not finite.
    """
    axes = ours.shape[1] - 2
    deviations = target[:axes, :axes].diagonal().clamp(min=0).sqrt()
    common = overlap(ours[:axes, :axes], deviations)
    (variances, means), (their_variances, their_means) = (gauss[:, axes:].unbind(1) for gauss in (ours, target))
    squared = (means - their_means).square().sum() + variances.sum() + their_variances.sum() - 2 * common
    return squared / len(ours)


@fixes("distribution")
def sliced_wasserstein(features: Tensor, *, reference: Tensor, quantiles: int, weights: Tensor | None = None) -> Tensor:
    """Quantiles of the features' projections on fixed directions (K, D), its `reference`: shape (K, quantiles).

    The mean squared difference of two of these is the squared sliced 2-Wasserstein distance (Rabin et al. 2011; Heitz
    et al. 2021, arXiv 2006.07229, for style, who draw `fresh_directions` at each step, and compare all sorted values
    instead of quantiles).
    """
    return quantiles_of(reference @ features.flatten(1), quantiles, weights)


def directions(features: Tensor, *, count: int, seed: int) -> Tensor:
    """Random unit vectors (count, D) in the space of features (D, H, W), for `sliced_wasserstein`."""
    if count < 1:
        raise UserError(f"count is {count}: it must be 1 or more")
    drawn = torch.randn(count, len(features), generator=torch.Generator().manual_seed(seed)).to(features)
    return drawn / torch.linalg.vector_norm(drawn, dim=1, keepdim=True)


def fresh_directions(features: Tensor, *, seed: int, step: int) -> Tensor:
    """As many random unit vectors as there are channels, (D, D), new ones at each step (Heitz et al. 2021)."""
    drawn = random.Random(f"{seed} {step}").getrandbits(63)  # nothing secret
    return directions(features, count=len(features), seed=drawn)


@fixes("marginals")
def channel_histograms(features: Tensor, *, quantiles: int, weights: Tensor | None = None) -> Tensor:
    """Quantiles of each channel: shape (D, quantiles). Its distance matches histograms channel by channel."""
    return quantiles_of(features.flatten(1), quantiles, weights)


def quantiles_of(rows: Tensor, count: int, weights: Tensor | None = None) -> Tensor:
    """Evenly spaced quantiles of each row, interpolated between its sorted values: shape (rows, count)."""
    if count < 2:
        raise UserError(f"quantiles is {count}: it must be 2 or more")
    if weights is not None:
        levels = torch.linspace(0, 1, count, dtype=widest(rows.device), device=rows.device)
        return guided.quantiles(rows, levels, weights.flatten())
    order = rows.detach().argsort(dim=1)  # not a sort: the gradient needs only the few values that are read
    places = torch.linspace(0, order.shape[1] - 1, count, dtype=widest(rows.device), device=rows.device)
    below = places.floor().long()
    above = (below + 1).clamp(max=order.shape[1] - 1)
    lower, upper = (rows.gather(1, order.index_select(1, some)) for some in (below, above))
    return torch.lerp(lower, upper, (places - below).to(rows.dtype))
