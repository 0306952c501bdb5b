"""The squared distance between two values of a statistic."""

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import mse_loss


class SquaredError(torch.autograd.Function):
    """`factor` times the sum of squared differences.

    PyTorch's own gradient loses the memory format. The plain formula takes twice as many passes over memory, and keeps
    the difference, whereas the values that are kept here are often kept anyway.
    """

    @staticmethod
    def forward(ours: Tensor, target: Tensor, factor: float) -> Tensor:
        return mse_loss(ours, target, reduction="sum") * factor

    @staticmethod
    def setup_context(context: Any, inputs: tuple[Tensor, Tensor, float], output: Tensor) -> None:
        context.save_for_backward(*inputs[:2])
        context.factor = inputs[2]

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, Tensor | None, None]:
        ours, target = context.saved_tensors
        to_ours = (ours - target).mul_(gradient * (2 * context.factor))
        return to_ours, -to_ours if context.needs_input_grad[1] else None, None


def squared_error(ours: Tensor, target: Tensor, factor: float) -> Tensor:
    """`factor` times `sum (S - T)^2`, for values S and T of one shape: one number."""
    total: Tensor = SquaredError.apply(ours, target, factor)  # type: ignore[no-untyped-call]
    return total
