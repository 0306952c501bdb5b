"""Differences to the reference, pair of pictures by pair, with confidence intervals; and what each statistic costs."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from stx.runs.tracking.stored import Run
from stx.studies.compare.balance import log_ratio
from stx.studies.compare.equal import Level, ratios
from stx.studies.compare.intervals import Pair, interval
from stx.studies.compare.protocol import Cell, cells
from stx.studies.compare.work import Results


class Ratio(NamedTuple):
    """A measure of a statistic's pictures over another's, as the geometric mean over pairs of pictures."""

    mean: float
    low: float
    high: float
    """Bounds of the confidence interval; not a number with fewer than three photographs and three styles."""
    pairs: int
    p: float = math.nan
    """Of as large a difference where there is none."""


def ratio(at: Level, statistic: str, measure: str, over: str | None = None) -> Ratio | None:
    """None where no pair has both."""
    return of_logarithms(ratios(at, statistic, measure, over))


def of_logarithms(logs: Mapping[Pair, float]) -> Ratio | None:
    """None without any."""
    if not logs:
        return None
    low, high, p = interval(logs)
    return Ratio(math.exp(float(np.mean([*logs.values()]))), math.exp(low), math.exp(high), len(logs), p)


def mean_of(results: Results, statistic: str, of: Callable[[Run], float]) -> float:
    """Geometric mean over all cells of a statistic that have it; not a number where none has."""
    values = [of(closest.run) for cell in results.cells(statistic) if (closest := results.closest(cell))]
    logs = [math.log(value) for value in values if 0 < value < math.inf]
    return math.exp(float(np.mean(logs))) if logs else math.nan


def unmet(results: Results) -> list[tuple[Cell, float]]:
    """Cells no run of which has met the reference's content distance, with theirs as a share of it."""
    missed = []
    for cell in cells(results.protocol):
        target, closest = results.target(cell), results.closest(cell)
        if target is not None and closest is not None:
            content = results.content(closest)
            if abs(log_ratio(content, target)) > results.tolerance:
                missed.append((cell, content / target if target > 0 else math.inf))
    return missed


def step_time(results: Results, statistic: str) -> float:
    """Median milliseconds a step of each cell's first run, and of those the median; not a number without runs."""
    first = [results.runs[cell][0].run for cell in results.cells(statistic) if results.runs.get(cell)]
    histories = [[value for _, value in run.history("time/step_ms")] for run in first]
    times = [float(np.median(history)) for history in histories if history]
    return float(np.median(times)) if times else math.nan


def ranking(scores: Mapping[str, Ratio | None]) -> Sequence[str]:
    """Statistics by what they score, the best first; those without a score last."""
    return sorted(scores, key=lambda name: score.mean if (score := scores[name]) else math.inf)
