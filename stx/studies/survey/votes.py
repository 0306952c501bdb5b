"""Answers as numbers: which method was chosen over which, and how often each draw of a bootstrap counts that."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t

from stx.studies.compare.intervals import CONFIDENCE, drawn
from stx.studies.survey.answers import Answers
from stx.studies.survey.key import Asked, Key

DRAWS = 500
"""Draws of the bootstrap; a standard deviation from so many is right to within 3 %."""

Floats = NDArray[np.float64]


class Vote(NamedTuple):
    """One answer. Repeats are no votes: they say how sure a rater is, and are not counted again."""

    rater: str
    pair: str
    chosen: str
    other: str
    """The name of the picture that was not chosen."""


class Votes(NamedTuple):
    """All answers to one question."""

    methods: list[str]
    votes: list[Vote]
    winners: NDArray[np.int64]
    losers: NDArray[np.int64]
    """Indices of the methods of the pictures not chosen: (votes,), as `winners` has them of those chosen."""
    weights: Floats
    """How often each draw counts each vote: (draws, votes), with at most DRAWS draws."""
    free: int
    """Degrees of freedom of the deviation over draws."""


def votes(answers: Answers, asks: Asked, key: Key) -> Votes:
    several = []
    for question, answer in sorted(answers.items()):
        if question.asks == asks and not question.again:
            one, other = key.pairs[answer.pair].pictures
            several.append(Vote(question.rater, answer.pair, answer.chosen, other if answer.chosen == one else one))
    methods = sorted({behind.method for behind in key.pictures.values()})
    number = {name: methods.index(behind.method) for name, behind in key.pictures.items()}
    winners = np.array([number[vote.chosen] for vote in several], np.int64)
    losers = np.array([number[vote.other] for vote in several], np.int64)
    clusters = {
        "raters": [vote.rater for vote in several],
        "photographs": [key.pairs[vote.pair].photograph for vote in several],
        "styles": [key.pairs[vote.pair].style for vote in several],
    }
    return Votes(methods, several, winners, losers, weights(clusters), free(clusters))


def weights(clusters: Mapping[str, list[str]]) -> Floats:
    """How often each answer counts in each draw of the pigeonhole bootstrap: (draws, votes).

    Raters, photographs and styles are resampled independently, with replacement, and an answer is weighted by the
    product of how often its rater, its photograph and its style were drawn. Draws that hold no answer are left out. A
    group of one is not resampled.
    """
    rng = np.random.default_rng(0)
    whole = np.ones((DRAWS, len(next(iter(clusters.values())))))
    for of_each in clusters.values():
        names = sorted(set(of_each))
        if len(names) > 1:
            whole *= drawn(rng, names, DRAWS)[:, [names.index(name) for name in of_each]]
    return whole[whole.sum(1) > 0]


def free(clusters: Mapping[str, list[str]]) -> int:
    """Degrees of freedom: one less than the size of the smallest group that is resampled; 0 if none is."""
    return min((len(set(each)) - 1 for each in clusters.values() if len(set(each)) > 1), default=0)


def half_width(draws: Floats, degrees: int) -> Floats:
    """Half the width of a confidence interval, from draws along the first axis; NaN below two degrees of freedom."""
    if degrees < 2:
        return np.full(draws.shape[1:], np.nan)
    return np.nanstd(draws, axis=0) * float(t.ppf((1 + CONFIDENCE) / 2, degrees))


def won(of: Votes, counts: Floats | None = None) -> Floats:
    """How often each method was chosen over each other: (methods, methods).

    `counts`: how often each vote counts; without them, once.
    """
    size = len(of.methods)
    return np.bincount(of.winners * size + of.losers, counts, size * size).reshape(size, size).astype(float)
