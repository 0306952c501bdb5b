"""Maximum mean discrepancy between the features of two pictures (Li et al. 2017, arXiv 1701.01036).

Each statistic is the mean over positions of a kernel's feature map, so that the sum of squared differences between two
of them is the squared discrepancy under that kernel, in time linear in the positions.
"""

import math
from collections.abc import Iterator
from itertools import repeat
from typing import Any

import torch
from torch import Tensor

from stx.errors import UserError
from stx.stats.fixed import fixes
from stx.stats.gathered import Core, Size, Sums, channel_moments, count, gathers, moments
from stx.stats.gram_matrix import gram
from stx.stats.guided import mean
from stx.stats.precision import wide

SAMPLE = 512
"""Number of positions between which the median distance for the bandwidth is taken."""
CHUNK, CHUNK_ON_CARD = 2**11, 2**16
"""Number of positions whose angles are held at a time, on a CPU and on a GPU."""


def means_alone(sums: Sums, size: Size) -> Tensor:
    return sums[0] / count(size)


@gathers(channel_moments, means_alone)
@fixes("means")
def mmd_linear(features: Tensor, *, weights: Tensor | None = None) -> Tensor:
    """The linear kernel, `k(x, y) = x.y`: the mean of each channel, (D,)."""
    return features.mean((1, 2)) if weights is None else mean(features, weights)


def polynomial(sums: Sums, size: Size, *, offset: float) -> Tensor:
    total, outer = sums
    return torch.cat([outer.flatten(), math.sqrt(2 * offset) * total]) / count(size)


@gathers(moments, polynomial)
@fixes(lambda *, offset, **_: ["second moments", "means"] if offset else ["second moments"])
def mmd_polynomial(features: Tensor, *, offset: float, weights: Tensor | None = None) -> Tensor:
    """The kernel `k(x, y) = (x.y + c)^2`: the Gram matrix and sqrt(2c) times the means, as one row (D^2 + D,).

    With c = 0 it is Gram's (Li et al. 2017, section 3.2). Raises UserError for c below 0, which does not give a kernel.
    """
    if not (offset >= 0 and math.isfinite(offset)):
        raise UserError(f"offset is {offset}: it must be 0 or more")
    means = mmd_linear(features, weights=weights)
    return torch.cat([gram(features, weights=weights).flatten(), math.sqrt(2 * offset) * means])


def sums_of_waves(features: Tensor, core: Core, size: Size, *, reference: Tensor) -> Sums:
    waves: Tensor = Waves.apply(core.of(features).flatten(1).T, reference, None)  # type: ignore[no-untyped-call]
    return (wide(waves),)


def means_of_waves(sums: Sums, size: Size, *, reference: Tensor) -> Tensor:
    return sums[0] / (count(size) * math.sqrt(len(reference)))


@gathers(sums_of_waves, means_of_waves)
@fixes("distribution")
def mmd_gaussian(features: Tensor, *, reference: Tensor, weights: Tensor | None = None) -> Tensor:
    """The Gaussian kernel, approximated by means of cos and sin along the random frequencies (K, D) in `reference`.

    Shape (2 K,), K of each, divided by sqrt(K) (Rahimi & Recht 2007, algorithm 1).
    """
    positions = features.flatten(1).T
    times = None if weights is None else weights.flatten() * len(positions)
    waves: Tensor = Waves.apply(positions, reference, times)  # type: ignore[no-untyped-call]
    return waves / (len(positions) * math.sqrt(len(reference)))


class Waves(torch.autograd.Function):
    """Sums over positions X (M, D) of cos and sin of the angles `X W^T`, for frequencies W (K, D): shape (2 K,).

    Each position counts `times` (M,), or once. The angles are K numbers per position, whereas the features are D: they
    are neither kept nor ever all held at once, but computed again for the gradient, in less time than it takes to fetch
    them.
    """

    @staticmethod
    def forward(positions: Tensor, frequencies: Tensor, times: Tensor | None) -> Tensor:
        parts = angles(positions, frequencies, times)
        sums = (torch.cat([total(each.cos(), n), total(each.sin_(), n)]) for each, n in parts)
        return torch.stack([*sums]).sum(0)

    @staticmethod
    def setup_context(context: Any, inputs: tuple[Tensor, Tensor, Tensor | None], output: Tensor) -> None:
        context.save_for_backward(*inputs)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        positions, frequencies, times = context.saved_tensors
        of_cosines, of_sines = gradient.chunk(2)
        slopes = (
            each.cos().mul_(of_sines).sub_(each.sin_().mul_(of_cosines)).mul_(1 if n is None else n[:, None])
            for each, n in angles(positions, frequencies, times)
        )
        return torch.cat([slope @ frequencies for slope in slopes]), None, None


def total(waves: Tensor, times: Tensor | None) -> Tensor:
    return waves.sum(0) if times is None else times @ waves


def angles(positions: Tensor, frequencies: Tensor, times: Tensor | None) -> Iterator[tuple[Tensor, Tensor | None]]:
    """The angles of a chunk of positions at a time, with the times of each.

    A chunk is small on a CPU, to stay in the cache, and large enough to fill a GPU.
    """
    chunk = CHUNK if positions.device.type == "cpu" else CHUNK_ON_CARD
    counted = repeat(None) if times is None else torch.split(times, chunk)
    return ((some @ frequencies.T, n) for some, n in zip(torch.split(positions, chunk), counted, strict=False))


def frequencies(features: Tensor, *, count: int, bandwidth: float, seed: int, weights: Tensor | None = None) -> Tensor:
    """Random frequencies (K, D) of `exp(-|x - y|^2 / (2 sigma^2))`, for `mmd_gaussian`.

    sigma^2 is `bandwidth` times the median squared distance between a seeded sample of the style picture's positions
    (the median rule, Gretton et al. 2012). Raises UserError unless count and bandwidth are positive.
    """
    if count < 1 or not 0 < bandwidth < math.inf:
        raise UserError(f"count is {count} and bandwidth {bandwidth}: both must be above 0")
    generator = torch.Generator().manual_seed(seed)
    flat = features.flatten(1)
    if weights is None:
        chosen = torch.randperm(flat.shape[1], generator=generator)[:SAMPLE].to(flat.device)
    else:
        shares = weights.flatten().cpu().double().cumsum(0)  # not torch.multinomial, which limits how many there are
        drawn = torch.rand(SAMPLE, generator=generator, dtype=torch.float64) * shares[-1]
        chosen = torch.searchsorted(shares, drawn).clamp(max=len(shares) - 1).to(flat.device)
    distances = torch.pdist(flat[:, chosen].T).square()
    median = distances.median() if distances.numel() else distances.new_zeros(())
    # If more than half of the positions are alike, there is no scale; any will do, as there is little to tell apart.
    sigma = torch.where(median > 0, bandwidth * median, torch.ones_like(median)).sqrt()
    return torch.randn(count, len(flat), generator=generator).to(flat) / sigma
