"""Which channels vary together, however much each of them varies."""

import math

import torch
from torch import Tensor

from stx.errors import UserError
from stx.stats.gram_matrix import mean_products


def correlation(features: Tensor, *, floor: float) -> Tensor:
    """Pearson's correlations between channels, the Gram matrix of standardised features: (D, D) for (D, H, W).

    A channel that hardly varies has no direction to speak of: to its variance, as to all, `floor`^2 of the mean
    variance is added, so that its correlations go to zero and its gradient stays finite. Raises UserError for a floor
    that is not above 0.
    """
    if not 0 < floor < math.inf:
        raise UserError(f"floor is {floor}: it must be above 0")
    flat = features.flatten(1)
    centred = flat - flat.mean(1, keepdim=True).detach()  # the covariance's gradient has no mean as it is
    covariance = mean_products(centred, centred)
    variance = covariance.diagonal()
    tiny = torch.finfo(variance.dtype).tiny
    scale = (variance + floor**2 * variance.mean()).clamp(min=tiny).rsqrt()
    return covariance * scale[:, None] * scale
