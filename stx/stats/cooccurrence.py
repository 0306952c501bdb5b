"""Co-occurrence of activations (Forcen et al. 2020, arXiv 2003.13827) and the thesis's five ways to use it as style.

All take features (D, H, W) and the same five parameters:

    radius      r: the window is (2r+1) x (2r+1), zero padded
    threshold   t: "mean" (of these features), a number, or "none"; activations at or below it do not take part
    softness    s: an activation takes part by sigmoid((F - t) / (s d)), d the deviation; None: wholly or not at all
    window      "mean" divides by (2r+1)^2, as the paper's code does; "sum" is the thesis's filter of ones
    normalise   the tensor is divided by its sum (an all-zero tensor stays zero)

With `wraps` the picture is a tile, and windows wrap around its edges.
"""

from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import conv2d

from stx.errors import UserError
from stx.stats.fixed import fixes
from stx.stats.gathered import Core, Size, Sums, count, gathers
from stx.stats.precision import wide
from stx.stats.thresholds import Threshold, above, above_in, threshold_sums
from stx.stats.trained_filter import trained
from stx.stats.windows import surroundings, window_reach
from stx.stats.wrapped import within, wrapped

Window = Literal["mean", "sum"]


@fixes()
def cooc_tensor(
    features: Tensor,
    *,
    radius: int,
    threshold: Threshold,
    window: Window,
    normalise: bool,
    softness: float | None = None,
    filter: str | None = None,
    wraps: bool = False,
) -> Tensor:
    """What surrounds each active position in all *other* channels: shape (D, H, W).

    The paper convolves with D filters of ones that are zero on their own channel, O(D^2 (2r+1)^2) per position. The
    filters differ only in the channel that they leave out, so the result is the box mean of the sum of all channels
    less that of the channel itself, O(D) per position.

    `filter` names a file with a trained filter (D, D, k, k) in place of the ones (section 3.2 of the paper), which only
    fits layers of D channels; its k takes the place of 2r+1, O(D^2 k^2) per position. With the window "sum" it is
    convolved as published; "mean" divides by k^2, which the published code does only with its filter of ones.

    Raises UserError for a negative radius, a threshold that is not finite, fewer than two channels, and a file that
    does not hold such a filter.
    """
    channels = features.shape[0]
    if radius < 0:
        raise UserError(f"radius is {radius}: it must be 0 or more")
    if channels < 2:
        raise UserError("co-occurrence needs features of at least two channels")
    others = mean_of_others(features, above(features, threshold, softness), radius, filter, wraps)
    if normalise:  # no other factor matters then
        return others / nonzero(others.sum())
    return others * factor(channels, radius, window, filter)


def mean_of_others(features: Tensor, mask: Tensor, radius: int, filter: str | None, wraps: bool = False) -> Tensor:
    """The tensor without its factor: window means of the sum of all other channels."""
    if filter is None:
        return surroundings(features, mask, radius, wraps)
    weights = trained(filter, len(features), features)
    side = weights.shape[-1]
    active, reach = (mask * features)[None], side // 2
    if wraps:
        return mask * conv2d(wrapped(active, reach), weights)[0] / side**2
    return mask * conv2d(active, weights, padding=reach)[0] / side**2


def nonzero(total: Tensor) -> Tensor:
    """The total as a divisor: 1 in place of 0, so that an all-zero tensor stays zero."""
    return torch.where(total == 0, torch.ones_like(total), total)


def factor(channels: int, radius: int, window: Window, filter: str | None) -> float:
    side = 2 * radius + 1 if filter is None else trained(filter, channels).shape[-1]
    return (side**2 if window == "sum" else 1) / (channels - 1)


@fixes()
def cooc_matrix(
    features: Tensor,
    *,
    radius: int,
    threshold: Threshold,
    window: Window,
    normalise: bool,
    softness: float | None = None,
    wraps: bool = False,
) -> Tensor:
    """Mean of the co-occurrence tensor over channels: shape (H, W)."""
    tensor = cooc_tensor(
        features,
        radius=radius,
        threshold=threshold,
        window=window,
        normalise=normalise,
        softness=softness,
        wraps=wraps,
    )
    return tensor.sum(0) / len(tensor)  # not mean(): its gradient, and those that follow, change the memory format


def tensor_sums(
    features: Tensor,
    core: Core,
    size: Size,
    *,
    radius: int,
    threshold: Threshold,
    softness: float | None = None,
    before: Sums = (),
    **_: object,
) -> Sums:
    """Sums of a co-occurrence tensor without its factor: over positions (D,), and of all squares."""
    others = core.of(mean_of_others(features, above_in(features, before, threshold, softness), radius, None))
    return wide(others.sum((1, 2))), wide(others.square().sum())


def vector_of(sums: Sums, size: Size, *, radius: int, window: Window, normalise: bool, **_: object) -> Tensor:
    totals, _squares = sums
    scale = 1 / nonzero(totals.sum()) if normalise else factor(len(totals), radius, window, None)
    return totals * scale / count(size)


def mean_square_of(sums: Sums, size: Size, *, radius: int, window: Window, normalise: bool, **_: object) -> Tensor:
    totals, squares = sums
    scale = 1 / nonzero(totals.sum()) if normalise else factor(len(totals), radius, window, None)
    return (squares * scale**2).view(1, 1) / (len(totals) * count(size))


@gathers(tensor_sums, vector_of, window_reach, threshold_sums)
@fixes(lambda *, threshold, **_: ["means"] if threshold == "none" else [])
def cooc_vector(
    features: Tensor,
    *,
    radius: int,
    threshold: Threshold,
    window: Window,
    normalise: bool,
    softness: float | None = None,
    wraps: bool = False,
) -> Tensor:
    """Mean of the co-occurrence tensor over positions: shape (D,)."""
    tensor = cooc_tensor(
        features,
        radius=radius,
        threshold=threshold,
        window=window,
        normalise=normalise,
        softness=softness,
        wraps=wraps,
    )
    means = tensor.sum((1, 2)) / tensor[0].numel()  # not mean(), as above
    return means * within(features.shape[1:], radius) if wraps and not normalise else means


@fixes()
def gram_cooc_matrix(
    features: Tensor,
    *,
    radius: int,
    threshold: Threshold,
    window: Window,
    normalise: bool,
    softness: float | None = None,
    wraps: bool = False,
) -> Tensor:
    """Gram matrix of the rows of `cooc_matrix`, divided by H W: shape (H, H)."""
    matrix = cooc_matrix(
        features,
        radius=radius,
        threshold=threshold,
        window=window,
        normalise=normalise,
        softness=softness,
        wraps=wraps,
    )
    return matrix @ matrix.T / matrix.numel()


@gathers(tensor_sums, mean_square_of, window_reach, threshold_sums)
@fixes()
def gram_cooc_vector(
    features: Tensor,
    *,
    radius: int,
    threshold: Threshold,
    window: Window,
    normalise: bool,
    softness: float | None = None,
    wraps: bool = False,
) -> Tensor:
    """Gram matrix of the co-occurrence tensor as one row, divided by D H W: shape (1, 1), its mean square."""
    tensor = cooc_tensor(
        features,
        radius=radius,
        threshold=threshold,
        window=window,
        normalise=normalise,
        softness=softness,
        wraps=wraps,
    )
    mean_square = tensor.square().sum().view(1, 1) / tensor.numel()
    if not wraps:
        return mean_square
    size = features.shape[1:]
    return mean_square * within(size, radius, 2) / (within(size, radius) ** 2 if normalise else 1)


def means_apart(ours: Tensor, target: Tensor) -> Tensor:
    """Mean squared difference of the channel means behind two `cooc_vector`s that have no threshold.

    Without one `S_k = (T - m_k) / (D - 1)`, where T is the sum of all means m (over windows, zero padded at the edges).
    This linear map makes all entries nearly alike; its inverse, `m_k = sum(S) - (D - 1) S_k`, undoes that. It costs
    nothing, and what is matched is the same: what changes is how hard it is to reach.
    """
    apart = ours - target
    undone = apart.sum() - (len(apart) - 1) * apart
    return undone.square().mean()
