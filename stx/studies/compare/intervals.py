"""How sure a mean over pairs of pictures is if several of them share a photograph or a style."""

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
    """The confidence interval of a mean; NaN if there are just two photographs or two styles, or only one of each."""

    low: float
    high: float
    p: float
    """Probability of a mean as far from zero if the true one is zero."""


def interval(values: Mapping[Pair, float]) -> Interval:
    """Interval of the mean over pairs (photograph, style), by the pigeonhole bootstrap (Owen 2007, arXiv 0712.1111).

    Photographs and styles are resampled independently, with replacement, and a pair is weighted by the product of how
    often its photograph and its style were drawn. Half the width is the standard deviation of the mean over many such
    draws, times Student's t; its degrees of freedom are one less than the number of photographs or of styles, whichever
    are fewer, and a group of one does not count. Resampling pairs as if they were independent would cover the truth 63
    times in 100 where it says 95, with 3 x 3 pairs of pictures like stx's.
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
    """Standard deviation of the mean over draws, which are always the same."""
    rng = np.random.default_rng(0)
    rows = drawn(rng, photographs)[:, [photographs.index(photograph) for photograph, _ in values]]
    columns = drawn(rng, styles)[:, [styles.index(style) for _, style in values]]
    weights = (rows * columns).astype(float)
    some = weights[weights.sum(1) > 0]  # a draw may hold no pair that was run
    return float(np.std(some @ np.array([*values.values()]) / some.sum(1)))


def drawn(rng: np.random.Generator, of: Sequence[str], times: int = RESAMPLES) -> NDArray[np.int64]:
    """How often each item is drawn in resamples of as many items: (times, len(of))."""
    return rng.multinomial(len(of), [1 / len(of)] * len(of), size=times)


def holm(of: Mapping[str, float]) -> dict[str, float]:
    """p-values adjusted for several tests: there is a false one below a level at most that often (Holm 1979)."""
    adjusted, largest = dict[str, float](), 0.0
    ordered = sorted((p, name) for name, p in of.items() if not math.isnan(p))
    for place, (p, name) in enumerate(ordered):
        largest = max(largest, min(1.0, p * (len(ordered) - place)))
        adjusted[name] = largest
    return {name: adjusted.get(name, math.nan) for name in of}


def means(of: Iterable[tuple[Pair, float]]) -> dict[Pair, float]:
    """The mean of each pair over its seeds, which are not independent samples."""
    several: dict[Pair, list[float]] = {}
    for pair, value in of:
        several.setdefault(pair, []).append(value)
    return {pair: float(np.mean(values)) for pair, values in several.items()}
