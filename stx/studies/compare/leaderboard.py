"""Differences from the reference over pairs of pictures, with confidence intervals; and what each statistic costs."""

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
    """Bounds of the confidence interval; NaN if there are too few photographs or styles (see `Interval`)."""
    pairs: int
    p: float = math.nan
    """Probability of as large a difference if there is none."""


def ratio(at: Level, statistic: str, measure: str, over: str | None = None) -> Ratio | None:
    """The ratio of a measure; None if no pair of pictures has it for both statistics."""
    return of_logarithms(ratios(at, statistic, measure, over))


def of_logarithms(logs: Mapping[Pair, float]) -> Ratio | None:
    """The ratio of which these are the logarithms; None without any."""
    if not logs:
        return None
    low, high, p = interval(logs)
    return Ratio(math.exp(float(np.mean([*logs.values()]))), math.exp(low), math.exp(high), len(logs), p)


def mean_of(results: Results, statistic: str, of: Callable[[Run], float]) -> float:
    """Geometric mean of `of` over all cells of a statistic that have it; NaN if none has."""
    values = [of(closest.run) for cell in results.cells(statistic) if (closest := results.closest(cell))]
    logs = [math.log(value) for value in values if 0 < value < math.inf]
    return math.exp(float(np.mean(logs))) if logs else math.nan


def unmet(results: Results) -> list[tuple[Cell, float]]:
    """Cells of which no run has met the reference's content distance, with the nearest run's as a share of it."""
    missed = []
    for cell in cells(results.protocol):
        target, closest = results.target(cell), results.closest(cell)
        if target is not None and closest is not None:
            content = results.content(closest)
            if abs(log_ratio(content, target)) > results.tolerance:
                missed.append((cell, content / target if target > 0 else math.inf))
    return missed


def step_time(results: Results, statistic: str) -> float:
    """Median, over cells, of the median milliseconds a step of the cell's first run; NaN without runs."""
    first = [results.runs[cell][0].run for cell in results.cells(statistic) if results.runs.get(cell)]
    histories = [[value for _, value in run.history("time/step_ms")] for run in first]
    times = [float(np.median(history)) for history in histories if history]
    return float(np.median(times)) if times else math.nan


def ranking(scores: Mapping[str, Ratio | None]) -> Sequence[str]:
    """Statistics by their scores, the best first; those without a score last."""
    return sorted(scores, key=lambda name: score.mean if (score := scores[name]) else math.inf)
