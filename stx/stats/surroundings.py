"""Co-occurrence as statistics of the joint distribution of what is at a position and what is around it.

The covariance of `[F, box_r F]`, the features and their window means, has the covariances of both as blocks, and the
centred co-occurrence between them. Statistics that compare distributions, or channels, can take these maps in place of
the features. They were tried to find out whether there is more to co-occurrence than moments and covariance:
docs/cooccurrence.md.
"""

import torch
from torch import Tensor

from stx.errors import UserError
from stx.stats.channel_distances import deep_dc, of_products
from stx.stats.cooccurrence_gram import Centred, cooc_gram, of_windows, plain_window_sums
from stx.stats.fixed import fixes
from stx.stats.gathered import Core, Size, Sums, gathers, moments, products
from stx.stats.shifts import centred_pair_means, largest_shift, pair_sums, shift_gram
from stx.stats.wasserstein import directions, gaussian, gaussian_of_moments, principal_axes, sliced_wasserstein
from stx.stats.windows import box_mean, window_reach
from stx.stats.wrapped import within

NOTHING = 1e-12
"""Divisor for a matrix of zeros, so that its gradient is finite."""
SMALLEST = 1e-6
"""Part of a matrix's mean magnitude below which its signed root is linear, as a root's slope is infinite at zero."""


def both(features: Tensor, radius: int, wraps: bool = False) -> Tensor:
    """Features (D, H, W) and their means over windows of (2r+1)^2, zero padded: (2 D, H, W).

    In a tile (`wraps`), windows wrap around the edges, and their means are multiplied by the part of a window that zero
    padding leaves: on average they are as large as those of a picture with edges. The latter are smaller at the rim,
    and so vary more, which is not compensated.
    """
    if radius < 0:
        raise UserError(f"radius is {radius}: it must be 0 or more")
    means = box_mean(features, radius, wraps)
    return torch.cat([features, means * within(features.shape[1:], radius) if wraps else means])


@fixes("distribution")
def sliced_cooc(features: Tensor, *, reference: Tensor, quantiles: int, radius: int, wraps: bool = False) -> Tensor:
    """`sliced_wasserstein` of `both`, along directions (K, 2 D): shape (K, quantiles)."""
    return sliced_wasserstein(both(features, radius, wraps), reference=reference, quantiles=quantiles)


def directions_of_both(features: Tensor, *, count: int, seed: int) -> Tensor:
    return directions(torch.cat([features, features]), count=count, seed=seed)


def moments_of_both(features: Tensor, core: Core, size: Size, *, radius: int, **_: object) -> Sums:
    return moments(both(features, radius), core, size)


def gaussian_of_both(sums: Sums, size: Size, *, reference: Tensor, radius: int) -> Tensor:
    return gaussian_of_moments(sums, size, reference=reference)


@gathers(moments_of_both, gaussian_of_both, window_reach)
@fixes("means", "covariances")
def gaussian_cooc(features: Tensor, *, reference: Tensor, radius: int, wraps: bool = False) -> Tensor:
    """`gaussian` of `both`, along the axes that `axes_of_both` gives: shape (2 D, R + 2)."""
    return gaussian(both(features, radius, wraps), reference=reference)


def axes_of_both(features: Tensor, *, radius: int) -> Tensor:
    return principal_axes(both(features, radius))


def products_of_both(features: Tensor, core: Core, size: Size, *, radius: int) -> Sums:
    return products(both(features, radius), core, size)


@gathers(products_of_both, of_products, window_reach)
@fixes()
def deep_dc_cooc(features: Tensor, *, radius: int, wraps: bool = False) -> Tensor:
    """`deep_dc` of `both`: shape (2 D, 2 D)."""
    return deep_dc(both(features, radius, wraps))


@gathers(pair_sums, centred_pair_means, largest_shift)
@fixes(lambda *, shifts: ["covariances"] if 0 in shifts else [])
def shift_covariance(features: Tensor, *, shifts: list[int], wraps: bool = False) -> Tensor:
    """`shift_gram` of the features less their means: (2 S, D, D)."""
    centred: Tensor = Centred.apply(features)  # type: ignore[no-untyped-call]
    return shift_gram(centred, shifts=shifts, wraps=wraps)


def root_of_windows(sums: Sums, size: Size, *, radius: int) -> Tensor:
    return signed_root(of_windows(sums, size, radius=radius, centred=True))


@gathers(plain_window_sums, root_of_windows, window_reach)
@fixes()
def signed_root_cooc(features: Tensor, *, radius: int, wraps: bool = False) -> Tensor:
    """The centred `cooc_gram` with signed square roots in place of its numbers, divided by their norm: (D, D).

    The normalisation of bilinear pooling (Lin, RoyChowdhury & Maji 2015, arXiv 1504.07889, section 3.1).
    """
    return signed_root(cooc_gram(features, radius=radius, threshold="none", centred=True, wraps=wraps))


def signed_root(matrix: Tensor) -> Tensor:
    size = matrix.abs()
    root = matrix / (size + SMALLEST * size.mean()).clamp(min=NOTHING).sqrt()
    return root / torch.linalg.vector_norm(root).clamp(min=NOTHING)
