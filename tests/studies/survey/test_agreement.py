"""How far raters agree, by the textbook's formula and by hand."""

import random
from math import comb

import pytest
from surveys import answer, key, simulated

from stx.studies.survey.agreement import agreement, doubts, raters
from stx.studies.survey.answers import Answer, Question

METHODS = dict.fromkeys("abcd", 0.0)


def test_where_all_have_answered_all_it_is_kendall_s_u() -> None:
    of = key(METHODS, "p", "s")
    strengths = {"a": 0.0, "b": 1.0, "c": 2.0, "d": 3.0}
    answers = simulated(of, strengths, 7, len(of.pairs))
    wins = {
        (one, other): sum(
            answer.chosen == one for answer in answers.values() if {one, other} == set(of.pairs[answer.pair].pictures)
        )
        for pair in of.pairs.values()
        for one, other in (pair.pictures, pair.pictures[::-1])
    }
    alike = sum(comb(count, 2) for count in wins.values())
    u = 2 * alike / (comb(7, 2) * comb(4, 2)) - 1  # Kendall and Babington Smith 1940
    agreed = agreement(answers, "style")
    assert agreed is not None
    assert agreed.u == pytest.approx(u)
    assert agreed.same == pytest.approx((u + 1) / 2)
    assert agreed.questions == 6
    assert agreement(answers, "content") is None


def test_chance_is_nought_and_one_mind_is_one_and_a_single_rater_is_none() -> None:
    of = key(METHODS, "pqrstu", "vwxyz")
    by_chance = agreement(simulated(of, METHODS, 12, 100), "style")
    assert by_chance is not None
    assert abs(by_chance.u) < 0.05
    of_one_mind = agreement(simulated(of, {"a": 0, "b": 50, "c": 100, "d": 150}, 5, 100), "style")
    assert of_one_mind is not None
    assert of_one_mind.u == 1
    assert agreement(simulated(of, METHODS, 1, 100), "style") is None


def test_raters_who_answer_too_fast_by_chance_or_on_one_side_are_named() -> None:
    of = key(METHODS, "pqr", "stu")
    rng, answers = random.Random(0), dict[Question, Answer]()
    for name in ("careful", "fast", "chance", "left"):
        for number, (pair, compared) in enumerate(of.pairs.items()):
            one, other = compared.pictures
            left = (one, other)[number % 2]
            chosen = left if name == "left" else one
            ms = 300 if name == "fast" else 2000
            answers[Question(name, pair, "style", False)] = answer(pair, chosen, left).model_copy(update={"ms": ms})
            if number < 4:
                again = other if name == "chance" and number % 2 else chosen
                answers[Question(name, pair, "style", True)] = answer(pair, again, rng.choice((one, other)), again=True)
    assert [(one.id, one.answers, one.repeats, one.same) for one in raters(answers)] == [
        ("careful", 58, 4, 4), ("chance", 58, 4, 2), ("fast", 58, 4, 4), ("left", 58, 4, 4),
    ]  # fmt: skip
    chance, fast, left = doubts(raters(answers))
    assert chance == "`chance`: 2 of 4 repeats answered as before, no more than by chance"
    assert fast == "`fast`: 300 ms for half of the answers"
    assert left.startswith("`left`: 9")
    assert left.endswith("% of the answers on the left")
