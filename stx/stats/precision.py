"""The widest floating-point type that a device has."""

import torch
from torch import Tensor


def widest(device: torch.device) -> torch.dtype:
    """Float64, or float32 on Apple's GPUs (mps), which have none wider: sums of squares overflow sooner there."""
    return torch.float32 if device.type == "mps" else torch.float64


def wide(values: Tensor) -> Tensor:
    return values.to(widest(values.device))
