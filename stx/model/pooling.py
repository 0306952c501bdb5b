"""Pooling between the network's blocks: windows of 2 x 2, maps (1, D, H, W) -> (1, D, H // 2, W // 2)."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, max_pool2d


class MaxPool(torch.autograd.Function):
    """`max_pool2d` that saves only the places of the maxima for its gradient.

    PyTorch also saves the input, although it needs only its shape: a third of what a whole step keeps.
    """

    @staticmethod
    def forward(maps: Tensor) -> tuple[Tensor, Tensor]:
        pooled, places = max_pool2d(maps, 2, return_indices=True)
        return pooled, places

    @staticmethod
    def setup_context(context: Any, inputs: tuple[Tensor], output: tuple[Tensor, Tensor]) -> None:
        context.size = inputs[0].shape[2:]
        context.mark_non_differentiable(output[1])
        context.save_for_backward(output[1])
        context.set_materialize_grads(False)

    @staticmethod
    def backward(context: Any, gradient: Tensor, _: None) -> Tensor:
        (places,) = context.saved_tensors
        # torch.nn.functional.max_unpool2d imports a computer algebra system to compare two sizes, which takes a second.
        scattered: Tensor = torch.ops.aten.max_unpool2d(gradient, places, context.size)
        return scattered


def max_pool(maps: Tensor) -> Tensor:
    if maps.is_cuda:  # there, unpooling does not keep the channels last format
        return max_pool2d(maps, 2)
    pooled: Tensor = MaxPool.apply(maps)[0]  # type: ignore[no-untyped-call]
    return pooled


def avg_pool(maps: Tensor) -> Tensor:
    return avg_pool2d(maps, 2)


def l2_pool(maps: Tensor) -> Tensor:
    """Root mean square of each window.

    The small constant keeps the gradient finite where a whole window is zero, as ReLU makes many; it is 1e-3 at
    most in the output, where raw activations are of the order of 100.
    """
    return (avg_pool2d(maps.square(), 2) + 1e-6).sqrt()


POOLING: dict[str, Callable[[Tensor], Tensor]] = {"max": max_pool, "avg": avg_pool, "l2": l2_pool}
