"""Which activations take part in a co-occurrence: those above a threshold, wholly or by a sigmoid."""

import math
from typing import Literal

import torch
from torch import Tensor

from stx.errors import UserError
from stx.stats.gathered import Core, Sums
from stx.stats.guided import mean
from stx.stats.precision import wide

Threshold = float | Literal["mean", "none"]


def above(
    features: Tensor, threshold: Threshold, softness: float | None = None, weights: Tensor | None = None
) -> Tensor:
    """How far each feature takes part: 1 above the threshold and 0 elsewhere, or with a softness a sigmoid.

    Only the sigmoid has a gradient. Mean and deviation are weighted by the `weights` of positions. Raises UserError if
    a number is not finite, or the softness is not above 0 or has no threshold.
    """
    refuse_impossible(threshold, softness)
    if threshold == "none":
        return torch.ones_like(features)
    fixed = features.detach()
    middle = fixed.mean() if weights is None else mean(fixed, weights).mean()
    limit = middle if threshold == "mean" else fixed.new_tensor(threshold)
    if softness is None:
        # A mask of the features' own type: products with a bool one take four times as long on a CPU.
        return fixed.clone().gt_(limit)
    deviation = fixed.std(correction=0)
    if weights is not None:
        deviation = mean((fixed - middle).square(), weights).mean().sqrt()
    return soft_mask(features, limit, softness * deviation)


def refuse_impossible(threshold: Threshold, softness: float | None) -> None:
    if softness is not None and (threshold == "none" or not 0 < softness < math.inf):
        raise UserError(f"softness is {softness} and threshold {threshold}: they must be above 0, and a number or mean")
    if isinstance(threshold, float | int) and not math.isfinite(threshold):
        raise UserError(f"threshold is {threshold}: it must be a number, mean, or none")


def soft_mask(features: Tensor, limit: Tensor, width: Tensor) -> Tensor:
    return ((features - limit) / width.clamp(min=torch.finfo(width.dtype).tiny)).sigmoid()


def threshold_sums(
    features: Tensor, core: Core, *, threshold: Threshold, softness: float | None = None, **_: object
) -> Sums:
    """What `above_in` must know of the whole map: sums of features and their squares, and their number, or nothing."""
    refuse_impossible(threshold, softness)
    if threshold != "mean" and softness is None:
        return ()
    inside = wide(core.of(features.detach()))
    return inside.sum(), inside.square().sum(), inside.new_tensor(inside.numel())


def above_in(features: Tensor, before: Sums, threshold: Threshold, softness: float | None = None) -> Tensor:
    """`above`, for a block of the map whose `threshold_sums` are `before`."""
    if threshold == "none":
        return torch.ones_like(features)
    if not before:
        return above(features, threshold)
    total, squares, number = before
    middle = total / number
    limit = (middle if threshold == "mean" else middle.new_tensor(threshold)).to(features)
    if softness is None:
        return features.detach().clone().gt_(limit)
    deviation = (squares / number - middle.square()).clamp(min=0).sqrt()
    return soft_mask(features, limit, (softness * deviation).to(features))
