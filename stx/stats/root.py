"""The trace of a matrix's square root and its gradient, by matrix products alone: nothing waits for the host."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

POLYNOMIALS = (
    (7.5693, -74.5526, 248.5145, -319.6959, 139.1597),
    (7.5605, -74.3138, 247.5700, -318.3891, 138.5673),
    (7.4943, -72.5187, 240.4796, -308.5855, 134.1253),
    (6.9951, -59.9179, 191.2406, -240.8495, 103.5267),
    (4.4593, -17.6241, 39.1267, -39.9895, 15.0226),
    (2.5404205, -3.6085929, 3.4587453, -1.7534049, 0.3628320),
)
"""Coefficients of 1, x, ..., x^4, one row per iteration. `s p(s^2)` is the odd polynomial of degree nine that is
nearest to 1 on the range to which the rows before it map 1e-4 <= s <= 1 (the Polar Express of Amsel et al. 2025, arXiv
2505.16932); all rows but the last are smaller by 1/200, so that no rounding leads above 1. All six rows together map
1e-4 <= s <= 1 to 1 within 2e-7."""
AGAIN = 2
"""After this iteration the matrix is computed from the original one again, so that rounding errors do not add up."""
FLOOR = 4
"""Rounding errors of the sum of variances that are added to each variance, so that no eigenvalue falls below 0."""


def inverse_root(matrix: Tensor) -> Tensor:
    """`A^-1/2` (R, R) of a symmetric A that has no negative eigenvalues, and a trace of at most 1.

    `Q_k+1 = p_k(A_k) Q_k`, where the eigenvalues of `A_k = Q_k A Q_k^T` converge to 1: 27 products of size R.
    Eigenvalues below 1e-8 get less than their inverse root, at most 3.4e4.
    """
    root, current = None, matrix
    for number, coefficients in enumerate(POLYNOMIALS):
        step = polynomial(current, *coefficients)
        root = step if root is None else step @ root
        if number == AGAIN:
            current = symmetric(root @ matrix @ root.T)
        elif number < len(POLYNOMIALS) - 1:
            current = symmetric(step @ current @ step)
    assert root is not None
    return symmetric(root)


def polynomial(matrix: Tensor, a: float, b: float, c: float, d: float, e: float) -> Tensor:
    """`a + b A + c A^2 + d A^3 + e A^4` in two products."""
    square = matrix @ matrix
    inner = torch.add(d * matrix, square, alpha=e)
    inner.diagonal().add_(c)
    result = torch.addmm(matrix, square, inner, beta=b)
    result.diagonal().add_(a)
    return result


def symmetric(matrix: Tensor) -> Tensor:
    return (matrix + matrix.T) / 2


class Overlap(torch.autograd.Function):
    """`tr((T^1/2 C T^1/2)^1/2)` for a covariance C (R, R) and a diagonal T, given as its deviations t (R,).

    Its gradient is `T^1/2 (T^1/2 C T^1/2)^-1/2 T^1/2 / 2`, from the same inverse root. Float32 is enough because T is
    diagonal: where t is small, `t C t` is small and so is its rounding error; with any other T, all entries would be
    rounded as the largest one is. No gradient goes to T, and none to a C of zero, where the root has none.
    """

    @staticmethod
    def forward(covariance: Tensor, deviations: Tensor) -> tuple[Tensor, Tensor]:
        tiny = torch.finfo(covariance.dtype).tiny
        spread, size = covariance.trace(), torch.linalg.vector_norm(deviations)
        relative = deviations / size.clamp(min=tiny)
        product = covariance / spread.clamp(min=tiny)
        floor = FLOOR * torch.finfo(covariance.dtype).eps
        product.diagonal().add_(floor)
        product = symmetric(relative[:, None] * product * relative)
        share = product.trace().clamp(min=tiny)
        product = product / share
        root = inverse_root(product)
        scale = size * (spread.clamp(min=0) * share).sqrt()
        gradient = relative[:, None] * root * relative * (size / (2 * (spread.clamp(min=tiny) * share).sqrt()))
        gradient = torch.where(spread == 0, torch.zeros_like(gradient), gradient)
        # With the whole floor the trace is too large, without it too small; with half of it, right to first order.
        raised = (root.diagonal() * relative.square()).sum() * floor / share
        return ((root * product).sum() - raised / 2) * scale, gradient

    @staticmethod
    def setup_context(context: Any, inputs: tuple[Tensor, Tensor], output: tuple[Tensor, Tensor]) -> None:
        context.mark_non_differentiable(output[1])
        context.save_for_backward(output[1])

    @staticmethod
    @once_differentiable
    def backward(context: Any, overlap: Tensor, gradient: None) -> tuple[Tensor, None]:
        (slope,) = context.saved_tensors
        return overlap * slope, None


def overlap(covariance: Tensor, deviations: Tensor) -> Tensor:
    """`Overlap` as a function, without its second output, the gradient."""
    value: Tensor = Overlap.apply(covariance, deviations)[0]  # type: ignore[no-untyped-call]
    return value
