"""When a run ends before its last step."""

import pytest

from stx.loop.convergence import WINDOW, add, converged


def ends(losses: list[float], stop_at: float | None, first: int = 1) -> int | None:
    """The step at which a run with these losses ends."""
    lowest: list[float] = []
    for step, loss in enumerate(losses, first):
        lowest = add(lowest, step, loss)
        if converged(lowest, step, stop_at):
            return step
    return None


def test_a_loss_that_halves_every_window_never_converges_and_a_flat_one_does_after_two() -> None:
    falling = [0.5 ** (step / WINDOW) for step in range(1, 401)]
    assert ends(falling, 1e-3) is None
    assert ends([1.0] * 400, 1e-3) == 2 * WINDOW
    assert ends([1.0] * 400, 0.0) == 2 * WINDOW  # it falls by no more than that
    assert ends([1.0] * 400, None) is None


@pytest.mark.parametrize(("stop_at", "end"), [(0.009, None), (0.011, 100)])
def test_it_is_the_share_of_the_loss_that_counts(stop_at: float, end: int | None) -> None:
    assert ends([0.99 ** (1 + (step - 1) // WINDOW) for step in range(1, 201)], stop_at) == end


def test_a_step_that_is_taken_back_does_not_count() -> None:
    losses = [0.5 ** (step / WINDOW) for step in range(1, 201)]
    losses[99] = losses[149] = float("inf")
    assert ends(losses, 1e-3) is None


def test_a_level_that_begins_within_a_window_is_judged_from_its_first_whole_one() -> None:
    assert ends([1.0] * 400, 1e-3, first=31) == 100


def test_a_window_without_a_finite_loss_is_no_convergence() -> None:
    assert not converged([float("inf"), 5.0], 100, 1e-3)
    assert not converged([float("inf"), float("inf")], 100, 1e-3)
