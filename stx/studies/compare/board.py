"""The leaderboard: what each statistic scores against the reference at equal content, and what it costs."""

import math
from collections.abc import Iterable, Mapping

from stx.config.schema import layers_of
from stx.measures.catalogue import labels, toward
from stx.measures.judge import circular
from stx.model.asked import terms
from stx.runs.batch import AT_ONCE, Batch
from stx.runs.tracking.store import MEASURED_AT
from stx.runs.tracking.stored import Run
from stx.runs.words import style_share
from stx.stats.fixed import MOMENTS, fixed_by
from stx.studies.compare import programs
from stx.studies.compare.equal import Level
from stx.studies.compare.intervals import CONFIDENCE, holm
from stx.studies.compare.judges import Scores
from stx.studies.compare.leaderboard import Ratio, mean_of, ranking, ratio, step_time
from stx.studies.compare.protocol import first_beta
from stx.studies.compare.work import Results
from stx.studies.page import GAP, Block, Heading, Table, Text, rounded

SHARED = "Several runs worked at once, or on different machines, so their times per step mean little. "

COST = (
    "below 1 is nearer to the photograph (except for SSIM), less noisy, or faster. What was held equal is 1 by "
    "construction; times are those of these runs, whatever else the machine was doing"
)
GAPS = f"{GAP}: too few runs reach that content, or the pictures are too small for the measure. "
FINISHED = (
    "¶ finished pictures, compared with the reference at their own content and on their own pairs only: their place "
    "among the statistics says little."
)
SMALL = (
    "§ some of its runs were measured at a reduced size, for lack of memory: neither its numbers nor its rank can be "
    "compared with those of a statistic without this sign. "
)


def board(
    work: Batch, at: Level, scores: Mapping[str, Ratio | None], every: list[Scores], finished: programs.Judged
) -> list[Block]:
    """Tables with a row for each statistic and each program whose pictures are compared, the best first.

    The measure that ranks is in the first column. There are no tables if there is nothing to compare.
    """
    results = at.results
    if len(results.protocol.statistics) < 2 and not finished:
        return [Text(of_photographs(results))]
    reference = results.protocol.reference
    reference_time, beta = step_time(results, reference), first_beta(results.protocol, reference)
    adjusted = holm({name: score.p for name, score in scores.items() if score and name != reference})
    measures = columns(results)
    style = [name for name in measures if toward_style(name)]
    signs = {name: signs_of(work, name, measures) for name in scores}
    small = reduced(results)
    theirs = of_programs(at, finished, measures)
    ranked = ranking({**scores, **{name: of[results.judged_by] for name, of in theirs.items()}})
    tables = [
        [
            [
                f"`{name}`{' §' if name in small else ''}",
                *(value(at, scores, adjusted, name, measure) + signs[name][measure] for measure in some),
            ]
            if name in scores
            else [name, *(shown(theirs[name][measure]) for measure in some)]
            for name in ranked
        ]
        for some in (style, [name for name in measures if name not in style])
    ]
    times = [rounded(step_time(results, name) / reference_time) if name in scores else GAP for name in ranked]
    return [
        Heading("Leaderboard"),
        *conclusion(results, scores, adjusted, every),
        Table(
            ["statistic", *(measures[name] for name in style)],
            tables[0],
            f"style: each measure relative to that of `{reference}`, at the content that `{reference}` has at beta = "
            f"{beta:g}; geometric mean over pairs of pictures; below 1 is nearer to the style",
        ),
        Table(
            ["statistic", *(measures[name] for name in measures if name not in style), "time per step"],
            [[*row, time] for row, time in zip(tables[1], times, strict=True)],
            f"cost: relative to that of `{reference}`; {COST}",
        ),
        note(at, scores, gaps=any(cell.startswith(GAP) for table in tables for row in table for cell in row)),
        *([Text(FINISHED)] if theirs else []),
    ]


def columns(results: Results) -> dict[str, str]:
    """The labels of the measures that any run has, by name; the one that ranks comes first."""
    measured = results.measures
    measures = {name: said for name, said in labels().items() if name in measured}
    return {results.judged_by: measures.pop(results.judged_by, results.protocol.primary), **measures}


def of_programs(at: Level, finished: programs.Judged, measures: Iterable[str]) -> dict[str, dict[str, Ratio | None]]:
    """The ratios of finished pictures, by program, with its sign, and by measure."""
    rows: dict[str, dict[str, Ratio | None]] = {}
    for measure in measures:
        for program, score in programs.scores(at.results, finished, at.by, measure).items():
            rows.setdefault(f"{program} ¶", {})[measure] = score
    return rows


def note(at: Level, scores: Mapping[str, Ratio | None], gaps: bool) -> Text:
    """What the brackets and signs mean; `gaps`: whether some cells of the leaderboard have no number."""
    results = at.results
    intervals = (
        f"Brackets give the {CONFIDENCE:.0%} confidence interval, from a bootstrap over {resampled(at)}. Bold, in the "
        "first column, marks a difference that remains significant under Holm's correction for all statistics. "
    )
    if all(score is None or math.isnan(score.low) for score in scores.values()):
        intervals = "There are too few photographs and styles for confidence intervals. "
    return Text(
        f"{intervals}† circular: the statistic fixes what the measure is computed from, though at other layers; ‡ "
        "fixes part of it; ? unknown, as the statistic does not declare what it fixes (`@fixes`). "
        f"{GAPS if gaps else ''}"
        f"{SMALL if reduced(results) else ''}{SHARED if shared(results) else ''}{of_photographs(results)}"
    )


def resampled(at: Level) -> str:
    """What the intervals are taken over, in words, and what they say nothing about."""
    photographs, styles = ({key[side] for key in at.compared} for side in (0, 1))
    of = "(Owen 2007) with Student's t"
    if len(photographs) > 1 and len(styles) > 1:
        return f"photographs and over styles {of}"
    drawn, one = ("styles", "photograph") if len(photographs) == 1 else ("photographs", "style")
    return f"{drawn} {of}, with the one {one} held fixed: they say nothing about other {one}s"


def of_photographs(results: Results) -> str:
    """How near to the style the reference's pictures are."""
    left = mean_of(results, results.protocol.reference, lambda run: share(run, results.protocol.primary))
    if math.isnan(left):
        return "Photographs and paintings have the same style, so there is no distance to take a share of."
    return f"The reference's pictures have {left:.2f} of the photographs' own style distance."


def conclusion(
    results: Results, scores: Mapping[str, Ratio | None], adjusted: Mapping[str, float], every: Iterable[Scores]
) -> list[Block]:
    """Which statistic is nearest to the style, whether that is more than chance, and what the other judges say of it.

    Empty if none but the reference has a score.
    """
    reference = results.protocol.reference
    small = reduced(results)
    alike = [name for name in ranking(scores) if (name in small) == (reference in small)]
    first = next((name for name in alike if scores[name]), reference)
    score = scores[first]
    if first == reference or score is None:
        compared = any(of for name, of in scores.items() if name != reference)
        by = labels().get(results.judged_by, results.protocol.primary)
        none = f"At equal content, no statistic is nearer to the style than `{reference}`, by {by}."
        return [Text(none)] if compared else []
    said = f"**`{first}`**, at {shown(score)} of its distance; {chance(adjusted.get(first, math.nan))}."
    others = [
        f" By {one.where.judge} it is at {shown(other)}; {chance(one.adjusted[first])}."
        for one in every
        if one.over == reference
        and (one.where.level.by, one.where.level.number) == (results.match, 0)
        and one.where.measure != results.judged_by
        and (other := one.of[first])
    ]
    return [Text(f"Nearest to the style at `{reference}`'s content: {said}{''.join(others)}")]


def chance(p: float) -> str:
    """Whether a difference is more than chance, by its corrected p-value."""
    return "too few pictures to rule out chance" if math.isnan(p) else f"p = {p:.2g} with Holm's correction"


def toward_style(measure: str) -> bool:
    name = measure.removeprefix("measure/")
    return any(name in listed.names(key) for key, listed in toward("style").items())


def value(at: Level, scores: Mapping[str, Ratio | None], adjusted: Mapping[str, float], name: str, measure: str) -> str:
    """A cell of the leaderboard, before its sign."""
    ranks = measure == at.results.judged_by
    score = scores[name] if ranks else ratio(at, name, measure)
    return f"**{shown(score)}**" if ranks and adjusted.get(name, math.nan) < 1 - CONFIDENCE else shown(score)


def shown(score: Ratio | None) -> str:
    if score is None:
        return GAP
    interval = "" if math.isnan(score.low) else f" ({score.low:.2f} to {score.high:.2f})"
    return f"{score.mean:.2f}{interval}"


def shared(results: Results) -> bool:
    runs = [one.run for several in results.runs.values() for one in several]
    return any(AT_ONCE in run.tags for run in runs) or len({run.tags.get("stx.hardware") for run in runs}) > 1


def reduced(results: Results) -> set[str]:
    """Statistics with a run that was measured at a smaller size than its picture has."""
    return {cell.statistic for cell, runs in results.runs.items() if any(MEASURED_AT in one.run.tags for one in runs)}


def signs_of(work: Batch, statistic: str, measures: Iterable[str]) -> dict[str, str]:
    """For each measure, a sign that says whether the statistic's own loss fixes what it is made of."""
    config = next(planned.job.config for name, planned in work.planned.items() if name.startswith(f"{statistic}-"))
    weights = config.loss_weights
    style, content = (
        layers_of(config.style_stat, weights.style_layers),
        layers_of(config.content_stat, weights.content_layers),
    )
    fixed = fixed_by(term.statistic for term in terms(config) if term.toward is not None)
    signs = {"wholly": " †", "partly": " ‡", "no": ""}
    return {
        measure: " ?"
        if fixed is None and toward_style(measure) and circular(measure, MOMENTS, style, content) != "no"
        else signs[circular(measure, fixed or (), style, content)]
        for measure in measures
    }


def share(run: Run, primary: str) -> float:
    """A run's style distance as a share of its photograph's own."""
    return style_share(run.latest.get(f"measure/{primary}", math.nan), run.baselines.get(primary, math.nan))
