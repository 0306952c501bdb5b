"""Means over the windows around positions, from which statistics of neighbourhoods are made."""

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from stx.stats.wrapped import wrapped


class BoxMean(torch.autograd.Function):
    """Mean over a (2r+1)^2 window around each position of maps (D, H, W), which are zero padded, or wrap around.

    A box is separable: two passes of 2r+1 instead of one of (2r+1)^2. It is symmetric, so it is its own adjoint, and
    its gradient costs the same; PyTorch's backward pass of a pooling runs on one thread for one picture.
    """

    @staticmethod
    def forward(maps: Tensor, radius: int, wraps: bool) -> Tensor:
        height, width = maps.shape[1:]
        down, across = min(radius, height - 1), min(radius, width - 1)  # beyond the picture there are only zeros
        # PyTorch recognises channels last by the stride of the batch of one too: otherwise it copies, 20 times slower.
        batch = maps.permute(1, 2, 0)[None].permute(0, 3, 1, 2)
        if wraps:
            rows = avg_pool2d(wrapped(batch, radius, [3]), (1, 2 * radius + 1), stride=1)
            return avg_pool2d(wrapped(rows, radius, [2]), (2 * radius + 1, 1), stride=1).squeeze(0)
        rows = avg_pool2d(batch, (1, 2 * across + 1), stride=1, padding=(0, across))
        means = avg_pool2d(rows, (2 * down + 1, 1), stride=1, padding=(down, 0)).squeeze(0)
        outside = (2 * across + 1) * (2 * down + 1) / (2 * radius + 1) ** 2
        return means if outside == 1 else means * outside

    @staticmethod
    def setup_context(context: Any, inputs: tuple[Tensor, int, bool], output: Tensor) -> None:
        _, context.radius, context.wraps = inputs

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        lying_as_features = gradient.permute(1, 2, 0).contiguous().permute(2, 0, 1)  # that of a soft mask does not
        return box_mean(lying_as_features, context.radius, context.wraps), None, None


def box_mean(maps: Tensor, radius: int, wraps: bool = False) -> Tensor:
    """`BoxMean` as a function."""
    means: Tensor = BoxMean.apply(maps, radius, wraps)  # type: ignore[no-untyped-call]
    return means


class Surroundings(torch.autograd.Function):
    """Where `mask` is 1, the window mean of the sum of all other channels, for maps (D, H, W) that are masked as well.

    Masking, windows and sums are symmetric, so it is its own adjoint: the gradient is the same function at the same
    cost.
    """

    @staticmethod
    def forward(maps: Tensor, mask: Tensor, radius: int, wraps: bool) -> Tensor:
        active = mask * maps
        own = box_mean(active, radius, wraps)
        return torch.sub(box_mean(active.sum(0, keepdim=True), radius, wraps), own, out=own).mul_(mask)

    @staticmethod
    def setup_context(context: Any, inputs: tuple[Tensor, Tensor, int, bool], output: Tensor) -> None:
        context.save_for_backward(inputs[1])
        _, _, context.radius, context.wraps = inputs

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:
        (mask,) = context.saved_tensors
        others = Surroundings.apply(gradient, mask, context.radius, context.wraps)  # type: ignore[no-untyped-call]
        return others, None, None, None


def surroundings(features: Tensor, mask: Tensor, radius: int, wraps: bool = False) -> Tensor:
    """`Surroundings` as a function, for a mask that may have a gradient itself."""
    if not mask.requires_grad:
        others: Tensor = Surroundings.apply(features, mask, radius, wraps)  # type: ignore[no-untyped-call]
        return others
    active = mask * features
    return mask * (box_mean(active.sum(0, keepdim=True), radius, wraps) - box_mean(active, radius, wraps))


def window_reach(*, radius: int, **_: object) -> int:
    return radius
