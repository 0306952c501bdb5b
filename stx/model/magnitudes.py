"""Magnitudes of tensors, for a whole list in two kernels."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from stx.stats.precision import widest


def root_mean_squares(values: Sequence[Tensor]) -> Sequence[Tensor]:
    """The root mean square of each tensor; on a GPU two kernels for all of them."""
    if not values:
        return []
    norms = torch._foreach_norm([each.detach() for each in values], 2, dtype=widest(values[0].device))
    return torch._foreach_div(norms, [math.sqrt(each.numel()) for each in values])


def largest(maps: Sequence[Tensor]) -> Sequence[Tensor]:
    """The largest magnitude in each map, not finite if any value is not; on a GPU two kernels for all of them."""
    return torch._foreach_norm([each.detach() for each in maps], math.inf) if maps else []
