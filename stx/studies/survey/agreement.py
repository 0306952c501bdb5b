"""How far raters agree with each other, and with themselves."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from statistics import median
from typing import NamedTuple

from stx.studies.survey.answers import Answers, Question
from stx.studies.survey.key import Asked

FAST_MS = 600
"""Milliseconds for a look at three pictures and a click; a rater with a lower median did not look."""
FEWEST_REPEATS = 4
"""Fewest repeats to judge a rater by; one who answers by chance repeats all four one time in sixteen."""
ONE_SIDE, FEWEST_SIDES = 0.9, 20
"""Share of answers on one side, of at least so many answers, that a random order of sides does not explain."""


class Agreement(NamedTuple):
    same: float
    """Share of pairs of raters who chose the same picture, over the questions that two or more have answered."""
    u: float
    """Kendall's coefficient of agreement: 1 if all choose alike, 0 if they do so as often as by chance."""
    questions: int


class Rater(NamedTuple):
    id: str
    answers: int
    ms: float
    """Median milliseconds of an answer."""
    repeats: int
    same: int
    """Number of repeats that were answered as before."""
    left: float
    """Share of answers on the left."""


def agreement(answers: Answers, asks: Asked) -> Agreement | None:
    """The agreement of raters; None if no question was answered by two of them.

    Each question is weighted by its number of raters less one, as in Krippendorff's alpha. By chance one half agree, as
    nothing tells the first picture of a pair from the second. If all raters have answered all questions, `u` is
    Kendall's u.
    """
    first = sorted((question, answer) for question, answer in answers.items() if plain(question, asks))
    agreeing, weight, count = 0.0, 0, 0
    for _, several in groupby(sorted(first, key=lambda one: one[0].pair), key=lambda one: one[0].pair):
        choices = [answer.chosen for _, answer in several]
        if others := len(choices) - 1:
            alike = sum(choices.count(each) - 1 for each in choices)  # each of others + 1 raters with the others
            agreeing, weight, count = agreeing + alike / (others + 1), weight + others, count + 1
    return Agreement(agreeing / weight, 2 * agreeing / weight - 1, count) if weight else None


def plain(question: Question, asks: Asked) -> bool:
    return question.asks == asks and not question.again


def raters(answers: Answers) -> list[Rater]:
    ordered = sorted(answers.items())
    return [rater(name, dict(several)) for name, several in groupby(ordered, key=lambda one: one[0].rater)]


def rater(name: str, answers: Answers) -> Rater:
    repeats = [
        answers[before].chosen == answer.chosen
        for question, answer in answers.items()
        if question.again and (before := question._replace(again=False)) in answers
    ]
    left = sum(answer.chosen == answer.left for answer in answers.values()) / len(answers)
    ms = median(answer.ms for answer in answers.values())
    return Rater(name, len(answers), ms, len(repeats), sum(repeats), left)


def doubts(several: Iterable[Rater]) -> Iterator[str]:
    """Yield a line for each rater who may have answered at random, and why; the answers are counted all the same."""
    for one in several:
        said = []
        if one.ms < FAST_MS:
            said.append(f"{one.ms:.0f} ms for half of the answers")
        if one.repeats >= FEWEST_REPEATS and 2 * one.same <= one.repeats:
            said.append(f"{one.same} of {one.repeats} repeats answered as before, no more than by chance")
        if one.answers >= FEWEST_SIDES and max(one.left, 1 - one.left) >= ONE_SIDE:
            side, share = ("left", one.left) if one.left > 0.5 else ("right", 1 - one.left)
            said.append(f"{share:.0%} of the answers on the {side}")
        if said:
            yield f"`{one.id[:8]}`: {'; '.join(said)}"
