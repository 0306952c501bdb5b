"""Our L-BFGS against SciPy's, and on losses of any scale."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from torch import Tensor

from stx.loop.optimisers import lbfgs
from stx.loop.optimisers.lbfgs import LBFGS, curved, inner_products, inside, outwards, two_loop

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
        accepted.append(optimiser.state["loss"])
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


def begun(start: list[float], first_step: float, history: int = 5) -> tuple[Tensor, LBFGS]:
    x = torch.tensor(start, dtype=torch.float64, requires_grad=True)
    return x, LBFGS([x], history=history, first_step=first_step)


def told(optimiser: LBFGS, loss: float, gradient: list[float]) -> list[float]:
    """Where it goes next, when it is told the loss and the gradient of where it is."""
    image = optimiser.image

    def closure() -> Tensor:
        image.grad = image.new_tensor(gradient)
        return image.new_tensor(loss)

    optimiser.step(closure)
    return image.detach().tolist()


@pytest.mark.parametrize("shorter", [1.0, 0.25])
def test_the_first_step_is_along_the_gradient_and_as_long_as_it_was_told(shorter: float) -> None:
    x, optimiser = begun([0.5] * 4, 0.02)
    optimiser.shorten(shorter)
    gradient = torch.tensor([300.0, -400.0, 0.0, 100.0], dtype=torch.float64)
    moved = x.new_tensor(told(optimiser, 7.0, gradient.tolist())) - 0.5
    assert float(moved.square().mean().sqrt()) == pytest.approx(0.02 * shorter)
    torch.testing.assert_close(moved / moved.norm(), -gradient / gradient.norm())
    assert optimiser.accepted().tolist() == [0.5] * 4
    assert not optimiser.rejected


@pytest.mark.parametrize(("minimum", "tried"), [(0.6, 0.6), (0.68, 0.68), (0.53, 0.54)])
def test_a_step_too_long_goes_back_to_the_minimum_of_the_parabola(minimum: float, tried: float) -> None:
    """But not below a tenth, as the last one's would be."""
    _, optimiser = begun([0.5], 0.4)
    assert told(optimiser, (0.5 - minimum) ** 2, [2 * (0.5 - minimum)]) == pytest.approx([0.9])
    assert told(optimiser, (0.9 - minimum) ** 2, [2 * (0.9 - minimum)]) == pytest.approx([tried])
    assert optimiser.rejected
    assert optimiser.accepted().tolist() == [0.5]
    told(optimiser, (tried - minimum) ** 2, [2 * (tried - minimum)])
    assert not optimiser.rejected
    assert optimiser.accepted().tolist() == pytest.approx([tried])


def test_where_the_parabola_would_be_longer_half_of_the_step_is_left() -> None:
    _, optimiser = begun([0.5], 0.4)
    told(optimiser, 1.0, [-1.0])
    assert told(optimiser, 1.0 - 1e-5, [1.0]) == pytest.approx([0.7])  # no higher, but not enough lower


@pytest.mark.parametrize(
    ("loss", "gradient"),
    [(float("inf"), 1.0), (float("nan"), 1.0), (0.5, float("nan")), (0.5, float("inf"))],
)
def test_a_loss_or_a_gradient_that_is_not_finite_takes_the_step_back_by_half(loss: float, gradient: float) -> None:
    _, optimiser = begun([0.5], 0.4)
    told(optimiser, 1.0, [-1.0])
    assert told(optimiser, loss, [gradient]) == pytest.approx([0.7])
    assert optimiser.rejected
    assert not optimiser.stalled


@pytest.mark.parametrize(("share", "enough"), [(0.9e-4, False), (1.1e-4, True)])
def test_a_step_must_lower_the_loss_by_a_ten_thousandth_of_what_the_slope_promises(share: float, enough: bool) -> None:
    _, optimiser = begun([0.5, 0.5], 0.1)
    told(optimiser, 3.0, [-2.0, -2.0])  # 0.4 lower, says the slope
    told(optimiser, 3.0 - 0.4 * share, [-1.0, -1.0])
    assert optimiser.rejected is not enough


def test_a_quasi_newton_step_that_never_lowers_the_loss_gives_way_to_the_gradient_and_that_to_a_stall() -> None:
    _, optimiser = begun([0.4, 0.4], 0.02)
    told(optimiser, 3.0, [-1.0, -3.0])
    gradient = np.array([-0.5, -2.5])
    direction = np.array(told(optimiser, 2.0, gradient.tolist())) - (position := optimiser.accepted().numpy())
    for halvings in range(1, 13):  # to SMALLEST_STEP
        trial = told(optimiser, float("inf"), [1.0, 1.0])
        np.testing.assert_allclose(trial, position + direction / 2**halvings, rtol=1e-12)
    first = -gradient * 0.02 / np.sqrt(np.mean(gradient**2))
    for halvings in range(13):
        trial = told(optimiser, float("inf"), [1.0, 1.0])
        np.testing.assert_allclose(trial, position + first / 2**halvings, rtol=1e-12)
        assert not optimiser.stalled
    assert told(optimiser, float("inf"), [1.0, 1.0]) == position.tolist()
    assert optimiser.stalled
    assert told(optimiser, 0.0, [1.0, 1.0]) == position.tolist()  # for good


def test_after_the_curvature_is_forgotten_it_is_learnt_anew() -> None:
    _, optimiser = begun([0.4], 0.02)
    told(optimiser, 3.0, [-3.0])
    told(optimiser, 2.0, [-2.5])
    for _ in range(13):
        told(optimiser, float("inf"), [1.0])
    told(optimiser, 1.0, [-2.0])  # 0.02 further, 0.5 less steep
    assert optimiser.image.tolist() == pytest.approx([0.44 + 2.0 * 0.02 / 0.5])


def test_a_loss_that_curves_downwards_is_descended_in_first_steps() -> None:
    _, optimiser = begun([0.5], 0.01)
    for step in range(5):
        x = optimiser.image.item()
        assert told(optimiser, -(x**2), [-2 * x]) == pytest.approx([0.51 + 0.01 * step])


def test_a_gradient_that_vanishes_on_the_way_is_a_stall() -> None:
    _, optimiser = begun([0.5, 0.5], 0.1)
    reached = told(optimiser, 1.0, [1.0, 1.0])
    assert not optimiser.stalled
    assert told(optimiser, 0.5, [0.0, 0.0]) == reached
    assert optimiser.stalled


def test_a_pixel_held_at_its_bound_is_no_part_of_the_first_step() -> None:
    _, optimiser = begun([0.0, 1.0, 0.5, 0.0, 1.0, 0.5], 0.01)
    reached = told(optimiser, 1.0, [5.0, -5.0, 1.0, -1.0, 1.0, 0.0])
    move = 0.01 * 2**0.5  # of three pixels of six
    assert reached == pytest.approx([0.0, 1.0, 0.5 - move, move, 1.0 - move, 0.5])


def test_a_pixel_at_a_bound_moves_outwards_under_no_direction() -> None:
    position = torch.tensor([0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.5, 0.5])
    direction = torch.tensor([-1.0, 0.0, 1.0, 1.0, 0.0, -1.0, 1.0, -1.0])
    expected = [True, False, False, True, False, False, False, False]
    assert outwards(position, direction).tolist() == expected
    assert inside(position, -direction).tolist() == [not each for each in expected]


@pytest.mark.parametrize("cosine", [2e-8, 0.5e-8, -0.5])
@pytest.mark.parametrize("lengths", [(1.0, 1.0), (1e3, 1e3), (1e-3, 1e-3), (1e3, 1e-3)])
def test_a_pair_counts_by_the_cosine_between_move_and_turn(cosine: float, lengths: tuple[float, float]) -> None:
    move, turn = lengths
    rows = np.array([[9.0, 9.0], [9.0, 9.0], [move, 0.0], [turn * cosine, turn]])
    assert curved(rows @ rows.T, 2) is (cosine > 1e-8)


def test_it_takes_the_steps_of_bfgs_over_the_last_pairs_alone() -> None:
    """Against dense matrices, on a bowl wide enough that no step is taken back."""
    generator = torch.Generator().manual_seed(3)
    root = torch.randn(5, 5, generator=generator, dtype=torch.float64)
    hessian = (torch.eye(5, dtype=torch.float64) + 0.1 * root @ root.T).numpy()
    minimum = np.array([0.45, 0.5, 0.55, 0.5, 0.4])
    start = [0.52, 0.48, 0.5, 0.45, 0.5]
    _, optimiser = begun(start, 0.01, history=2)
    points, gradients = [], []
    for _ in range(8):
        x = optimiser.image.detach().numpy().copy()
        gradient = hessian @ (x - minimum)
        points.append(x)
        gradients.append(gradient)
        reached = told(optimiser, float((x - minimum) @ gradient / 2), gradient.tolist())
        assert not optimiser.rejected
        pairs = [(points[k + 1] - points[k], gradients[k + 1] - gradients[k]) for k in range(len(points) - 1)][-2:]
        if pairs:
            s, y = pairs[-1]
            inverse = np.eye(5) * (s @ y) / (y @ y)
            for s, y in pairs:
                left = np.eye(5) - np.outer(s, y) / (s @ y)
                inverse = left @ inverse @ left.T + np.outer(s, s) / (s @ y)
            np.testing.assert_allclose(reached, x - inverse @ gradient, rtol=1e-6)
    assert np.abs(reached - minimum).max() < 1e-3


def test_inner_products_are_those_of_the_free_pixels_in_chunks_of_any_size(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = torch.Generator().manual_seed(0)
    pairs, gradient = torch.randn(4, 50, generator=generator), torch.randn(50, generator=generator)
    free = torch.rand(50, generator=generator) > 0.3
    rows = torch.cat([pairs, gradient[None]])[:, free].double()
    for chunk in (7, 50, 2**18):
        monkeypatch.setattr(lbfgs, "CHUNK", chunk)
        products = inner_products(pairs, gradient, free)
        assert products.dtype == torch.float64
        torch.testing.assert_close(products, rows @ rows.T, rtol=1e-5, atol=1e-5)


def test_what_a_checkpoint_keeps_comes_back_to_the_bit() -> None:
    x = torch.tensor([0.5, 0.4], requires_grad=True)
    optimiser = LBFGS([x], history=3, first_step=0.01)
    for loss, gradient in ((3.0, [1.0, 0.3]), (2.5, [0.9, 0.2]), (float("inf"), [1.0, 1.0])):
        told(optimiser, loss, gradient)
    other = LBFGS([x.detach().clone().requires_grad_()], history=3, first_step=0.01)
    other.load_state_dict(optimiser.state_dict())
    assert (other.unit, other.rejected, other.stalled) == (optimiser.unit, True, False)
    slopes = [each.state["slope"] for each in (optimiser, other)]
    assert slopes[1].dtype == torch.float64
    assert torch.equal(*slopes)
    assert told(other, 2.4, [0.8, 0.1]) == told(optimiser, 2.4, [0.8, 0.1])
