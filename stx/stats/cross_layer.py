"""Correlations between the channels of two layers."""

from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d, avg_pool2d

from stx.errors import UserError
from stx.stats.fixed import fixes
from stx.stats.gathered import Core, Size, Sums, count, gathers
from stx.stats.guided import guide, guided, per_pair
from stx.stats.precision import wide
from stx.stats.products import scaled_product


def sums_across(features: list[Tensor], cores: list[Core], sizes: list[Size]) -> Sums:
    """Sum of the products (D, E). Raises UserError for sizes whose windows are not the same everywhere."""
    shallow, deep = features
    kernel, stride = zip(*(window(*sides) for sides in zip(*sizes, strict=True)), strict=True)
    inner = cores[1].of(deep)
    start = (cores[0].rows.start, cores[0].columns.start)
    rows, columns = (
        slice(at, at + step * (length - 1) + side)
        for at, step, length, side in zip(start, stride, inner.shape[1:], kernel, strict=True)
    )
    means = avg_pool2d(shallow[None, :, rows, columns], kernel, stride)[0]
    return (wide(means.flatten(1) @ inner.flatten(1).T),)


def window(shallow: int, deep: int) -> tuple[int, int]:
    """How many positions of the shallow layer a window of `adaptive_avg_pool2d` has, and how far the next one is."""
    times, beyond = divmod(shallow, deep)
    if not beyond:
        return times, times
    if times == 2 and beyond == 1:
        return 3, 2
    raise UserError(
        f"layers whose sides are {shallow} and {deep} positions have no common grid; take pictures whose sides are "
        "multiples of 16"
    )


def mean_across(sums: Sums, sizes: list[Size]) -> Tensor:
    return sums[0] / count(sizes[1])


@gathers(sums_across, mean_across, lambda **_: 1)
@fixes()
def cross_layer_gram(features: list[Tensor], *, weights: list[Tensor] | None = None) -> Tensor:
    """Which channels of a layer are active where which of a deeper one are: (D, E) for (D, H, W) and (E, h, w).

    Yeh et al. 2020 ("Improving style transfer with calibrated metrics", arXiv 1910.09447): the mean over the shallow
    layer's positions of the products with the deep one, upsampled. Where the sizes are multiples that is, to the
    nearest position, the product of the deep layer and of the shallow one's means over its positions, which costs a
    small part of it; where they are none, the means' windows overlap.
    """
    if weights is not None:
        pairs = cross_layer_gram([guide(each) for each in weights])
        return per_pair(cross_layer_gram([guided(*each) for each in zip(features, weights, strict=True)]), pairs)
    shallow, deep = features
    means = adaptive_avg_pool2d(shallow[None], (deep.shape[1], deep.shape[2]))[0]
    return scaled_product(means.flatten(1), deep.flatten(1).T, 1 / deep[0].numel())
