"""Paired ratios and their intervals, on runs with known measures."""

import math
from typing import Any

import numpy as np
import pytest

from stx.studies.compare.leaderboard import interval, mean_of, ranking, ratio, unmet
from stx.studies.compare.protocol import Cell, Protocol
from stx.studies.compare.work import CONTENT, Results, Try, wanted

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
    def __init__(self, content: float, style: float):
        self.latest = {CONTENT: content, STYLE: style}


def attempt(beta: float, content: float, style: float) -> Try:
    run: Any = Run(content, style)
    return Try(beta, run)


def results() -> Results:
    """`half` has half of the reference's distance, but for a factor that differs from pair to pair."""
    runs = {}
    for number, photograph in enumerate(PROTOCOL.photographs):
        for seed in PROTOCOL.seeds:
            runs[Cell("gram", photograph, "x", seed)] = [attempt(3, 0.5, 1.0 + number)]
            factor = 0.5 * 1.1 ** (number - 1.5)
            runs[Cell("half", photograph, "x", seed)] = [
                attempt(3, 0.9, 9.0),
                attempt(1, 0.505, (1.0 + number) * factor),
            ]
    return Results(PROTOCOL, runs, {})


def test_the_ratio_is_the_geometric_mean_over_pairs_at_the_nearest_content() -> None:
    half = ratio(results(), "half", STYLE)
    assert half
    assert half.mean == pytest.approx(0.5)
    assert half.pairs == 4
    assert half.low < 0.5 < half.high < 1
    assert half.differs


def test_seeds_of_a_pair_are_no_more_samples() -> None:
    one_seed = results()._replace(runs={cell: tries for cell, tries in results().runs.items() if cell.seed == 0})
    assert ratio(one_seed, "half", STYLE) == ratio(results(), "half", STYLE)


def test_the_reference_is_at_one_and_who_has_no_runs_at_nothing() -> None:
    own = ratio(results(), "gram", STYLE)
    assert own
    assert (own.mean, own.low, own.high) == (1, 1, 1)
    assert ratio(results(), "none", STYLE) is None
    assert math.isnan(mean_of(results(), "none", lambda run: run.latest[STYLE]))
    assert ranking({"none": None, "gram": own, "half": ratio(results(), "half", STYLE)}) == [
        "half",
        "gram",
        "none",
    ]


def test_two_pairs_have_no_interval() -> None:
    assert all(math.isnan(bound) for bound in interval(np.array([0.1, 0.2])))


def test_the_interval_covers_the_mean_as_often_as_it_says() -> None:
    generator = np.random.default_rng(3)
    covered = [low <= 0 <= high for low, high in (interval(generator.normal(size=20)) for _ in range(40))]
    assert 33 <= sum(covered) <= 40


def test_what_has_not_met_the_content_distance_is_listed_and_tried_again() -> None:
    trial, cell = results(), Cell("half", "a", "x", 0)
    never = [Cell("none", photograph, "x", seed) for photograph in "abcd" for seed in (0, 1)]
    trial.runs[cell] = [attempt(3, 0.9, 9.0)]
    assert unmet(trial) == [(cell, pytest.approx(1.8))]
    assert set(wanted(trial)) == {cell, *never}
    assert trial.closest(cell) == trial.runs[cell][0]
    trial.runs[cell] *= 3  # it has had its runs
    assert cell not in wanted(trial)
