"""Answers as numbers: who chose which method over which, and as often as each draw of a bootstrap counts it."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t

from stx.studies.compare.intervals import CONFIDENCE, drawn
from stx.studies.survey.answers import Answers
from stx.studies.survey.key import Asked, Key

DRAWS = 500
"""Of the bootstrap: a deviation from so many is right to within 3 %."""

Floats = NDArray[np.float64]


class Vote(NamedTuple):
    """One answer, but for repeats: those say how sure a rater is, and are not counted again."""

    rater: str
    pair: str
    chosen: str
    other: str
    """Names of pictures."""


class Votes(NamedTuple):
    """All answers to one question."""

    methods: list[str]
    votes: list[Vote]
    winners: NDArray[np.int64]
    losers: NDArray[np.int64]
    """Methods by their numbers: (votes,)."""
    weights: Floats
    """(DRAWS, votes)."""
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
    """How often each answer counts in each draw of the pigeonhole bootstrap, in three ways at once: raters,
    photographs and styles are drawn again with replacement, each by themselves, and an answer counts as often as all of
    its own. Draws that hold no answer are left out. What there is one of is not drawn."""
    rng = np.random.default_rng(0)
    whole = np.ones((DRAWS, len(next(iter(clusters.values())))))
    for of_each in clusters.values():
        names = sorted(set(of_each))
        if len(names) > 1:
            whole *= drawn(rng, names, DRAWS)[:, [names.index(name) for name in of_each]]
    return whole[whole.sum(1) > 0]


def free(clusters: Mapping[str, list[str]]) -> int:
    """As many degrees of freedom as the fewest of what is drawn allow; 0 where nothing is."""
    return min((len(set(each)) - 1 for each in clusters.values() if len(set(each)) > 1), default=0)


def half_width(draws: Floats, degrees: int) -> Floats:
    """Of a confidence interval, from draws along the first axis; not numbers with fewer than two degrees of freedom."""
    if degrees < 2:
        return np.full(draws.shape[1:], np.nan)
    return np.nanstd(draws, axis=0) * float(t.ppf((1 + CONFIDENCE) / 2, degrees))


def won(of: Votes, counts: Floats | None = None) -> Floats:
    """How often each method was chosen over each: (methods, methods). `counts`: of each vote; without them, once."""
    size = len(of.methods)
    return np.bincount(of.winners * size + of.losers, counts, size * size).reshape(size, size).astype(float)
