"""What a survey's answers say: report.html, report.md and scores.csv."""

import csv
import io
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from stx import atomic
from stx.measures.catalogue import labels
from stx.runs.files import refuse_filled
from stx.studies import page
from stx.studies.compare.intervals import CONFIDENCE
from stx.studies.compare.report import counted
from stx.studies.page import GAP, Block, Heading, Items, Table, Text
from stx.studies.survey import agreement, fit
from stx.studies.survey.fit import Strength
from stx.studies.survey.follows import Bounded, Follows, follows
from stx.studies.survey.key import ASKED, Asked, Key
from stx.studies.survey.scoring import Gathered
from stx.studies.survey.votes import Votes, votes, won

TITLES: dict[Asked, str] = {
    "style": "Closer in style to the painting",
    "content": "Keeps more of the photograph",
}
TABLE = "scores.csv"


class Scored(NamedTuple):
    """What the answers to one question say."""

    asks: Asked
    of: Votes
    strengths: list[Strength]
    follows: list[tuple[str, str, Follows | None]]
    """Measures with their names and what tables call them; those that follow people most often come first."""


def scored(gathered: Gathered, key: Key) -> list[Scored]:
    return [score(of, asks, key) for asks in ASKED if (of := votes(gathered.answers, asks, key)).votes]


def score(of: Votes, asks: Asked, key: Key) -> Scored:
    draws = fit.drawn_strengths(of)
    best = fit.strengths(won(of))
    measures = [(name, said, follows(of, key, name, "higher" in said, best, draws)) for name, said in labels().items()]
    measures.sort(key=lambda one: -one[2].share.value if one[2] else math.inf)
    return Scored(asks, of, fit.ranked(of, draws), measures)


def write(folder: Path, gathered: Gathered, key: Key, command: str) -> tuple[Path, list[str]]:
    """Write the report.

    Returns its HTML page, and a line for each question with the methods from the first to the last. Raises UserError if
    the folder has files but no survey's report.
    """
    refuse_filled(folder, (TABLE,))
    every = scored(gathered, key)
    blocks = [*opening(gathered, key, command), *(block for one in every for block in question(one, gathered))]
    html, _ = page.write(folder, "What people chose", [*blocks, *how(key)])
    atomic.write(folder / TABLE, table(every))
    return html, [in_a_line(one) for one in every]


def in_a_line(one: Scored) -> str:
    """The methods with their ranks, the strongest first, and the share of comparisons that each has won."""
    rows = zip(ranks(one.strengths), one.strengths, strict=True)
    ranked = ", ".join(f"{rank} {row.method} ({row.wins:.0%})" for rank, row in rows)
    return f"{TITLES[one.asks].lower()}, with shares of comparisons won: {ranked}; {counted(one.of.votes, 'answer')}"


def opening(gathered: Gathered, key: Key, command: str) -> Iterator[Block]:
    raters = agreement.raters(gathered.answers)
    repeats, same = sum(one.repeats for one in raters), sum(one.same for one in raters)
    yield Text(f"`{command}`")
    yield Text(
        f"{counted(gathered.answers, 'answer')} by {counted(raters, 'rater')} about {counted(key.pairs, 'pair')} of "
        f"pictures, whose content distances (`measure/{key.match}`) differ by {key.tolerance:.0%} at most. "
        + (
            f"{repeats} of the answers are to repeated questions, and {same / repeats:.0%} of these agree with the "
            "first answer."
            if repeats
            else ""
        )
    )
    if gathered.left_out:
        yield Items([f"**Left out:** {one}" for one in gathered.left_out])
    if doubts := [*agreement.doubts(raters)]:
        yield Text("Raters who may have answered at random; their answers are counted all the same:")
        yield Items(doubts)


def question(one: Scored, gathered: Gathered) -> Iterator[Block]:
    yield Heading(TITLES[one.asks])
    if len(groups := fit.groups(one.of)) > 1:
        told = "; ".join(", ".join(group) for group in groups)
        yield Text(f"**Not one scale:** no answer compares these groups of methods with each other: {told}.")
    yield Table(
        ["rank", "method", "strength", f"{CONFIDENCE:.0%} interval", "wins", "answers"],
        [placed(rank, row) for rank, row in zip(ranks(one.strengths), one.strengths, strict=True)],
        "Bradley-Terry strengths, their mean 0: of two methods the one that is stronger by 1 is chosen 73 times in 100",
    )
    if all(math.isnan(row.low) for row in one.strengths):
        yield Text(
            "**No intervals:** there are too few raters, photographs or styles for them, so these differences may be "
            "chance."
        )
    if agreed := agreement.agreement(gathered.answers, one.asks):
        yield Text(
            f"Two raters choose alike in {agreed.same:.0%} of cases: Kendall's u = {agreed.u:.2f}, over "
            f"{agreed.questions} questions that several have answered."
        )
    else:
        yield Text("No question was answered by two raters, so that nothing is known of their agreement.")
    yield Table(
        ["measure", "chooses alike", "interval", "ranks alike", "interval", "answers"],
        [[said, *measured(each)] for _, said, each in one.follows],
        "How often people chose the picture that the measure prefers; Spearman's correlation of both rankings",
    )


def ranks(rows: Sequence[Strength]) -> list[str]:
    """The ranks of rows in the order of their strengths; equal strengths, as tables show them, share one: 1=."""
    shown = [round(row.strength, 2) for row in rows]
    return [f"{shown.index(each) + 1}{'=' * (shown.count(each) > 1)}" for each in shown]


def placed(rank: str, row: Strength) -> list[str]:
    interval = between(row.low, row.high)
    return [rank, row.method, f"{row.strength:+.2f}", interval, f"{row.wins:.0%}", f"{row.answers}"]


def measured(each: Follows | None) -> list[str]:
    if each is None:
        return [GAP] * 5
    share, rank = each.share, each.correlation
    percent = GAP if math.isnan(share.low) else f"{share.low:.0%} to {share.high:.0%}"
    correlated = GAP if math.isnan(rank.value) else f"{rank.value:+.2f}"
    return [f"{share.value:.0%}", percent, correlated, between(rank.low, rank.high), f"{each.answers}"]


def between(low: float, high: float) -> str:
    return GAP if math.isnan(low) else f"{low:+.2f} to {high:+.2f}"


def how(key: Key) -> Iterator[Block]:
    yield Heading("How")
    yield Text(
        f"Methods differ by `{key.by}`. Intervals come from the pigeonhole bootstrap, which resamples raters, "
        "photographs and styles independently: the standard deviation times Student's t, with the degrees of "
        "freedom that the smallest of the three groups allows. A group of two is too small for any interval. A "
        "group of one is held fixed, so the interval says nothing about other members of it. Repeated questions do "
        "not count as answers."
    )


def table(every: Sequence[Scored]) -> str:
    """A CSV with a row for each method, and two for each measure, of each question."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["question", "what", "name", "value", "low", "high", "answers"])
    for one in every:
        for row in one.strengths:
            writer.writerow([one.asks, "strength", row.method, *numbers(row.strength, row.low, row.high), row.answers])
        for name, _, each in one.follows:
            for what in ("share", "correlation") if each else ():
                bounds: Bounded = getattr(each, what)
                writer.writerow([one.asks, what, name, *numbers(*bounds), each.answers])  # type: ignore[union-attr]
    return text.getvalue()


def numbers(*values: float) -> list[str]:
    return [f"{value:.6g}" if math.isfinite(value) else "" for value in values]
