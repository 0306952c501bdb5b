"""Mean products of channels over positions, with one matrix product forward and one backward."""

from typing import Any

import torch
from torch import Tensor


class Correlation(torch.autograd.Function):
    """`F L(F)^T / M`, (D, D), for features F (D, M) and the values around them, L(F), for a linear, self-adjoint L.

    Its gradient is (G + G^T) L(F) / M (Gatys et al. 2015, eq. 6, for L = 1): one matrix product, where autograd takes
    two and the adjoint of L. All of the gradient goes to F, and none to L(F), which is taken to be computed from F.
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
        return per_position.T, None  # laid out position by position, as channels-last maps are


def scaled_product(left: Tensor, right: Tensor, factor: float) -> Tensor:
    """The matrix product times a factor, which costs nothing as a part of the product."""
    return torch.addmm(left.new_empty(()), left, right, beta=0, alpha=factor)


def mean_products(flat: Tensor, around: Tensor) -> Tensor:
    """Mean over positions of the products of `flat` with `around`, a self-adjoint map of it: (D, M) to (D, D)."""
    products: Tensor = Correlation.apply(flat, around)  # type: ignore[no-untyped-call]
    return products
