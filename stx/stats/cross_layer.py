"""Correlations between the channels of two layers."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from stx.stats.fixed import fixes
from stx.stats.gathered import Core, Size, Sums, count, gathers
from stx.stats.guided import guide, guided, per_pair
from stx.stats.precision import wide
from stx.stats.products import scaled_product


def sums_across(features: list[Tensor], cores: list[Core], sizes: list[Size]) -> Sums:
    """Sum of the products (D, E) of the deep layer with the shallow one's means, over `cross_layer_gram`'s windows."""
    shallow, deep = features
    inner = cores[1].of(deep)
    if all(long % short == 0 for long, short in zip(*sizes, strict=True)):
        means = adaptive_avg_pool2d(cores[0].of(shallow)[None], (inner.shape[1], inner.shape[2]))[0]
        return (wide(means.flatten(1) @ inner.flatten(1).T),)
    for axis, positions in ((1, cores[1].rows), (2, cores[1].columns)):
        shallow = window_means(shallow, axis, positions, [core.start[axis - 1] for core in cores], sizes)
    return (wide(shallow.flatten(1) @ inner.flatten(1).T),)


def window_means(maps: Tensor, axis: int, positions: slice, starts: Sequence[int], sizes: Sequence[Size]) -> Tensor:
    """Means of a shallow map along one axis, over the windows of `adaptive_avg_pool2d` for some deep positions.

    `positions` are those of the deep layer. The blocks of both layers begin at `starts` in the whole maps.
    """
    long, short = (size[axis - 1] for size in sizes)
    deep = torch.arange(positions.start, positions.stop, device=maps.device) + starts[1]
    first, last = deep * long // short, -((deep + 1) * long // -short)
    sums = wide(maps).cumsum(axis)
    sums = torch.cat([torch.zeros_like(sums.narrow(axis, 0, 1)), sums], axis)
    within = (sums.index_select(axis, each - starts[0]) for each in (last, first))
    lengths = (last - first).view([-1 if dimension == axis else 1 for dimension in range(3)])
    upper, lower = within
    return ((upper - lower) / lengths).to(maps.dtype)


def mean_across(sums: Sums, sizes: list[Size]) -> Tensor:
    return sums[0] / count(sizes[1])


@gathers(sums_across, mean_across, lambda **_: 1)
@fixes()
def cross_layer_gram(features: list[Tensor], *, weights: list[Tensor] | None = None) -> Tensor:
    """Which channels of a layer are active where which of a deeper one are: (D, E) for (D, H, W) and (E, h, w).

    Yeh et al. 2020 ("Improving style transfer with calibrated metrics", arXiv 1910.09447): the mean over the shallow
    layer's positions of the products with the deep layer, upsampled. If the sizes are multiples and upsampling takes
    the nearest position, that equals the product of the deep layer with the shallow one's means over each of its
    positions, which costs a small part of it. If the sizes are not multiples, the windows of these means overlap.
    """
    if weights is not None:
        pairs = cross_layer_gram([guide(each) for each in weights])
        return per_pair(cross_layer_gram([guided(*each) for each in zip(features, weights, strict=True)]), pairs)
    shallow, deep = features
    means = adaptive_avg_pool2d(shallow[None], (deep.shape[1], deep.shape[2]))[0]
    return scaled_product(means.flatten(1), deep.flatten(1).T, 1 / deep[0].numel())
