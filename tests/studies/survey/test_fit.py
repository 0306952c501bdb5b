"""Strengths by Bradley and Terry: against another optimiser, and recovered from raters whose preferences are known."""

import math
import sys

import numpy as np
import pytest
from scipy.optimize import minimize
from surveys import key, simulated

from stx.errors import UserError
from stx.studies.survey import fit
from stx.studies.survey.votes import Floats, Votes, free, half_width, votes, weights, won

pytest.importorskip("choix", reason="choix (stx[survey]) is not installed")


def likeliest(wins: Floats) -> Floats:
    """The same by plain maximisation of the penalised likelihood."""

    def loss(strengths: Floats) -> float:
        apart = strengths[:, None] - strengths[None]
        given = wins + fit.PRIOR * (1 - np.eye(len(wins)))
        return float((given * np.logaddexp(0, -apart)).sum()) + float(strengths.sum()) ** 2

    return np.asarray(minimize(loss, np.zeros(len(wins)), options={"gtol": 1e-9}).x)


@pytest.mark.parametrize(
    "wins",
    [
        [[0, 7, 3], [2, 0, 5], [4, 1, 0]],
        [[0, 9, 9], [0, 0, 5], [0, 4, 0]],  # the first never loses
        [[0, 3, 0, 0], [1, 0, 0, 0], [0, 0, 0, 2], [0, 0, 2, 0]],  # two groups
        [[0, 0.5, 2], [1.5, 0, 0], [0, 3, 0]],
    ],
)
def test_strengths_are_the_likeliest(wins: list[list[float]]) -> None:
    fitted = fit.strengths(np.array(wins, float))
    assert fitted == pytest.approx(likeliest(np.array(wins, float)), abs=1e-4)
    assert fitted.sum() == pytest.approx(0, abs=1e-9)


TRUE = {"weak": -1.0, "mean": -0.2, "good": 0.2, "best": 1.0}


def ballots(seed: int, raters: int = 16) -> Votes:
    of = key(TRUE, "abcdefgh", "stuvwxyz")
    return votes(simulated(of, TRUE, raters, 40, seed), "style", of)


def test_known_preferences_are_recovered_and_their_intervals_hold_them() -> None:
    covered = []
    for seed in range(3):
        of = ballots(seed)
        rows = fit.ranked(of, fit.drawn_strengths(of))
        assert [row.method for row in rows] == ["best", "good", "mean", "weak"]
        assert sum(row.strength for row in rows) == pytest.approx(0, abs=1e-9)
        covered += [row.low < TRUE[row.method] < row.high for row in rows]
        assert all(0.1 < row.high - row.low < 1.5 for row in rows)
        assert sum(row.answers for row in rows) == 2 * 16 * 40
        assert rows[0].wins == pytest.approx(won(of)[of.methods.index("best")].sum() / rows[0].answers)
    assert sum(covered) >= 10  # of 12; 11 are expected, at the least


def test_more_raters_make_intervals_narrower_and_too_few_of_anything_make_none() -> None:
    few, many = ([*fit.ranked(of, fit.drawn_strengths(of))] for of in (ballots(0, 6), ballots(0, 24)))
    assert sum(row.high - row.low for row in many) < 0.8 * sum(row.high - row.low for row in few)
    of = key(TRUE, "ab", "stuvwxyz")
    two_photographs = votes(simulated(of, TRUE, 6, 20), "style", of)
    assert all(math.isnan(row.low) for row in fit.ranked(two_photographs, fit.drawn_strengths(two_photographs)))


def test_methods_that_no_answer_connects_are_told_apart() -> None:
    of = ballots(0)
    assert fit.groups(of) == [["best", "good", "mean", "weak"]]
    lonely = of._replace(winners=np.array([0, 2]), losers=np.array([1, 3]), votes=of.votes[:2])
    assert fit.groups(lonely) == [["best", "good"], ["mean", "weak"]]


def test_a_missing_extra_says_how_it_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "choix", None)
    with pytest.raises(UserError, match=r"pip install 'stx\[survey\]'"):
        fit.refuse_missing()


def of_a_population(seed: int) -> Votes:
    """Answers where raters, photographs and styles each have preferences of their own, around the true ones."""
    rng = np.random.default_rng(seed)
    raters, photographs, styles = (rng.normal(0, 0.5, (count, len(TRUE))) for count in (10, 6, 6))
    compared = [(*each, *rng.choice(len(TRUE), 2, replace=False)) for each in rng.integers(0, (10, 6, 6), (400, 3))]
    winners, losers = [], []
    for rater, photograph, style, one, other in compared:
        own = np.array([*TRUE.values()]) + raters[rater] + photographs[photograph] + styles[style]
        first = rng.random() < 1 / (1 + math.exp(own[other] - own[one]))
        winners.append(one if first else other)
        losers.append(other if first else one)
    clusters = {name: [f"{each[place]}" for each in compared] for place, name in enumerate(("r", "p", "s"))}
    return Votes([*TRUE], [], np.array(winners), np.array(losers), weights(clusters), free(clusters))


@pytest.mark.slow
def test_intervals_hold_what_is_true_of_all_raters_photographs_and_styles_as_often_as_they_say() -> None:
    covered = []
    for seed in range(60):
        of = of_a_population(seed)
        middle, half = fit.strengths(won(of)), half_width(fit.drawn_strengths(of), of.free)
        covered += [*(abs(middle - np.array([*TRUE.values()])) < half)]
    assert 0.92 < np.mean(covered) <= 1
