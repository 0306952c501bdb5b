"""The search for the weight at which content distances are equal."""

import math

import pytest

from stx.studies.compare.balance import LONGEST_MOVE, Tried, exhausted, miss, next_beta


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
    assert next_beta([Tried(3, 0.1)], 5.0) == pytest.approx(3 * LONGEST_MOVE)
    assert next_beta([Tried(3, 5.0)], 0.01) == pytest.approx(3 / LONGEST_MOVE)


def test_a_statistic_that_does_not_touch_the_content_still_moves() -> None:
    beta = next_beta([Tried(1, 0.3), Tried(10, 0.3)], 0.6)
    assert math.isfinite(beta)
    assert beta > 1
