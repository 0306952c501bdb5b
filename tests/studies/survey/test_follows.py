"""Which measure follows people, on answers that follow a known one."""

import math
from functools import cache

import numpy as np
import pytest
from scipy.stats import spearmanr
from surveys import key, simulated

from stx.studies.survey import fit
from stx.studies.survey.follows import Follows, follows, spearman
from stx.studies.survey.key import Key
from stx.studies.survey.votes import Floats, Votes, votes

pytest.importorskip("choix", reason="choix (stx[survey]) is not installed")
TRUE = {"a": -1.5, "b": -0.5, "c": 0.5, "d": 1.5}


def measured(of: Key, measure: str, values: dict[str, float]) -> Key:
    pictures = {
        name: behind.model_copy(
            update={"measures": {measure: values[behind.method]}} if behind.method in values else {}
        )
        for name, behind in of.pictures.items()
    }
    return of.model_copy(update={"pictures": pictures})


@cache
def drawn(photographs: str) -> tuple[Votes, Floats]:
    """Answers, which no measure changes, and strengths in each draw of them: seconds."""
    of = key(TRUE, photographs, "uvwxyz")
    several = votes(simulated(of, TRUE, 12, 60), "style", of)
    return several, fit.drawn_strengths(several)


def judged(values: dict[str, float], higher: bool = False, photographs: str = "klmnop") -> Follows | None:
    of = measured(key(TRUE, photographs, "uvwxyz"), "measure/m", values)
    several, draws = drawn(photographs)
    best = np.array([row.strength for row in sorted(fit.ranked(several, draws))])
    return follows(several, of, "measure/m", higher, best, draws)


def test_a_measure_that_orders_methods_as_people_do_follows_them_and_its_opposite_does_not() -> None:
    distance = {name: -strength for name, strength in TRUE.items()}
    one, other = judged(distance), judged(TRUE)
    assert one is not None
    assert other is not None
    assert one.correlation.value == pytest.approx(1)
    assert other.correlation.value == pytest.approx(-1)
    assert one.share.value == pytest.approx(1 - other.share.value)
    assert 0.7 < one.share.low < one.share.value < one.share.high < 1
    assert one.answers == 720
    assert judged(TRUE, higher=True) == one


def test_a_tie_is_half_an_answer_and_a_measure_that_is_missing_says_nothing() -> None:
    tied = judged(dict.fromkeys(TRUE, 1.0))
    assert tied is not None
    assert tied.share.value == 0.5
    assert math.isnan(tied.correlation.value)
    assert judged({}) is None
    some = judged({"a": 2.0, "b": 1.0})
    assert some is not None
    assert some.answers < 720 / 4
    assert math.isnan(some.correlation.value)  # two methods have no order to speak of


def test_where_there_are_two_photographs_there_is_no_interval() -> None:
    one = judged({name: -strength for name, strength in TRUE.items()}, photographs="kl")
    assert one is not None
    assert one.share.value > 0.7
    assert one.correlation.value == pytest.approx(1)
    assert all(math.isnan(bound) for each in (one.share, one.correlation) for bound in each[1:])


def test_rank_correlation_is_spearman_s() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=(2, 9))
    assert spearman(one, other) == pytest.approx(float(spearmanr(one, other).statistic))
    one[3] = math.nan
    rest = np.arange(9) != 3
    assert spearman(one, other) == pytest.approx(float(spearmanr(one[rest], other[rest]).statistic))
