"""Co-occurrence of activations (Forcen et al. 2020, arXiv 2003.13827) and the thesis's five ways to use it as style.

All take features (D, H, W) and the same five parameters:

    radius      r: the window is (2r+1) x (2r+1), zero padded
    threshold   t: "mean" (of these features), a number, or "none"; activations at or below it do not take part
    softness    s: an activation takes part by sigmoid((F - t) / (s d)), d the deviation; None: wholly or not at all
    window      "mean" divides by (2r+1)^2, as the paper's code does; "sum" is the thesis's filter of ones
    normalise   the tensor is divided by its sum (an all-zero tensor stays zero)

Of a tile, which `wraps`, windows go on at its other side.
"""

import math
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad

from stx.errors import UserError
from stx.stats.fixed import fixes
from stx.stats.guided import mean
from stx.stats.trained_filter import trained
from stx.stats.windows import surroundings
from stx.stats.wrapped import within, wrapped

Window = Literal["mean", "sum"]
Threshold = float | Literal["mean", "none"]


def above(
    features: Tensor, threshold: Threshold, softness: float | None = None, weights: Tensor | None = None
) -> Tensor:
    """How far each feature takes part: 1 above the threshold, else 0, and no gradient passes; with a softness the
    sigmoid, whose slope the gradient follows. Mean and deviation are those of the positions by their `weights`.

    Raises UserError for numbers that are not finite, or no softness.
    """
    if softness is not None and (threshold == "none" or not 0 < softness < math.inf):
        raise UserError(f"softness is {softness} and threshold {threshold}: they must be above 0, and a number or mean")
    if threshold == "none":
        return torch.ones_like(features)
    if threshold != "mean" and not math.isfinite(threshold):
        raise UserError(f"threshold is {threshold}: it must be a number, mean, or none")
    fixed = features.detach()
    middle = fixed.mean() if weights is None else mean(fixed, weights).mean()
    limit = middle if threshold == "mean" else fixed.new_tensor(threshold)
    if softness is None:
        # A mask of the features' own type: products with a bool one take four times as long on a CPU.
        return fixed.clone().gt_(limit)
    deviation = fixed.std(correction=0)
    if weights is not None:
        deviation = mean((fixed - middle).square(), weights).mean().sqrt()
    width = softness * deviation
    return ((features - limit) / width.clamp(min=torch.finfo(width.dtype).tiny)).sigmoid()


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

    The paper convolves with D filters of ones that are zero on their own channel, O(D^2 (2r+1)^2) a position. The
    filters differ only in the channel left out, so it is the box mean of the sum of all channels less that of
    the own one, O(D) a position.

    `filter` names a file with a trained filter (D, D, k, k) in place of the ones (section 3.2 there), which fits the
    layers of D channels alone; its k takes the place of 2r+1, O(D^2 k^2) a position. With the window "sum" it is
    convolved as published; "mean" divides by k^2, which the published code does with its filter of ones alone.

    Raises UserError for a negative radius, a threshold that is not finite, fewer than two channels, and a file that
    holds no such filter.
    """
    channels = features.shape[0]
    if radius < 0:
        raise UserError(f"radius is {radius}: it must be 0 or more")
    if channels < 2:
        raise UserError("co-occurrence needs features of at least two channels")
    mask = above(features, threshold, softness)
    if filter is None:
        others = surroundings(features, mask, radius, wraps)
        side = 2 * radius + 1
    else:
        weights = trained(filter, channels).to(features)
        side = weights.shape[-1]
        around = wrapped(mask * features, side // 2) if wraps else pad(mask * features, [side // 2] * 4)
        others = mask * conv2d(around[None], weights)[0] / side**2
    if normalise:  # and no other factor matters
        total = others.sum()
        return others / torch.where(total == 0, torch.ones_like(total), total)
    area = side**2 if window == "sum" else 1
    return others * (area / (channels - 1))


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
    return tensor.sum(0) / len(tensor)  # not mean(): its gradient would come in another memory format, and all after it


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
    return tensor.square().sum().view(1, 1) / tensor.numel()


def means_apart(ours: Tensor, target: Tensor) -> Tensor:
    """Mean squared difference of the channel means that two `cooc_vector`s are of, without threshold.

    There `S_k = (T - m_k) / (D - 1)` with T the sum of all means m (of windows, at the edges with zeros): a linear map
    whose inverse, `m_k = sum(S) - (D - 1) S_k`, undoes that all entries are next to alike. It costs nothing, and what
    is matched is the same; what changes is how hard it is to reach.
    """
    apart = ours - target
    undone = apart.sum() - (len(apart) - 1) * apart
    return undone.square().mean()
