"""Our L-BFGS against SciPy's, and on losses of any scale."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from torch import Tensor

from stx.loop.optimisers.lbfgs import LBFGS, inner_products, two_loop

Loss = Callable[[Tensor], Tensor]


def rosenbrock(x: Tensor) -> Tensor:
    """In [0, 1] for its [-2, 2]: the minimum is at 0.75."""
    y = 4 * x - 2
    return (100 * (y[1:] - y[:-1] ** 2) ** 2 + (1 - y[:-1]) ** 2).sum()


def shifted(x: Tensor) -> Tensor:
    """Rosenbrock's, with its minimum where two of the numbers are out of bounds."""
    return rosenbrock(x + x.new_tensor([0.0, 0.3, 0.0, 0.0, -0.9]))


def quartic(x: Tensor) -> Tensor:
    """Convex, badly conditioned, with a minimum at which every other number is at a bound."""
    weights = torch.logspace(0, 4, len(x), dtype=x.dtype)
    target = x.new_tensor([-0.3, 0.2, 1.4, 0.6, -0.1])
    return (weights * ((x - target) ** 2 + (x - target) ** 4)).sum() + (x.sum() - 1) ** 2


def descend(scale: float, steps: int, start: Tensor, loss_of: Loss = rosenbrock) -> tuple[Tensor, LBFGS]:
    x = start.clone().requires_grad_()
    optimiser = LBFGS([x], history=10, first_step=0.01)

    def closure() -> Tensor:
        x.grad = None
        loss = scale * loss_of(x)
        loss.backward()
        return loss

    for _ in range(steps):
        optimiser.step(closure)
        assert 0 <= x.min() <= x.max() <= 1
    optimiser.settle()
    return x.detach(), optimiser


START = torch.tensor([0.2, 0.75, 0.375, 0.7, 0.875], dtype=torch.float64)


@pytest.mark.parametrize("loss_of", [rosenbrock, shifted, quartic])
def test_it_finds_the_minimum_within_bounds_that_scipy_finds(loss_of: Loss) -> None:
    ours, _ = descend(1.0, 300, START, loss_of)

    def theirs_of(x: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        point = torch.tensor(x, requires_grad=True)
        loss = loss_of(point)
        loss.backward()
        assert point.grad is not None
        return float(loss.detach()), point.grad.numpy()

    options = {"maxfun": 1000, "ftol": 1e-15, "gtol": 1e-9}
    theirs = minimize(theirs_of, START.numpy(), jac=True, method="L-BFGS-B", bounds=[(0, 1)] * 5, options=options)
    np.testing.assert_allclose(ours.numpy(), theirs.x, atol=1e-4)
    assert float(loss_of(ours)) <= theirs.fun + 1e-6 * max(1.0, theirs.fun)


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
    x = torch.full((3,), 0.5, dtype=torch.float64, requires_grad=True)
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
    torch.testing.assert_close(x.detach(), torch.full((3,), 0.5, dtype=torch.float64))


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


def test_two_loop_is_the_inverse_hessian_of_bfgs_over_the_free_pixels() -> None:
    """The recursion against the dense update that it stands for (Nocedal & Wright 2006, eq. 6.17)."""
    generator = torch.Generator().manual_seed(0)
    root = torch.randn(4, 4, generator=generator, dtype=torch.float64)
    hessian = root @ root.T + torch.eye(4, dtype=torch.float64)
    free = torch.tensor([True, True, False, True, True])
    moves, gradient = (torch.randn(*size, generator=generator, dtype=torch.float64) for size in ((3, 5), (5,)))
    turns = torch.randn(3, 5, generator=generator, dtype=torch.float64)  # what stands at held pixels is left out
    turns[:, free] = moves[:, free] @ hessian
    inverse = torch.eye(4, dtype=torch.float64)
    for number, (moved, turned) in enumerate(zip(moves[:, free], turns[:, free], strict=True)):
        rho = 1 / (moved @ turned)
        if number == 0:
            newest = moves[-1, free] @ turns[-1, free] / (turns[-1, free] @ turns[-1, free])
            inverse = inverse * newest
        left = torch.eye(4, dtype=torch.float64) - rho * torch.outer(moved, turned)
        inverse = left @ inverse @ left.T + rho * torch.outer(moved, moved)
    pairs = torch.stack([moves, turns], 1).flatten(0, 1)
    coefficients = torch.from_numpy(two_loop(inner_products(pairs, gradient, free).numpy(), [0, 2, 4]))
    direction = coefficients @ torch.cat([pairs, gradient[None]])
    torch.testing.assert_close(direction[free], -inverse @ gradient[free])


def test_a_run_taken_up_again_takes_the_same_steps() -> None:
    """Through the state that a checkpoint keeps, while a step is under way."""
    whole, _ = descend(1.0, 25, START, shifted)
    x = START.clone().requires_grad_()

    def closure() -> Tensor:
        x.grad = None
        loss = shifted(x)
        loss.backward()
        return loss

    optimiser = LBFGS([x], history=10, first_step=0.01)
    for step in range(25):
        if step == 12:
            state = optimiser.state_dict()
            x = x.detach().clone().requires_grad_()
            optimiser = LBFGS([x], history=10, first_step=0.01)
            optimiser.load_state_dict(state)
        optimiser.step(closure)
    optimiser.settle()
    assert torch.equal(x.detach(), whole)
