"""The Gram matrix of Gatys et al. 2015 (arXiv 1508.06576)."""

from typing import Any

import torch
from torch import Tensor


class Correlation(torch.autograd.Function):
    """`F L(F)^T`, (D, D), for features F (D, M) and the values around them, L(F), of a linear and self-adjoint L.

    Its gradient is (G + G^T) L(F) (Gatys et al. 2015, eq. 6, for L = 1): one matrix product, where autograd takes two
    and the adjoint of L. All of it goes to F; none to L(F), which is taken as computed from F.
    """

    @staticmethod
    def forward(flat: Tensor, around: Tensor) -> Tensor:
        return flat @ around.T

    @staticmethod
    def setup_context(context: Any, inputs: tuple[Tensor, Tensor], output: Tensor) -> None:
        context.save_for_backward(inputs[1])

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None]:
        (around,) = context.saved_tensors
        return (around.T @ (gradient + gradient.T)).T, None  # position by position, as channels-last maps lie


def correlation(flat: Tensor, around: Tensor) -> Tensor:
    """Mean over positions of the products of `flat` and of a self-adjoint map of it, `around`: (D, M) to (D, D)."""
    product: Tensor = Correlation.apply(flat, around)  # type: ignore[no-untyped-call]
    return product / flat.shape[1]


def gram(features: Tensor) -> Tensor:
    """Correlations between channels, `F F^T / M`, for features (D, H, W) with M = H W: shape (D, D).

    Dividing by M keeps the statistic comparable between pictures of different sizes (Gatys et al. 2015, eq. 3,
    has the plain sum). With `quarter_mean_square` the distance is their eq. 4 when both sizes are equal.
    """
    flat = features.flatten(1)
    return correlation(flat, flat)


def quarter_mean_square(ours: Tensor, target: Tensor) -> Tensor:
    """`sum (G - A)^2 / (4 N^2 M^2)` of Gatys et al. 2015, eq. 4, for Gram matrices already divided by M."""
    return (ours - target).square().mean() / 4
