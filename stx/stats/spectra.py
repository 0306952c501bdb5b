"""How strongly a picture repeats itself, and at which distances: by its spectrum, or by shifts against itself."""

from typing import Annotated

import torch
from annotated_types import Ge, Le
from torch import Tensor

from stx.stats.fixed import fixes
from stx.stats.gathered import Core, Size, Sums, gathers
from stx.stats.guided import guide, guided, per_pair
from stx.stats.precision import wide


@fixes()
def spectrum(features: Tensor) -> Tensor:
    """The Fourier transform of each channel, (D, H, W, 2) with real and imaginary parts.

    For features (D, H, W) or a picture (3, H, W). To be compared by `off_spectrum`, between pictures of one size.
    """
    return torch.view_as_real(torch.fft.fft2(features, norm="ortho"))


def off_spectrum(ours: Tensor, target: Tensor) -> Tensor:
    """Mean square distance of a picture from the nearest one with the target's spectrum, whatever its waves' phases.

    Liu, Gousseau & Xia 2016 (arXiv 1605.01141), eq. 6 and 7, by Parseval's theorem, with a mean in place of half a sum:
    for two spectra x and s `sum |x|^2 + |s|^2 - 2 |<x, s>|`, where the inner product is over channels, which share the
    phase of a wave. The gradient is that of the paper, the picture less the nearest one.
    """
    common = (torch.view_as_complex(ours) * torch.view_as_complex(target).conj()).sum(0).abs().sum()
    return (ours.square().sum() + target.square().sum() - 2 * common) * 2 / ours.numel()


def shifted_sums(features: Tensor, core: Core, size: Size, *, reach: int) -> Sums:
    """Sums of F[y, x] F[y + dy, x + dx] over all (y, x) in the core: (D, 2 r + 1, r + 1)."""
    inside = torch.zeros_like(features)
    inside[:, core.rows, core.columns] = core.of(features)
    padded = (features.shape[1] + reach, features.shape[2] + reach)
    product = torch.fft.rfft2(inside, s=padded).conj() * torch.fft.rfft2(features, s=padded)
    return (wide(within(torch.fft.irfft2(product, s=padded), reach)),)


def within(sums: Tensor, reach: int) -> Tensor:
    """From the sums for all shifts, those for shifts up to `reach`."""
    rows = torch.arange(-reach, reach + 1, device=sums.device) % sums.shape[1]
    columns = torch.arange(reach + 1, device=sums.device) % sums.shape[2]
    return sums.index_select(1, rows).index_select(2, columns)


def means_of_pairs(sums: Sums, size: Size, *, reach: int) -> Tensor:
    (shifted,) = sums
    pairs = pairs_within(size, reach, shifted.device)
    return shifted * (pairs > 0) / pairs.clamp(min=1)


def pairs_within(size: Size, reach: int, device: torch.device) -> Tensor:
    """The number of pairs of places that are each shift apart."""
    rows, columns = torch.arange(-reach, reach + 1, device=device), torch.arange(reach + 1, device=device)
    return (size[0] - rows.abs()).clamp(min=0)[:, None] * (size[1] - columns).clamp(min=0)


@gathers(shifted_sums, means_of_pairs, lambda *, reach: reach)
@fixes()
def deep_correlations(
    features: Tensor,
    *,
    reach: Annotated[int, Ge(0), Le(256)],
    weights: Tensor | None = None,
    wraps: bool = False,
) -> Tensor:
    """Each channel's correlation with itself, shifted: (D, 2 r + 1, r + 1) for features (D, H, W) and shifts up to r.

    The mean of F[y, x] F[y + dy, x + dx] over the places where both exist, for dy from -r to r and dx from 0 to r; all
    other shifts repeat these (Sendik & Cohen-Or 2017, "Deep correlations for texture synthesis", section 4.1). The
    paper goes up to half of the map; with a fixed reach, pictures of different sizes can be compared. Zero if the map
    is too small for a shift. Computed by a Fourier transform of the map with a margin of zeros, or for a tile (`wraps`)
    without one.
    """
    height, width = features.shape[1:]
    size = (height, width) if wraps else (height + reach, width + reach)
    power = torch.fft.rfft2(guided(features, weights), s=size).abs().square()
    shifted = within(torch.fft.irfft2(power, s=size), reach)
    pairs = pairs_within((height, width), reach, features.device)
    means = shifted * (pairs > 0) / (height * width if wraps else pairs.clamp(min=1))
    return means if weights is None else per_pair(means, deep_correlations(guide(weights), reach=reach))
