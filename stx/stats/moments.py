"""Mean and deviation of each channel: the statistics of batch normalisation."""

import math
from typing import Any

import torch
from torch import Tensor

from stx.errors import UserError
from stx.stats import guided
from stx.stats.fixed import fixes
from stx.stats.gathered import Size, Sums, channel_moments, gathers, mean_and_variance


class Moments(torch.autograd.Function):
    """Mean and variance of each row of (D, M), (D,) each.

    The gradient takes one pass, where autograd takes six: the deviations from the mean are not kept for it, and the
    mean's own part in the gradient of the variance is zero.
    """

    @staticmethod
    def forward(flat: Tensor) -> tuple[Tensor, Tensor]:
        mean = flat.sum(1) / flat.shape[1]
        squares = (flat - mean[:, None]).square_().sum(1)  # a third of torch.var_mean's time on a CPU
        return mean, squares / flat.shape[1]

    @staticmethod
    def setup_context(context: Any, inputs: tuple[Tensor], output: tuple[Tensor, Tensor]) -> None:
        context.save_for_backward(inputs[0], output[0])

    @staticmethod
    def backward(context: Any, of_mean: Tensor, of_variance: Tensor) -> Tensor:
        flat, mean = context.saved_tensors
        slope = 2 * of_variance / flat.shape[1]
        return torch.addcmul((of_mean / flat.shape[1] - slope * mean)[:, None], flat, slope[:, None])


def of_moments(sums: Sums, size: Size, *, epsilon: float) -> Tensor:
    mean, variance = mean_and_variance(sums, size)
    return torch.stack([mean, (variance + epsilon).sqrt()])


@gathers(channel_moments, of_moments)
@fixes("means", "deviations")
def mean_std(features: Tensor, *, epsilon: float, weights: Tensor | None = None) -> Tensor:
    """Mean and standard deviation of each channel over positions: shape (2, D), for features (D, H, W).

    The statistics that batch and instance normalisation set (Li et al. 2017, arXiv 1701.01036, section 4.2). `epsilon`
    is added to the variance, since the root has no gradient at zero. Raises UserError if it is zero in float32, or not
    finite.
    """
    if not torch.finfo(torch.float32).tiny <= epsilon < math.inf:
        raise UserError(f"epsilon is {epsilon}: it must be above 1e-37")
    if weights is None:
        mean, variance = Moments.apply(features.flatten(1))  # type: ignore[no-untyped-call]
    else:
        mean = guided.mean(features, weights)
        variance = guided.mean((features - mean[:, None, None]).square(), weights)
    return torch.stack([mean, (variance + epsilon).sqrt()])
