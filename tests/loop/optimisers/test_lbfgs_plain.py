"""PyTorch's L-BFGS with one evaluation a step, against the recursion in dense matrices."""

import copy

import numpy as np
import pytest
import torch

from stx.errors import UserError
from stx.loop.optimisers.lbfgs_plain import PlainLBFGS

HESSIAN = np.diag([1.0, 2.0, 0.5]) + 0.1


def begun(lr: float, history: int = 2, unit: float = 1.0) -> PlainLBFGS:
    return PlainLBFGS([torch.tensor([0.9, 0.2, 1.4], requires_grad=True)], lr=lr, history=history, unit=unit)


def gradient_of(optimiser: PlainLBFGS, hessian: np.ndarray = HESSIAN) -> np.ndarray:
    return hessian @ optimiser.image.detach().double().numpy()


def step(optimiser: PlainLBFGS, hessian: np.ndarray = HESSIAN) -> None:
    asked = []

    def closure() -> torch.Tensor:
        asked.append(1)
        optimiser.image.grad = optimiser.image.new_tensor(gradient_of(optimiser, hessian))
        return optimiser.image.new_tensor(7.0)

    assert float(optimiser.step(closure)) == 7.0
    assert len(asked) == 1


def test_its_steps_are_those_of_bfgs_over_the_last_pairs_and_not_clamped() -> None:
    optimiser = begun(0.8)
    points, gradients = [], []
    for number in range(7):
        x, gradient = optimiser.image.detach().double().numpy().copy(), gradient_of(optimiser)
        points.append(x)
        gradients.append(gradient)
        pairs = [(points[k + 1] - points[k], gradients[k + 1] - gradients[k]) for k in range(number)][-2:]
        inverse = np.eye(3)
        for place, (s, y) in enumerate(pairs):
            if place == 0:
                newest_s, newest_y = pairs[-1]
                inverse *= (newest_s @ newest_y) / (newest_y @ newest_y)
            left = np.eye(3) - np.outer(s, y) / (s @ y)
            inverse = left @ inverse @ left.T + np.outer(s, s) / (s @ y)
        length = 0.8 if pairs else 0.8 * min(1.0, 1 / np.abs(gradient).sum())
        step(optimiser)
        np.testing.assert_allclose(optimiser.image.detach().numpy(), x - length * inverse @ gradient, atol=2e-5)
    assert optimiser.accepted().tolist() == optimiser.image.tolist()
    assert optimiser.accepted().requires_grad is False


def test_it_measures_the_curvature_along_its_last_move_and_counts_its_pairs() -> None:
    optimiser = begun(0.5)
    step(optimiser)
    assert not optimiser.measured
    for pairs in (1, 2, 2, 2):
        before = optimiser.image.detach().double().numpy().copy()
        previous = optimiser.state[optimiser.image]
        move = (previous["d"] * previous["t"]).double().numpy().copy()
        step(optimiser)
        assert float(optimiser.measured["lbfgs/curvature"]) == pytest.approx(move @ HESSIAN @ move, rel=1e-4)
        assert float(optimiser.measured["lbfgs/pairs"]) == pairs
        assert np.abs(optimiser.image.detach().numpy() - before).max() > 0


def test_a_negative_curvature_is_measured_and_its_pair_is_not_kept() -> None:
    optimiser = begun(0.1)
    step(optimiser, -HESSIAN)
    step(optimiser, -HESSIAN)
    assert float(optimiser.measured["lbfgs/curvature"]) < 0
    assert float(optimiser.measured["lbfgs/pairs"]) == 0


def test_shortening_makes_the_first_step_shorter_by_the_factor() -> None:
    whole, quarter = begun(0.8), begun(0.8)
    quarter.shorten(0.25)
    start = whole.image.detach().clone()
    for optimiser in (whole, quarter):
        step(optimiser)
    torch.testing.assert_close(quarter.image - start, 0.25 * (whole.image - start))
    assert not whole.stalled
    assert not whole.rejected


def test_in_another_unit_it_is_pytorchs_on_values_that_are_as_many_times_larger() -> None:
    ours = begun(0.8, unit=256)
    theirs = torch.tensor([0.9, 0.2, 1.4]).mul(256).requires_grad_()
    plain = torch.optim.LBFGS([theirs], lr=0.8, max_iter=1, history_size=2)

    def closure() -> torch.Tensor:
        theirs.grad = theirs.new_tensor(HESSIAN @ (theirs.detach().double().numpy() / 256) / 256)
        return theirs.new_tensor(7.0)

    for _ in range(6):
        step(ours)
        plain.step(closure)  # type: ignore[no-untyped-call]
        torch.testing.assert_close(ours.image.detach(), theirs.detach() / 256)
    again = PlainLBFGS([ours.image.detach().clone().requires_grad_()], lr=0.8, history=2, unit=256)
    again.load_state_dict(copy.deepcopy(ours.state_dict()))
    step(again)
    step(ours)
    assert torch.equal(again.image, ours.image)


def test_a_unit_that_would_round_is_refused() -> None:
    with pytest.raises(UserError, match=r"optim.unit=255: it must be a power of two"):
        begun(1, unit=255)
