"""Our L-BFGS against SciPy's, and on losses of any scale."""

import numpy as np
import pytest
import torch
from scipy.optimize import minimize, rosen, rosen_der
from torch import Tensor

from stx.lbfgs import LBFGS, two_loop


def rosenbrock(x: Tensor) -> Tensor:
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


def descend(scale: float, steps: int, start: Tensor) -> tuple[Tensor, LBFGS]:
    x = start.clone().requires_grad_()
    optimiser = LBFGS([x], history=10, first_step=0.01)

    def closure() -> Tensor:
        x.grad = None
        loss = scale * rosenbrock(x)
        loss.backward()
        return loss

    for _ in range(steps):
        optimiser.step(closure)
    optimiser.settle()
    return x.detach(), optimiser


START = torch.tensor([-1.2, 1.0, -0.5, 0.8, 1.5], dtype=torch.float64)


def test_it_finds_the_minimum_that_scipy_finds() -> None:
    found, _ = descend(1.0, 200, START)
    theirs = minimize(rosen, START.numpy(), jac=rosen_der, method="L-BFGS-B", options={"maxfun": 200})
    np.testing.assert_allclose(found.numpy(), theirs.x, atol=1e-3)
    assert float(rosenbrock(found)) <= 10 * theirs.fun + 1e-9


@pytest.mark.parametrize("scale", [2.0**-200, 2.0**-60, 2.0**60, 2.0**200])
def test_the_path_does_not_depend_on_the_scale_of_the_loss(scale: float) -> None:
    """PyTorch's stands still at 1e-18 and explodes at 1e18."""
    torch.testing.assert_close(descend(scale, 40, START)[0], descend(1.0, 40, START)[0], rtol=1e-9, atol=1e-9)


def test_the_accepted_loss_never_rises_and_a_loss_that_is_not_finite_is_taken_back() -> None:
    x = torch.tensor([0.5], dtype=torch.float64, requires_grad=True)
    optimiser = LBFGS([x], history=5, first_step=0.4)
    accepted = []

    def closure() -> Tensor:  # a cliff at zero, where the minimum is near
        x.grad = None
        loss = (x.log() - x.new_tensor(0.01).log()).square().sum()
        loss.backward()
        return loss

    for _ in range(60):
        optimiser.step(closure)
        accepted.append(optimiser.state[x]["loss"])
    optimiser.settle()
    assert accepted == sorted(accepted, reverse=True)
    assert float(x.detach()) == pytest.approx(0.01, rel=1e-3)


def test_it_says_so_when_it_stalls() -> None:
    x = torch.ones(3, dtype=torch.float64, requires_grad=True)
    optimiser = LBFGS([x], history=5, first_step=0.1)

    def lying() -> Tensor:  # the gradient points uphill
        x.grad = None
        loss = x.square().sum()
        loss.backward()
        assert x.grad is not None
        x.grad.neg_()
        return loss

    for _ in range(60):
        optimiser.step(lying)
    assert optimiser.stalled
    torch.testing.assert_close(x.detach(), torch.ones(3, dtype=torch.float64))


def test_a_zero_gradient_is_a_stall_and_not_a_nan() -> None:
    x = torch.ones(3, requires_grad=True)
    optimiser = LBFGS([x], history=5, first_step=0.1)

    def flat() -> Tensor:
        x.grad = None
        loss = (0 * x).sum()
        loss.backward()
        return loss

    for _ in range(3):
        optimiser.step(flat)
    assert optimiser.stalled
    assert torch.equal(x.detach(), torch.ones(3))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_start_that_is_not_finite_is_a_stall_and_not_an_error(value: float) -> None:
    x = torch.ones(3, requires_grad=True)
    optimiser = LBFGS([x], history=5, first_step=0.1)

    def broken() -> Tensor:
        x.grad = None
        loss = (value * x).sum()
        loss.backward()
        return loss

    for _ in range(3):
        optimiser.step(broken)
    assert optimiser.stalled
    assert not optimiser.rejected
    assert torch.equal(x.detach(), torch.ones(3))


def test_two_loop_is_the_inverse_hessian_of_bfgs() -> None:
    """The recursion against the dense update that it stands for (Nocedal & Wright 2006, eq. 6.17)."""
    generator = torch.Generator().manual_seed(0)
    root = torch.randn(4, 4, generator=generator, dtype=torch.float64)
    hessian = root @ root.T + torch.eye(4, dtype=torch.float64)
    moves = torch.randn(3, 4, generator=generator, dtype=torch.float64)
    pairs = [(move, hessian @ move) for move in moves]
    gradient = torch.randn(4, generator=generator, dtype=torch.float64)
    moved, turned = pairs[-1]
    inverse = torch.eye(4, dtype=torch.float64) * (moved @ turned) / (turned @ turned)
    for moved, turned in pairs:
        rho = 1 / (moved @ turned)
        left = torch.eye(4, dtype=torch.float64) - rho * torch.outer(moved, turned)
        inverse = left @ inverse @ left.T + rho * torch.outer(moved, moved)
    torch.testing.assert_close(two_loop(gradient, pairs), -inverse @ gradient)
