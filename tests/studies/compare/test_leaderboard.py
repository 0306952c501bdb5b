"""Paired ratios and their intervals, on runs with known measures."""

import math
from collections.abc import Sequence
from typing import Any

import pytest

from stx.studies.compare.equal import level
from stx.studies.compare.leaderboard import Ratio, mean_of, ranking, ratio, step_time, unmet
from stx.studies.compare.protocol import Cell, Protocol
from stx.studies.compare.work import Results, Try, wanted

STYLE = "measure/sliced_wasserstein"
PROTOCOL = Protocol(
    statistics={"gram": "", "half": "", "none": ""},
    reference="gram",
    photographs=["a", "b", "c", "d"],
    styles=["x"],
    seeds=[0, 1],
    settings=[],
    betas={"gram": 3},
    runs=3,
    tolerance=0.02,
)


class Run:
    def __init__(self, content: float, style: float, times: Sequence[float] = ()):
        self.latest = {"measure/content": content, STYLE: style}
        self.times = times

    def history(self, metric: str) -> list[tuple[int, float]]:
        return [*enumerate(self.times, start=1)] if metric == "time/step_ms" else []


def attempt(beta: float, content: float, style: float, times: Sequence[float] = ()) -> Try:
    run: Any = Run(content, style, times)
    return Try(beta, run)


def results() -> Results:
    """`half` has half of the reference's distance at its content, but for a factor that differs from pair to pair."""
    runs = {}
    for number, photograph in enumerate(PROTOCOL.photographs):
        for seed in PROTOCOL.seeds:
            runs[Cell("gram", photograph, "x", seed)] = [attempt(3, 0.5, 1.0 + number)]
            factor = 0.5 * 1.1 ** (number - 1.5)
            runs[Cell("half", photograph, "x", seed)] = [
                attempt(3, 0.9, 9.0),
                attempt(1, 0.5, (1.0 + number) * factor),
            ]
    return Results(PROTOCOL, runs, {}, "content")


def test_the_ratio_is_the_geometric_mean_over_pairs_at_the_nearest_content() -> None:
    half = ratio(level(results(), "content"), "half", STYLE)
    assert half
    assert half.mean == pytest.approx(0.5)
    assert half.pairs == 4
    assert half.low < 0.5 < half.high < 1


def test_seeds_of_a_pair_are_no_more_samples() -> None:
    one_seed = results()._replace(runs={cell: tries for cell, tries in results().runs.items() if cell.seed == 0})
    assert ratio(level(one_seed, "content"), "half", STYLE) == ratio(level(results(), "content"), "half", STYLE)


def test_the_reference_is_at_one_and_who_has_no_runs_at_nothing() -> None:
    at = level(results(), "content")
    own = ratio(at, "gram", STYLE)
    assert own
    assert (own.mean, own.low, own.high) == (1, 1, 1)
    assert ratio(at, "none", STYLE) is None
    assert math.isnan(mean_of(results(), "none", lambda run: run.latest[STYLE]))
    assert ranking({"none": None, "gram": own, "half": ratio(at, "half", STYLE)}) == [
        "half",
        "gram",
        "none",
    ]


def test_what_has_not_met_the_content_distance_is_listed_and_tried_again() -> None:
    trial, cell = results(), Cell("half", "a", "x", 0)
    never = [Cell("none", photograph, "x", seed) for photograph in "abcd" for seed in (0, 1)]
    trial.runs[cell] = [attempt(3, 0.9, 9.0)]
    assert unmet(trial) == [(cell, pytest.approx(1.8))]
    assert set(wanted(trial)) == {cell, *never}
    assert trial.closest(cell) == trial.runs[cell][0]
    trial.runs[cell] *= 3  # it has had its runs
    assert cell not in wanted(trial)


def test_the_mean_is_of_the_runs_nearest_in_content_that_have_a_number() -> None:
    trial = results()
    own = [(1.0 + number) * 0.5 * 1.1 ** (number - 1.5) for number in range(4)]
    assert mean_of(trial, "half", lambda run: run.latest[STYLE]) == pytest.approx(math.prod(own) ** (1 / 4))
    for seed in (0, 1):
        trial.runs[Cell("half", "a", "x", seed)][1].run.latest[STYLE] = math.nan
    assert mean_of(trial, "half", lambda run: run.latest[STYLE]) == pytest.approx(math.prod(own[1:]) ** (1 / 3))


@pytest.mark.parametrize(
    ("share", "missed"), [(1.019, False), (1.022, True), (0.981, False), (0.978, True), (1, False)]
)
def test_a_content_distance_is_met_within_the_tolerance_on_both_sides(share: float, missed: bool) -> None:
    trial, cell = results(), Cell("half", "a", "x", 0)
    trial.runs[cell] = [attempt(3, 0.5 * share, 1.0)]
    assert unmet(trial) == ([(cell, pytest.approx(share))] if missed else [])


def test_a_difference_of_exactly_the_tolerance_is_met() -> None:
    trial, cell = results(), Cell("half", "a", "x", 0)
    trial.runs[cell] = [attempt(3, 0.5 * 1.5, 1.0)]
    exact = trial._replace(protocol=PROTOCOL.model_copy(update={"tolerance": math.log(1.5)}))
    assert unmet(exact) == []


def test_a_steps_time_is_the_median_over_the_first_runs_of_cells_of_each_ones_median() -> None:
    first, other = Cell("half", "a", "x", 0), Cell("half", "b", "x", 0)
    trial = Results(
        PROTOCOL,
        {
            first: [attempt(3, 0.5, 1.0, [10.0, 12.0, 500.0]), attempt(1, 0.5, 1.0, [1.0] * 9)],
            other: [attempt(3, 0.5, 1.0, [14.0, 16.0])],
        },
        {},
        "content",
    )
    assert step_time(trial, "half") == 13.5  # of 12 and 15
    assert math.isnan(step_time(trial, "gram"))


def test_the_best_stands_first_and_who_has_no_score_last() -> None:
    scores = {"b": Ratio(1.2, 1, 1, 1), "none": None, "a": Ratio(0.5, 1, 1, 1), "c": Ratio(1.0, 1, 1, 1)}
    assert ranking(scores) == ["a", "c", "b", "none"]
