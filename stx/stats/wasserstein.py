"""Optimal transport between the features of two pictures: of their Gaussians, along random directions, by channel."""

import torch
from torch import Tensor

from stx.errors import UserError
from stx.stats.precision import wide, widest

RANK = 1e-12
"""Eigenvalues below this part of the largest are left out with their gradient: where there are fewer positions than
channels they are rounding errors, 1e-15 of the largest in float64, and the root of zero has no gradient."""


def gaussian(features: Tensor) -> Tensor:
    """Covariance between channels and, as the last column, their means: shape (D, D + 1), for features (D, H, W)."""
    flat = features.flatten(1)
    mean = flat.mean(1, keepdim=True)
    centred = flat - mean
    return torch.cat([centred @ centred.T / flat.shape[1], mean], 1)


def gaussian_wasserstein(ours: Tensor, target: Tensor) -> Tensor:
    """Squared 2-Wasserstein distance between two `gaussian`s, divided by D (Dowson & Landau 1982, eq. 4).

    `|m - n|^2 + tr(C) + tr(T) - 2 tr((T^1/2 C T^1/2)^1/2)`, in float64 inside: the product's eigenvalues span the
    square of the covariance's, and what float32 leaves of the small ones is up to a tenth of a covariance's trace.
    Costs two eigenvalue problems of size D. Not a number where a covariance, or the product, is not finite.
    """
    (ours_covariance, ours_mean), (covariance, mean) = (
        wide(gauss).tensor_split([-1], dim=1) for gauss in (ours, target)
    )
    given = covariance.isfinite().all()
    values, vectors = torch.linalg.eigh(torch.where(given, covariance, torch.zeros_like(covariance)))
    root = (vectors * values.clamp(min=0).sqrt()) @ vectors.T
    product = root @ ours_covariance @ root
    finite = given & product.isfinite().all()
    spectrum = torch.linalg.eigvalsh(torch.where(finite, product, torch.zeros_like(product)))
    kept = spectrum > (RANK * spectrum.detach().amax()).clamp(min=torch.finfo(spectrum.dtype).tiny)
    overlap = (torch.where(kept, spectrum, torch.ones_like(spectrum)).sqrt() * kept).sum()
    squared = (ours_mean - mean).square().sum() + ours_covariance.trace() + covariance.trace() - 2 * overlap
    return (torch.where(finite, squared, squared.new_tensor(float("nan"))) / len(mean)).to(ours.dtype)


def sliced_wasserstein(features: Tensor, *, reference: Tensor, quantiles: int) -> Tensor:
    """Quantiles of the features' projections on fixed directions (K, D), its `reference`: shape (K, quantiles).

    The mean square of two such is the squared sliced 2-Wasserstein distance (Rabin et al. 2011; Heitz et al. 2021,
    arXiv 2006.07229, for style; they draw new directions each step, where targets here are fixed once).
    """
    return quantiles_of(reference @ features.flatten(1), quantiles)


def directions(features: Tensor, *, count: int, seed: int) -> Tensor:
    """Random unit vectors (count, D) in the space of features (D, H, W), for `sliced_wasserstein`."""
    if count < 1:
        raise UserError(f"count is {count}: it must be 1 or more")
    drawn = torch.randn(count, len(features), generator=torch.Generator().manual_seed(seed)).to(features)
    return drawn / torch.linalg.vector_norm(drawn, dim=1, keepdim=True)


def channel_histograms(features: Tensor, *, quantiles: int) -> Tensor:
    """Quantiles of each channel: shape (D, quantiles). Its distance matches histograms channel by channel."""
    return quantiles_of(features.flatten(1), quantiles)


def quantiles_of(rows: Tensor, count: int) -> Tensor:
    """Evenly spaced quantiles of each row, interpolated between its sorted values: shape (rows, count)."""
    if count < 2:
        raise UserError(f"quantiles is {count}: it must be 2 or more")
    ordered = rows.sort(dim=1).values
    places = torch.linspace(0, ordered.shape[1] - 1, count, dtype=widest(rows.device), device=rows.device)
    below = places.floor().long()
    above = (below + 1).clamp(max=ordered.shape[1] - 1)
    return torch.lerp(ordered[:, below], ordered[:, above], (places - below).to(rows.dtype))
