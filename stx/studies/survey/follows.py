"""Which measure follows people: how often it would have chosen as they did, and whether it ranks methods as they do."""

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from scipy.stats import rankdata

from stx.studies.survey.key import Key
from stx.studies.survey.votes import Floats, Votes, half_width

FEWEST_METHODS = 3
"""Fewest methods whose order says anything."""


class Bounded(NamedTuple):
    """A number with its interval."""

    value: float
    low: float
    high: float


class Follows(NamedTuple):
    share: Bounded
    """Share of answers that chose the picture that is better by the measure; a tie counts one half."""
    correlation: Bounded
    """Spearman's correlation of the methods' strengths with the share of comparisons that each wins by the measure."""
    answers: int


def follows(of: Votes, key: Key, measure: str, higher: bool, best: Floats, draws: Floats) -> Follows | None:
    """How far a measure follows people; None if no answer is about two pictures that have the measure.

    `higher`: whether a higher value is better. `best` and `draws`: the strengths by people, from all answers and in
    each draw.
    """
    gains = np.array([gain(key, measure, vote.chosen, vote.other, higher) for vote in of.votes])
    some = np.isfinite(gains)
    if not some.any():
        return None
    agrees = np.where(some, (np.sign(gains) + 1) / 2, 0.0)
    whole = np.ones((1, len(gains))) * some
    drawn = of.weights * some
    kept = drawn.sum(1) > 0  # a draw may hold none of them
    share, shares = (each @ agrees / each.sum(1) for each in (whole, drawn[kept]))
    rank = correlations(best[None], shares_won(of, agrees, whole))
    ranks = correlations(draws[kept], shares_won(of, agrees, drawn[kept]))
    return Follows(bounded(share[0], shares, of.free, 0, 1), bounded(rank[0], ranks, of.free, -1, 1), int(some.sum()))


def gain(key: Key, measure: str, chosen: str, other: str, higher: bool) -> float:
    """By how much the chosen picture is better by the measure."""
    values: list[Mapping[str, float]] = [key.pictures[name].measures for name in (chosen, other)]
    one, two = (each.get(measure, math.nan) for each in values)
    return (one - two) * (1 if higher else -1)


def shares_won(of: Votes, agrees: Floats, weights: Floats) -> Floats:
    """The share of its comparisons that each method wins by the measure, in each draw; NaN if it has none."""
    chosen, other = (np.eye(len(of.methods))[each] for each in (of.winners, of.losers))
    wins = (weights * agrees) @ chosen + (weights * (1 - agrees)) @ other
    counts = weights @ (chosen + other)
    return np.divide(wins, counts, out=np.full(wins.shape, np.nan), where=counts > 0)


def correlations(strengths: Floats, shares: Floats) -> Floats:
    """Spearman's correlation, row by row, over the methods that have both; NaN if they are too few or have no order."""
    return np.array([spearman(one, other) for one, other in zip(strengths, shares, strict=True)])


def spearman(one: Floats, other: Floats) -> float:
    both = np.isfinite(one) & np.isfinite(other)
    one, other = one[both], other[both]
    if len(one) < FEWEST_METHODS or np.ptp(one) == 0 or np.ptp(other) == 0:
        return math.nan
    return float(np.corrcoef(rankdata(one), rankdata(other))[0, 1])


def bounded(value: float, draws: Floats, free: int, least: float, most: float) -> Bounded:
    """A value with its interval, clipped to the range that it can have."""
    half = half_width(draws, free) if np.isfinite(draws).any() else math.nan
    low, high = np.clip([value - half, value + half], least, most)  # NaN stays NaN
    return Bounded(float(value), float(low), float(high))
