"""Which channels are active together at a distance."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from stx.errors import UserError
from stx.stats import guided
from stx.stats.fixed import fixes
from stx.stats.gathered import Core, Size, Sums, about_middle, count, gathers
from stx.stats.precision import wide
from stx.stats.products import scaled_product


def pair_sums(features: Tensor, core: Core, size: Size, *, shifts: list[int]) -> Sums:
    """The sum of all F (D,), and for each shift, along x and then along y, sums over pairs of positions that far apart.

    These are the sums of F F'^T (D, D), F (D,) and F' (D,), over the pairs whose first position is in the core.
    """
    middle, apart = about_middle(features.flatten(1))
    maps, sums = apart.view_as(features), [wide(core.of(apart.view_as(features)).sum((1, 2)))]
    sums[0] = sums[0] + core.of(maps)[0].numel() * middle
    for shift in shifts:
        for axis in (2, 1):
            by = min(shift, size[axis - 1] - 1)
            near = core.rows if axis == 1 else core.columns
            stop = min(near.stop, maps.shape[axis] - by)
            length = max(0, stop - near.start)
            inner = (core._replace(rows=slice(None)) if axis == 1 else core._replace(columns=slice(None))).of(maps)
            first, second = (
                inner.narrow(axis, min(near.start + off, maps.shape[axis]), length).flatten(1) for off in (0, by)
            )
            number, ones, others = first.shape[1], wide(first.sum(1)), wide(second.sum(1))
            outer = wide(first @ second.T) + torch.outer(middle, others) + torch.outer(ones, middle)
            sums += [
                outer + number * torch.outer(middle, middle),
                ones + number * middle,
                others + number * middle,
            ]
    return tuple(sums)


def pair_counts(size: Size, shifts: Sequence[int]) -> list[int]:
    """The number of pairs for each shift and axis, in the order of `pair_sums`."""
    height, width = size
    cut = [(min(shift, width - 1), min(shift, height - 1)) for shift in shifts]
    return [number for x, y in cut for number in (height * (width - x), (height - y) * width)]


def pair_means(sums: Sums, size: Size, *, shifts: list[int]) -> Tensor:
    _total, *by_shift = sums
    counts = pair_counts(size, shifts)
    return torch.stack([outer / number for outer, number in zip(by_shift[::3], counts, strict=True)])


def centred_pair_means(sums: Sums, size: Size, *, shifts: list[int]) -> Tensor:
    """`pair_means` for features less their means."""
    total, *by_shift = sums
    mean = total / count(size)
    parts = zip(by_shift[::3], by_shift[1::3], by_shift[2::3], pair_counts(size, shifts), strict=True)
    return torch.stack(
        [
            (outer - torch.outer(first, mean) - torch.outer(mean, second)) / number + torch.outer(mean, mean)
            for outer, first, second, number in parts
        ]
    )


def largest_shift(*, shifts: list[int]) -> int:
    return max(shifts)


@gathers(pair_sums, pair_means, largest_shift)
@fixes(lambda *, shifts, **_: ["second moments"] if 0 in shifts else [])
def shift_gram(features: Tensor, *, shifts: list[int], weights: Tensor | None = None, wraps: bool = False) -> Tensor:
    """Correlations between channels at a distance (Berger & Memisevic 2017, arXiv 1606.01286, section 3).

    For each shift, the mean over positions of F[k] at one place times F[w] that many positions further along x, and the
    same along y: shape (2 S, D, D) for S shifts of features (D, H, W). A shift of 0 is the Gram matrix. A shift beyond
    the picture is cut to the largest one that leaves a row of pairs. In a tile (`wraps`) every place has another one
    that far away; the shift is cut all the same and does not go around. A style picture is seldom larger than the tile,
    so its target has the cut shift too; a shift by the tile's whole side would compare that with the Gram matrix.

    Raises UserError for a negative shift, and for an empty list.
    """
    if not shifts or min(shifts) < 0:
        raise UserError(f"shifts is {shifts}: it must be a list of whole numbers from 0")
    if wraps:
        return round_the_edges(features, shifts)
    matrices: Tensor = Shifted.apply(guided.guided(features, weights), tuple(shifts))  # type: ignore[no-untyped-call]
    if weights is None:
        return matrices
    return guided.per_pair(matrices, Shifted.apply(guided.guide(weights), tuple(shifts)))  # type: ignore[no-untyped-call]


def round_the_edges(features: Tensor, shifts: Sequence[int]) -> Tensor:
    """`shift_gram` of a tile."""
    flat, matrices = features.flatten(1), list[Tensor]()
    for shift in shifts:
        for dimension in (2, 1):
            apart = min(shift, features.shape[dimension] - 1)
            further = features.roll(-apart, dimension).flatten(1)
            matrices.append(scaled_product(flat, further.T, 1 / flat.shape[1]))
    return torch.stack(matrices)


class Shifted(torch.autograd.Function):
    """`shift_gram`, computed on maps laid out position by position, with a margin of zeros after each row.

    In this layout, two places that are `shift` apart along x or y are the same number of positions apart everywhere,
    and products with the margin are zero: each matrix is one product of two views, and nothing is cut out and copied.
    """

    @staticmethod
    def forward(features: Tensor, shifts: tuple[int, ...]) -> Tensor:
        flat, offsets = with_margin(features, shifts)
        return torch.stack([scaled_product(flat[: len(flat) - off].T, flat[off:], 1 / pairs) for off, pairs in offsets])

    @staticmethod
    def setup_context(context: Any, inputs: tuple[Tensor, tuple[int, ...]], output: Tensor) -> None:
        context.save_for_backward(inputs[0])
        context.shifts = inputs[1]

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (features,) = context.saved_tensors
        channels, height, width = features.shape
        flat, offsets = with_margin(features, context.shifts)
        to_flat = torch.zeros_like(flat)
        for matrix, (off, pairs) in zip(gradient.unbind(), offsets, strict=True):
            near = len(flat) - off
            to_flat[:near].addmm_(flat[off:], matrix.T, alpha=1 / pairs)
            to_flat[off:].addmm_(flat[:near], matrix, alpha=1 / pairs)
        places = to_flat.view(height, -1, channels)[:, :width].contiguous()
        return places.permute(2, 0, 1), None


def with_margin(features: Tensor, shifts: Sequence[int]) -> tuple[Tensor, list[tuple[int, int]]]:
    """Features (D, H, W) as (H (W + margin), D), and for each shift the offsets and numbers of pairs along x and y.

    An offset is the number of positions between the two places of a pair.
    """
    channels, height, width = features.shape
    across = [min(shift, width - 1) for shift in shifts]
    margin = max(across)
    flat = pad(features.permute(1, 2, 0), (0, 0, 0, margin)).reshape(-1, channels)
    offsets = []
    for shift, x in zip(shifts, across, strict=True):
        y = min(shift, height - 1)
        offsets += [(x, height * (width - x)), (y * (width + margin), (height - y) * width)]
    return flat, offsets
