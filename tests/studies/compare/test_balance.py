"""The search for the weight at which content distances are equal."""

import math

import pytest

from stx.studies.compare.balance import Tried, exhausted, miss, next_beta


def content_at(beta: float) -> float:
    """Like runs: straight on logarithmic axes in the middle, level at both ends."""
    return 0.2 + 0.8 / (1 + (10 / beta) ** 0.7)


@pytest.mark.parametrize("wanted", [0.3, 0.5, 0.8])
@pytest.mark.parametrize("start", [1.0, 10.0, 100.0])
def test_four_runs_meet_a_content_distance_within_two_percent(wanted: float, start: float) -> None:
    tried = [Tried(start, content_at(start))]
    while len(tried) < 5 and min(miss(run, wanted) for run in tried) > 0.02:
        beta = next_beta(tried, wanted)
        tried.append(Tried(beta, content_at(beta)))
    assert min(miss(run, wanted) for run in tried) <= 0.02


def test_on_a_power_law_the_third_run_is_the_last() -> None:
    tried = [Tried(beta, beta**0.4) for beta in (3.0, 5.0)]
    assert next_beta(tried, 2.0) == pytest.approx(2.0 ** (1 / 0.4), rel=1e-2)


def test_it_takes_the_runs_on_both_sides() -> None:
    """The two nearest lie below; the line through them would lead astray."""
    tried = [Tried(1, 0.4), Tried(2, 0.41), Tried(8, 0.8)]
    beta = next_beta(tried, 0.5)
    assert 2 < beta < 8


def test_who_no_longer_answers_to_more_weight_is_exhausted() -> None:
    assert exhausted([Tried(1000, 0.501), Tried(3, 0.3), Tried(100, 0.5)])
    assert not exhausted([Tried(1000, 0.6), Tried(100, 0.5)])
    assert not exhausted([Tried(110, 0.501), Tried(100, 0.5)])  # too near to tell
    assert not exhausted([Tried(3, 0.3)])


def test_a_move_is_never_longer_than_tenfold() -> None:
    assert next_beta([Tried(3, 0.1)], 5.0) == pytest.approx(30)
    assert next_beta([Tried(3, 5.0)], 0.01) == pytest.approx(0.3)


def test_a_statistic_that_does_not_touch_the_content_still_moves() -> None:
    beta = next_beta([Tried(1, 0.3), Tried(10, 0.3)], 0.6)
    assert math.isfinite(beta)
    assert beta > 1


@pytest.mark.parametrize("wanted", [0.5, 2.0])
def test_behind_one_run_content_is_taken_to_go_with_the_fourth_root_of_the_weight(wanted: float) -> None:
    assert next_beta([Tried(3, 1.1 * wanted)], wanted) == pytest.approx(3 * (1 / 1.1) ** 4, rel=5e-3)


@pytest.mark.parametrize("order", [1, -1])
def test_two_runs_on_one_side_are_gone_on_through_and_the_nearest_is_where_it_starts(order: int) -> None:
    tried = [Tried(2, 0.2), Tried(4, 0.2 * 2**0.3), Tried(8, 0.2 * 2**0.3 * 2**0.5)][::order]
    last = tried[::order][-1]
    assert next_beta(tried, last.content * 1.2) == pytest.approx(8 * 1.2 ** (1 / 0.5), rel=5e-3)


def test_of_runs_on_both_sides_the_nearest_of_each_are_taken() -> None:
    tried = [Tried(1, 0.1), Tried(4, 0.44), Tried(10, 0.55), Tried(90, 3.0)]
    slope = math.log(0.55 / 0.44) / math.log(10 / 4)
    assert next_beta(tried, 0.46) == pytest.approx(4 * (0.46 / 0.44) ** (1 / slope), rel=5e-3)
    assert next_beta(tried, 0.54) == pytest.approx(10 * (0.54 / 0.55) ** (1 / slope), rel=5e-3)


@pytest.mark.parametrize(("slope", "believed"), [(0.02, 0.02), (0.005, 0.25), (-0.4, 0.25), (0.5, 0.5)])
def test_a_slope_that_is_flat_or_falls_is_not_believed(slope: float, believed: float) -> None:
    tried = [Tried(1, 0.4), Tried(10, 0.4 * 10**slope)]
    nearest = min(tried, key=lambda run: miss(run, 0.41))
    expected = nearest.beta * max(0.1, min(10, (0.41 / nearest.content) ** (1 / believed)))
    assert next_beta(tried, 0.41) == pytest.approx(expected, rel=5e-3)


def test_a_weight_has_three_digits() -> None:
    beta = next_beta([Tried(3, 1.0)], 1.07)
    assert beta == float(f"{beta:.3g}") == pytest.approx(3 * 1.07**4, rel=5e-3)


@pytest.mark.parametrize(
    ("heavier", "content", "answer"),
    [(200, 0.5, True), (199, 0.5, False), (200, 0.5095, True), (200, 0.5105, False), (200, 0.4905, True)],
)
def test_exhausted_is_twice_the_weight_and_two_percent_of_content(heavier: float, content: float, answer: bool) -> None:
    assert exhausted([Tried(heavier, content), Tried(1, 0.9), Tried(100, 0.5)]) is answer


def test_a_miss_is_the_same_on_both_sides() -> None:
    assert miss(Tried(1, 2.0), 1.0) == miss(Tried(1, 1.0), 2.0) == pytest.approx(math.log(2))


def test_pictures_that_are_the_photograph_itself_are_searched_for_to_an_end() -> None:
    """Content distances of 0: `init.noise=0 optim.steps=1`, or a photograph in its own style."""
    assert miss(Tried(1, 0.0), 0.0) == 0
    assert miss(Tried(1, 0.5), 0.0) == miss(Tried(1, 0.0), 0.5) == math.inf
    assert next_beta([Tried(3, 0.0)], 0.0) == 3
    assert next_beta([Tried(3, 0.0)], 0.5) == 30  # as far as it goes at once, to where there is more style
    assert next_beta([Tried(3, 0.5)], 0.0) == 0.3
    assert next_beta([Tried(3, 0.5), Tried(0.3, 0.0)], 0.0) == 0.3
    assert exhausted([Tried(1, 0.0), Tried(3, 0.0)])
