"""Which channels are active together: correlations between channels at the same place, or around it."""

from typing import Any

import torch
from torch import Tensor

from stx.errors import UserError
from stx.stats import guided
from stx.stats.fixed import Moment, fixes
from stx.stats.gathered import Core, Size, Sums, count, gathers
from stx.stats.precision import wide
from stx.stats.products import mean_products
from stx.stats.thresholds import Threshold, above, above_in, threshold_sums
from stx.stats.windows import box_mean
from stx.stats.wrapped import within


def in_one_place(*, radius: int | list[int], threshold: Threshold, centred: bool, **_: object) -> list[Moment]:
    """What radius 0 fixes if all features take part."""
    if threshold != "none" or 0 not in ([radius] if isinstance(radius, int) else radius):
        return []
    return ["covariances"] if centred else ["second moments"]


def window_sums(
    features: Tensor,
    core: Core,
    size: Size,
    *,
    radius: int | list[int],
    threshold: Threshold,
    softness: float | None = None,
    before: Sums = (),
    **_: object,
) -> Sums:
    """Sums over the features A that take part, and over their window means L(A), zero padded.

    These are the sums of A (D,) and of A^2 (D,), and for each radius those of A L(A)^T (D, D), A L(1) (D,), L(A) (D,)
    and L(1). They are computed from differences from the block's means, for the reason given at `about_middle`.
    """
    active = features
    if threshold != "none" or softness is not None:
        active = features * above_in(features, before, threshold, softness)
    middle = core.of(active).flatten(1).detach().mean(1)
    apart, wide_middle = active - middle[:, None, None], wide(middle)
    inner = core.of(apart).flatten(1)
    number, total = inner.shape[1], wide(inner.sum(1))
    squares = wide(inner.square().sum(1)) + 2 * wide_middle * total + number * wide_middle.square()
    sums = [total + number * wide_middle, squares]
    for each in [radius] if isinstance(radius, int) else radius:
        around = core.of(box_mean(apart, each)).flatten(1)
        windows = core.of(box_mean(torch.ones_like(apart[:1]), each)).flatten()
        weighed, summed, area = wide(inner @ windows), wide(around.sum(1)), wide(windows).sum()
        outer = wide(inner @ around.T) + torch.outer(wide_middle, summed) + torch.outer(weighed, wide_middle)
        sums += [
            outer + area * torch.outer(wide_middle, wide_middle),
            weighed + area * wide_middle,
            summed + area * wide_middle,
            area,
        ]
    return tuple(sums)


def plain_window_sums(features: Tensor, core: Core, size: Size, *, radius: int, **_: object) -> Sums:
    """`window_sums` of all features."""
    return window_sums(features, core, size, radius=radius, threshold="none")


def window_means(sums: Sums, size: Size, *, centred: bool) -> list[Tensor]:
    """The mean of A L(A)^T for each radius of `window_sums`; if `centred`, for A less its mean."""
    total, _squares, *by_radius = sums
    mean = total / count(size)
    means = []
    for outer, weighed, summed, area in zip(*(by_radius[start::4] for start in range(4)), strict=True):
        if centred:
            outer = outer - torch.outer(weighed, mean) - torch.outer(mean, summed) + area * torch.outer(mean, mean)
        means.append(outer / count(size))
    return means


def of_windows(sums: Sums, size: Size, *, radius: int | list[int], centred: bool, **_: object) -> Tensor:
    matrices = window_means(sums, size, centred=centred)
    return matrices[0] if isinstance(radius, int) else torch.stack(matrices)


def largest_radius(*, radius: int | list[int], **_: object) -> int:
    return radius if isinstance(radius, int) else max(radius)


@gathers(window_sums, of_windows, largest_radius, threshold_sums)
@fixes(in_one_place)
def cooc_gram(
    features: Tensor,
    *,
    radius: int | list[int],
    threshold: Threshold,
    centred: bool,
    softness: float | None = None,
    weights: Tensor | None = None,
    wraps: bool = False,
) -> Tensor:
    """Channel-by-channel co-occurrence: `S[k, w]`, the mean over positions of A[k] times the window mean of A[w].

    Shape (D, D), or (R, D, D) for a list of R radii. A are the features (D, H, W) above the threshold: "mean" (theirs),
    a number, or "none" for all; windows are (2r+1) x (2r+1), zero padded. `centred` first subtracts the channels' means
    from A. It keeps *with what* a channel is active in a neighbourhood, over which the forms of Forcén et al. 2020 sum.
    With radius 0 and no threshold it is the Gram matrix; since zero padding makes the window symmetric, S is too. With
    `weights` of positions, both ends of a pair are multiplied by the roots of their weights, and the sum is divided by
    the sum of the products of these roots. In a tile (`wraps`), windows wrap around the edges, and the mean is
    multiplied by the part of a window that zero padding leaves on average: it is as large as that of a picture with
    edges. Costs a matrix product per radius, O(D^2 H W), as Gram does.

    Raises UserError for a negative radius, an empty list of radii, and a threshold or softness that `above` refuses.
    """
    radii = [radius] if isinstance(radius, int) else radius
    if not radii or min(radii) < 0:
        raise UserError(f"radius is {radius}: it must be 0 or more, or a list of such")
    all_of_them = threshold == "none" and softness is None
    active = features if all_of_them else features * above(features, threshold, softness, weights)
    if centred:
        active = centred_by(active, weights)
    active = guided.guided(active, weights)
    flat = active.flatten(1)
    with torch.no_grad():  # the gradient of `mean_products` includes the windows' part
        around = [flat if each == 0 else box_mean(active, each, wraps).flatten(1) for each in radii]
    matrices = [mean_products(flat, window) for window in around]
    if wraps:
        matrices = [m * within(features.shape[1:], each) for m, each in zip(matrices, radii, strict=True)]
    if weights is not None:
        matrices = [guided.per_pair(m, pairs(weights, each)) for m, each in zip(matrices, radii, strict=True)]
    return matrices[0] if isinstance(radius, int) else torch.stack(matrices)


def pairs(weights: Tensor, radius: int) -> Tensor:
    """The weight of pairs within a window that have both ends in a region, relative to that of the whole map."""
    guide = guided.guide(weights)
    return (guide * box_mean(guide, radius)).mean() / box_mean(torch.ones_like(guide), radius).mean()


def centred_by(maps: Tensor, weights: Tensor | None) -> Tensor:
    """Maps (D, H, W) less the mean of each, weighted or not."""
    if weights is not None:
        return guided.centred(maps, weights)
    centred: Tensor = Centred.apply(maps)  # type: ignore[no-untyped-call]
    return centred


class Centred(torch.autograd.Function):
    """Maps (D, H, W) less the mean of each; this is its own adjoint, so the gradient is the same function."""

    @staticmethod
    def forward(maps: Tensor) -> Tensor:
        return maps - maps.sum((1, 2), keepdim=True) / maps[0].numel()

    @staticmethod
    def setup_context(context: Any, inputs: tuple[Tensor], output: Tensor) -> None:
        pass

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> Tensor:
        centred: Tensor = Centred.apply(gradient)  # type: ignore[no-untyped-call]
        return centred
