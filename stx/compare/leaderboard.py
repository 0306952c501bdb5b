"""Paired differences to the reference, pair of pictures by pair, with bootstrap confidence intervals."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import bootstrap

from stx.compare.protocol import Cell, Protocol, cells
from stx.compare.work import CONTENT, Runs, closest, target_of
from stx.store import Run

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


def ratio(protocol: Protocol, runs: Runs, statistic: str, measure: str) -> Ratio | None:
    """None where no pair has both. Seeds of one pair are averaged first: they are no independent samples."""
    by_pair: dict[tuple[str, str], list[float]] = {}
    for cell in cells(protocol):
        if cell.statistic == statistic and (value := log_ratio(protocol, runs, cell, measure)) is not None:
            by_pair.setdefault(cell.pair, []).append(value)
    if not by_pair:
        return None
    logs = np.array([np.mean(values) for values in by_pair.values()])
    low, high = interval(logs)
    return Ratio(math.exp(logs.mean()), math.exp(low), math.exp(high), len(logs))


def log_ratio(protocol: Protocol, runs: Runs, cell: Cell, measure: str) -> float | None:
    ours = closest(protocol, cell, runs)
    reference = closest(protocol, cell._replace(statistic=protocol.reference), runs)
    if not ours or not reference:
        return None
    values = [run.latest.get(measure, math.nan) for run in (ours.run, reference.run)]
    return math.log(values[0] / values[1]) if all(value > 0 for value in values) else None


def interval(values: np.ndarray) -> tuple[float, float]:
    """Of the mean, by the bootstrap with bias correction and acceleration (Efron 1987), from a fixed seed."""
    if len(values) < 3:
        return math.nan, math.nan
    if np.ptp(values) == 0:  # for which the acceleration is not defined
        return float(values[0]), float(values[0])
    found = bootstrap(
        (values,), np.mean, confidence_level=CONFIDENCE, n_resamples=RESAMPLES, rng=np.random.default_rng(0)
    ).confidence_interval
    return float(found.low), float(found.high)


def mean_of(protocol: Protocol, runs: Runs, statistic: str, measure: str) -> float:
    """Over all cells of a statistic; not a number where none has it."""
    found = [
        made.run.latest[measure]
        for cell in cells(protocol)
        if cell.statistic == statistic and (made := closest(protocol, cell, runs)) and measure in made.run.latest
    ]
    return float(np.mean(found)) if found else math.nan


def unmet(protocol: Protocol, runs: Runs) -> list[tuple[Cell, float]]:
    """Cells that have not reached the reference's content distance, with theirs as a share of it."""
    found = []
    for cell in cells(protocol):
        target, made = target_of(protocol, cell, runs), closest(protocol, cell, runs)
        if target is not None and made is not None:
            share = made.run.latest[CONTENT] / target
            if abs(math.log(share)) > protocol.tolerance:
                found.append((cell, share))
    return found


def step_time(runs: Iterable[Run]) -> float:
    """Median milliseconds a step."""
    times = [value for run in runs for _, value in run.history("time/step_ms")]
    return float(np.median(times)) if times else math.nan


def ranking(ratios: Mapping[str, Ratio | None]) -> Sequence[str]:
    """Statistics by what they score, the best first; those without a score last."""
    return sorted(ratios, key=lambda name: found.mean if (found := ratios[name]) else math.inf)
