"""Bradley-Terry strengths: how often one method is chosen over another depends on the difference of their strengths."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.sparse.csgraph import connected_components

from stx.errors import UserError
from stx.studies.survey.votes import Floats, Votes, half_width, won

PRIOR = 0.1
"""Wins that each method is given over every other, so that one that never loses has a finite strength."""
MOST_ROUNDS = 10_000


class Strength(NamedTuple):
    method: str
    strength: float
    """Logarithmic; the mean of all methods is 0. A difference of 1 means 73 choices in 100."""
    low: float
    high: float
    wins: float
    """Share of the answers about the method that chose it."""
    answers: int


def refuse_missing() -> None:
    """Raise UserError if choix is not installed."""
    try:
        import choix  # noqa: F401
    except ImportError:
        raise UserError("scores are fitted by choix, which is not installed: pip install 'stx[survey]'") from None


def strengths(wins: Floats) -> Floats:
    """The strength of each method, from how often it (row) was chosen over each other (column). They add up to 0."""
    import choix  # late: an extra, and no other command needs it

    given = PRIOR * (1 - np.eye(len(wins)))
    fitted = choix.ilsr_pairwise_dense(wins + given, max_iter=MOST_ROUNDS)
    return np.asarray(fitted - fitted.mean())


def drawn_strengths(of: Votes) -> Floats:
    """The strengths in each draw of the bootstrap: (draws, methods)."""
    return np.array([strengths(won(of, counts)) for counts in of.weights])


def ranked(of: Votes, draws: Floats) -> list[Strength]:
    """The strengths with their intervals, the strongest method first."""
    wins = won(of)
    best, half = strengths(wins), half_width(draws, of.free)
    counts = wins.sum(1) + wins.sum(0)
    shares = wins.sum(1) / np.maximum(counts, 1)
    columns = zip(of.methods, best, half, shares, counts, strict=True)
    rows = [
        Strength(name, float(mid), float(mid - wide), float(mid + wide), float(share), int(count))
        for name, mid, wide, share, count in columns
    ]
    return sorted(rows, key=lambda row: -row.strength)


def groups(of: Votes) -> Sequence[Sequence[str]]:
    """Groups of methods that answers compare, directly or through others; several groups have no common scale."""
    wins = won(of)
    count, labels = connected_components(wins, directed=False)
    return [[name for name, label in zip(of.methods, labels, strict=True) if label == each] for each in range(count)]
