"""Paired differences to the reference, pair of pictures by pair, with bootstrap confidence intervals."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import bootstrap

from stx.runs.tracking.store import Run
from stx.studies.compare.balance import log_ratio
from stx.studies.compare.protocol import Cell, cells
from stx.studies.compare.work import Results

CONFIDENCE = 0.95
RESAMPLES = 9999


class Ratio(NamedTuple):
    """A measure of a statistic's pictures over the reference's, as the geometric mean over pairs of pictures."""

    mean: float
    low: float
    high: float
    """Bounds of the confidence interval; not a number with fewer than three pairs."""
    pairs: int

    @property
    def differs(self) -> bool:
        """The interval excludes one."""
        return self.low > 1 or self.high < 1


def ratio(results: Results, statistic: str, measure: str) -> Ratio | None:
    """None where no pair has both."""
    logs = np.array(list(by_pair(results, statistic, measure).values()))
    if not len(logs):
        return None
    low, high = interval(logs)
    return Ratio(math.exp(logs.mean()), math.exp(low), math.exp(high), len(logs))


def by_pair(results: Results, statistic: str, measure: str) -> dict[tuple[str, str], float]:
    """Logarithm of the ratio for each pair of pictures. Its seeds are averaged: they are no independent samples."""
    logarithms: dict[tuple[str, str], list[float]] = {}
    for cell in results.cells(statistic):
        both = results.closest(cell), results.closest(results.reference(cell))
        values = [one.run.latest.get(measure, math.nan) for one in both if one]
        if len(values) == 2 and all(0 < value < math.inf for value in values):
            logarithms.setdefault(cell.pair, []).append(math.log(values[0] / values[1]))
    return {pair: float(np.mean(values)) for pair, values in logarithms.items()}


def interval(values: np.ndarray) -> tuple[float, float]:
    """Of the mean, by the bootstrap with bias correction and acceleration (Efron 1987), from a fixed seed."""
    if len(values) < 3:
        return math.nan, math.nan
    if np.ptp(values) == 0:  # for which the acceleration is not defined
        return float(values[0]), float(values[0])
    interval = bootstrap(
        (values,), np.mean, confidence_level=CONFIDENCE, n_resamples=RESAMPLES, rng=np.random.default_rng(0)
    ).confidence_interval
    return float(interval.low), float(interval.high)


def mean_of(results: Results, statistic: str, of: Callable[[Run], float]) -> float:
    """Over all cells of a statistic that have it; not a number where none has."""
    values = [of(closest.run) for cell in results.cells(statistic) if (closest := results.closest(cell))]
    finite = [value for value in values if not math.isnan(value)]
    return float(np.mean(finite)) if finite else math.nan


def unmet(results: Results) -> list[tuple[Cell, float]]:
    """Cells that have not reached the reference's content distance, with theirs as a share of it."""
    missed = []
    for cell in cells(results.protocol):
        target, closest = results.target(cell), results.closest(cell)
        if target is not None and closest is not None:
            content = results.content(closest)
            if abs(log_ratio(content, target)) > results.protocol.tolerance:
                missed.append((cell, content / target if target > 0 else math.inf))
    return missed


def step_time(results: Results, statistic: str) -> float:
    """Median milliseconds a step of each cell's first run; not a number without runs."""
    first = [results.runs[cell][0].run for cell in results.cells(statistic) if results.runs.get(cell)]
    times = [value for run in first for _, value in run.history("time/step_ms")]
    return float(np.median(times)) if times else math.nan


def ranking(ratios: Mapping[str, Ratio | None]) -> Sequence[str]:
    """Statistics by what they score, the best first; those without a score last."""
    return sorted(ratios, key=lambda name: score.mean if (score := ratios[name]) else math.inf)
