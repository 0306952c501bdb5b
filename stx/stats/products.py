"""Mean products of channels over positions, one matrix product each way."""

from typing import Any

import torch
from torch import Tensor


class Correlation(torch.autograd.Function):
    """`F L(F)^T / M`, (D, D), for features F (D, M) and the values around them, L(F), of a linear, self-adjoint L.

    Its gradient is (G + G^T) L(F) / M (Gatys et al. 2015, eq. 6, for L = 1): one matrix product, where autograd takes
    two and the adjoint of L. All of it goes to F; none to L(F), which is taken as computed from F.
    """

    @staticmethod
    def forward(flat: Tensor, around: Tensor) -> Tensor:
        return scaled_product(flat, around.T, 1 / flat.shape[1])

    @staticmethod
    def setup_context(context: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
        context.save_for_backward(inputs[1])

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (around,) = context.saved_tensors
        per_position = scaled_product(around.T, gradient + gradient.T, 1 / around.shape[1])
        return per_position.T, None  # position by position, as channels-last maps lie


def scaled_product(left: Tensor, right: Tensor, factor: float) -> Tensor:
    """The matrix product times a number, which costs nothing within it."""
    return torch.addmm(left.new_empty(()), left, right, beta=0, alpha=factor)


def mean_products(flat: Tensor, around: Tensor) -> Tensor:
    """Mean over positions of the products of `flat` and of a self-adjoint map of it, `around`: (D, M) to (D, D)."""
    products: Tensor = Correlation.apply(flat, around)  # type: ignore[no-untyped-call]
    return products
