"""Answers as numbers, and how often a bootstrap counts each."""

import math

import numpy as np
import pytest
from surveys import answer, key, simulated

from stx.studies.survey.answers import Question
from stx.studies.survey.votes import DRAWS, free, half_width, votes, weights, won

STRENGTHS = {"a": 0.0, "b": 0.5, "c": 1.0}


def test_each_answer_is_a_win_of_one_method_over_another_and_a_repeat_is_none() -> None:
    of = key("ab", ["china"], ["swirls"])
    ((pair, compared),) = of.pairs.items()
    a, b = sorted(compared.pictures, key=lambda name: of.pictures[name].method)
    answers = {
        Question("1", pair, "style", False): answer(pair, a),
        Question("2", pair, "style", False): answer(pair, a),
        Question("3", pair, "style", False): answer(pair, b),
        Question("3", pair, "style", True): answer(pair, a, again=True),
        Question("3", pair, "content", False): answer(pair, b, asks="content"),
    }
    assert won(votes(answers, "style", of)).tolist() == [[0, 2], [1, 0]]
    assert won(votes(answers, "content", of)).tolist() == [[0, 0], [1, 0]]


def test_a_draw_counts_an_answer_as_often_as_its_rater_photograph_and_style() -> None:
    clusters = {"raters": [*"1122"], "photographs": [*"abab"], "styles": [*"xxxx"]}
    counts = weights(clusters)
    assert np.linalg.matrix_rank(counts.reshape(-1, 2, 2)).max() == 1  # rater by photograph: products
    assert {*counts.sum(1)} == {4}  # two of each are drawn, and every two of them have answers
    assert free(clusters) == 1
    sparse = weights({"raters": [*"12"], "photographs": [*"ab"], "styles": [*"xx"]})
    assert DRAWS / 2 < len(sparse) < DRAWS  # those that hold no answer are left out
    assert sparse.sum(1).min() > 0


def test_the_deviation_of_a_share_is_that_of_independent_raters() -> None:
    """With photographs and styles that make no difference and many of them, raters are what is left."""
    of = key(STRENGTHS, "a", "x")
    several = votes(simulated(of, STRENGTHS, 200, 1), "style", of)
    chosen = (several.winners == 2).astype(float)
    shares = several.weights @ chosen / several.weights.sum(1)
    expected = math.sqrt(chosen.mean() * (1 - chosen.mean()) / 200)
    assert shares.std() == pytest.approx(expected, rel=0.1)
    assert float(half_width(shares, several.free)) == pytest.approx(1.97 * expected, rel=0.1)
    assert math.isnan(float(half_width(shares, 1)))
