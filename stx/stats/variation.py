"""Priors: pure functions of the picture alone -> scalar."""

from typing import Annotated

import torch
from annotated_types import Gt
from torch import Tensor


def total_variation(picture: Tensor, *, power: Annotated[float, Gt(0)], smoothing: Annotated[float, Gt(0)]) -> Tensor:
    """Mean over pixels of (|gradient|² + smoothing²)^(power/2), for a picture (3, H, W), RGB in [0, 1].

    The gradient is that of all channels together, by differences of neighbours (Mahendran & Vedaldi 2015, eq. 3; Rudin,
    Osher & Fatemi 1992 for power 1). They have no `smoothing`; without it the gradient
    of a flat place is not a number for powers below 2.
    """
    down = torch.nn.functional.pad((picture[:, 1:] - picture[:, :-1]).square().sum(0), (0, 0, 0, 1))
    across = torch.nn.functional.pad((picture[:, :, 1:] - picture[:, :, :-1]).square().sum(0), (0, 1))
    return (down + across + smoothing**2).pow(power / 2).mean()
