"""How sure a mean over pairs of pictures is, of which several share a photograph or a style."""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t

CONFIDENCE = 0.95
RESAMPLES = 4000

Pair = tuple[str, str]


class Interval(NamedTuple):
    """Of a mean; not numbers where there are fewer than three photographs and fewer than three styles."""

    low: float
    high: float
    p: float
    """Of as large a mean where the true one is zero."""


def interval(values: Mapping[Pair, float]) -> Interval:
    """Of the mean over pairs (photograph, style), by the pigeonhole bootstrap (Owen 2007, arXiv 0712.1111).

    Photographs are drawn again, with replacement, and styles by themselves, and a pair counts as often as both of its
    own. The standard deviation of the mean over many such draws, times Student's t with as many degrees of freedom as
    there are photographs, or styles, less one, whichever are fewer. Resampling pairs as if each were a sample of its
    own would cover the truth 63 times in 100 where it says 95, with 3 x 3 pairs of pictures like stx's.
    """
    photographs, styles = (sorted({pair[side] for pair in values}) for side in (0, 1))
    free = min((len(each) - 1 for each in (photographs, styles) if len(each) > 1), default=0)
    numbers = np.array([*values.values()])
    if free < 2:
        return Interval(math.nan, math.nan, math.nan)
    mean, error = float(numbers.mean()), spread(values, photographs, styles)
    if error == 0:
        return Interval(mean, mean, float(mean == 0))
    half = error * float(t.ppf((1 + CONFIDENCE) / 2, free))
    return Interval(mean - half, mean + half, 2 * float(t.sf(abs(mean) / error, free)))


def spread(values: Mapping[Pair, float], photographs: list[str], styles: list[str]) -> float:
    """Standard deviation of the mean over draws; always the same ones."""
    rng = np.random.default_rng(0)
    rows = drawn(rng, photographs)[:, [photographs.index(photograph) for photograph, _ in values]]
    columns = drawn(rng, styles)[:, [styles.index(style) for _, style in values]]
    weights = (rows * columns).astype(float)
    some = weights[weights.sum(1) > 0]  # a draw may hold no pair that was run
    return float(np.std(some @ np.array([*values.values()]) / some.sum(1)))


def drawn(rng: np.random.Generator, of: Sequence[str], times: int = RESAMPLES) -> NDArray[np.int64]:
    """How often each is drawn, among as many: (times, of)."""
    return rng.multinomial(len(of), [1 / len(of)] * len(of), size=times)


def holm(of: Mapping[str, float]) -> dict[str, float]:
    """p-values of several tests, so that all that stay below a level are wrong at most that often (Holm 1979)."""
    adjusted, largest = dict[str, float](), 0.0
    ordered = sorted((p, name) for name, p in of.items() if not math.isnan(p))
    for place, (p, name) in enumerate(ordered):
        largest = max(largest, min(1.0, p * (len(ordered) - place)))
        adjusted[name] = largest
    return {name: adjusted.get(name, math.nan) for name in of}


def means(of: Iterable[tuple[Pair, float]]) -> dict[Pair, float]:
    """Of each pair: its seeds are no samples of their own."""
    several: dict[Pair, list[float]] = {}
    for pair, value in of:
        several.setdefault(pair, []).append(value)
    return {pair: float(np.mean(values)) for pair, values in several.items()}
