"""The leaderboard: what each statistic scores against the reference at equal content distance, all from the store."""

import math
from collections.abc import Collection, Mapping
from pathlib import Path

from stx.config.schema import layers_of
from stx.measures.catalogue import labels
from stx.measures.judge import circular
from stx.model.asked import terms
from stx.runs.batch import AT_ONCE, Batch
from stx.runs.tracking.store import Run
from stx.runs.words import style_share
from stx.stats.fixed import fixed_by
from stx.studies import page
from stx.studies.compare import export, gallery, judges, programs
from stx.studies.compare.balance import log_ratio
from stx.studies.compare.equal import Level, label, level, ratios, stem
from stx.studies.compare.intervals import CONFIDENCE, holm
from stx.studies.compare.judges import YARDSTICKS
from stx.studies.compare.leaderboard import Ratio, mean_of, ranking, ratio, step_time, unmet
from stx.studies.compare.protocol import first_beta
from stx.studies.compare.work import Results
from stx.studies.page import Block, Heading, Items, Table, Text

SHARED = "Several runs were at work at once, so that their times a step say little. "


def write(work: Batch, results: Results, folder: Path, command: str, finished: programs.Judged) -> Path:
    """The report into `folder`, and onto the parent run. Returns the HTML page."""
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    at = level(results, results.match)
    scores = {name: ratio(at, name, results.judged_by) for name in results.protocol.statistics}
    blocks = opening(results, command)
    if results.runs:
        every = judges.scores(results)
        blocks += [
            *board(work, at, scores),
            *left_out(at),
            *judges.blocks(results, every),
            *programs.blocks(results, finished, folder),
            *pairs(at),
            *gallery.pareto(results, folder),
            *gallery.sheet(results, folder),
        ]
        export.write(folder, results, every)
    html, _ = page.write(folder, "Style statistics compared", [*blocks, *all_runs(results)])
    metrics = {f"ratio/{name}": score.mean for name, score in scores.items() if score}
    work.store.note(work.parent, metrics, {"mlflow.note.content": summary(scores), "stx.command": command})
    work.store.attach(work.parent, folder)
    return html


def counted(things: Collection[object], noun: str) -> str:
    return f"{len(things)} {noun}{'s' * (len(things) != 1)}"


def summary(ratios: Mapping[str, Ratio | None]) -> str:
    return "\n\n".join(f"**{name}**: {shown(ratios[name])} of the reference" for name in ranking(ratios))


def shown(score: Ratio | None) -> str:
    if score is None:
        return "–"
    interval = "" if math.isnan(score.low) else f" ({score.low:.3f} to {score.high:.3f})"
    return f"{score.mean:.3f}{interval}"


def opening(results: Results, command: str) -> list[Block]:
    protocol, runs = results.protocol, results.runs
    every = [one.run for several in runs.values() for one in several]
    said: list[Block] = [Text(f"`{command}`")]
    if not every:
        return [*said, Text("No run has ended yet.")]
    run = every[0]
    return [
        *said,
        Text(
            f"{counted(protocol.photographs, 'photograph')} x {counted(protocol.styles, 'style')} x "
            f"{counted(protocol.seeds, 'seed')}, "
            f"{len(every)} runs at {run.params['image_size.width']} x {run.params['image_size.height']} pixels and "
            f"{run.params['optim.steps']} steps, on {run.tags['stx.hardware']}. {run.tags['stx.versions']}."
        ),
        Text(how(results)),
    ]


def how(results: Results) -> str:
    """What was held equal, and how."""
    protocol = results.protocol
    first = first_beta(protocol, protocol.reference)
    betas = " and ".join(f"{first * part:g}" for part in protocol.levels)
    said = f"`{protocol.reference}`'s at beta = {first if protocol.spread else betas}"
    which = YARDSTICKS.get(results.match, results.match)
    if protocol.spread:
        parts = ", ".join(f"{part:g}" for part in protocol.spread)
        done = f"Every statistic was run at {parts} times its first weight."
    else:
        done = (
            f"Every statistic's weight was searched, in at most {protocol.runs} runs, for pictures on both sides of "
            f"the content distance of {said}."
        )
    return (
        f"{done} All measures are then read off at {said}'s content by {which} (`measure/{results.match}`), on "
        "logarithmic axes between the runs next to it: style at another content says nothing. The measures are of "
        f"layers that no statistic here optimised. What ranks is `measure/{protocol.primary}`, as the protocol says."
    )


def board(work: Batch, at: Level, scores: Mapping[str, Ratio | None]) -> list[Block]:
    """One row a statistic, the best first; what ranks comes first."""
    results = at.results
    reference = results.protocol.reference
    reference_time = step_time(results, reference)
    adjusted = holm({name: score.p for name, score in scores.items() if score and name != reference})
    measured = {name for several in results.runs.values() for one in several for name in one.run.latest}
    measures = {name: said for name, said in labels().items() if name in measured}
    measures = {results.judged_by: measures.pop(results.judged_by, results.protocol.primary), **measures}
    rows = []
    for name in ranking(scores):
        row = [f"`{name}`"]
        for measure in measures:
            score = scores[name] if measure == results.judged_by else ratio(at, name, measure)
            bold = measure == results.judged_by and adjusted.get(name, math.nan) < 1 - CONFIDENCE
            row.append((f"**{shown(score)}**" if bold else shown(score)) + flag(work, name, measure))
        rows.append([*row, f"{step_time(results, name) / reference_time:.2f}"])
    left = mean_of(results, reference, lambda run: share(run, results.protocol.primary))
    intervals = (
        f"In brackets the {CONFIDENCE:.0%} confidence interval, by the bootstrap over photographs and over styles "
        "(Owen 2007) with Student's t; bold where the difference remains under Holm's correction for all statistics. "
    )
    if all(score is None or math.isnan(score.low) for score in scores.values()):
        intervals = "So few photographs and styles have no confidence interval. "
    return [
        Heading("Leaderboard"),
        Table(
            ["statistic", *measures.values(), "time a step"],
            rows,
            f"each measure over `{reference}`'s on the same pictures and seed, geometric mean over pairs of "
            "pictures; below 1 is nearer to the style (from structure on, to the photograph), or less noise",
        ),
        Text(
            f"{intervals}† circular: the statistic fixes what the measure is made of, if at other layers; "
            "‡ some of it; ? it does not say what it fixes. "
            + (SHARED if shared(results) else "")
            + (
                "Photographs and paintings are of one style: there is no distance to be a share of."
                if math.isnan(left)
                else f"The reference's pictures are at {left:.2f} of the photographs' own style distance."
            )
        ),
    ]


def left_out(at: Level) -> list[Block]:
    """Which statistics and pictures are not in the leaderboard, and who has not met the content distance."""
    results = at.results
    others = {name: len(keys) for name, keys in at.reached.items() if not at.enters(name)}
    said: list[Block] = [
        Text(
            f"{len(at.compared)} of {at.of} pictures of each statistic are compared: those whose content distance "
            "every statistic's runs reach. What one of them does not reach is left out for all."
        )
    ]
    if others:
        names = ", ".join(f"`{name}` ({count} of {at.of})" for name, count in others.items())
        said.append(Text(f"Not compared, as their runs reach the content of fewer than half of the pictures: {names}."))
    missed = [(cell, far) for cell, far in unmet(results) if at.enters(cell.statistic) and cell.key not in at.compared]
    worst = sorted(missed, key=lambda item: -abs(log_ratio(item[1], 1.0)))
    if worst:
        said += [
            Text("The farthest from the reference's content distance:"),
            Items(
                [
                    f"`{cell.statistic}`, {label(*cell.pair)}, seed {cell.seed}: {far:.3f} of it"
                    for cell, far in worst[:12]
                ]
            ),
        ]
    return said


def shared(results: Results) -> bool:
    return any(AT_ONCE in one.run.tags for several in results.runs.values() for one in several)


def flag(work: Batch, statistic: str, measure: str) -> str:
    """Whether the statistic's own loss is in a measure."""
    config = next(planned.job.config for name, planned in work.planned.items() if name.startswith(f"{statistic}-"))
    weights = config.loss_weights
    style, content = (
        layers_of(config.style_stat, weights.style_layers),
        layers_of(config.content_stat, weights.content_layers),
    )
    fixed = fixed_by(term.statistic for term in terms(config) if term.toward is not None)
    if fixed is None:
        return " ?"
    return {"wholly": " †", "partly": " ‡", "no": ""}[circular(measure, fixed, style, content)]


def share(run: Run, primary: str) -> float:
    """A run's style distance as a share of its photograph's own."""
    return style_share(run.latest.get(f"measure/{primary}", math.nan), run.baselines.get(primary, math.nan))


def pairs(at: Level) -> list[Block]:
    """The ratio that the ranking is by, pair by pair: what the intervals are over."""
    results = at.results
    names = [name for name in results.protocol.statistics if name != results.protocol.reference and at.enters(name)]
    logs = {name: ratios(at, name, results.judged_by) for name in names}
    rows = [
        [label(*pair), *(f"{math.exp(logs[name][pair]):.3f}" if pair in logs[name] else "–" for name in names)]
        for pair in dict.fromkeys(cell.pair for cell in results.runs)
    ]
    return [
        Heading("Pair by pair"),
        Table(["photograph · style", *names], rows, f"{results.protocol.primary}, mean of seeds"),
    ]


def all_runs(results: Results) -> list[Block]:
    blocks: list[Block] = [Heading("All runs")]
    if results.failed:
        blocks += [Text("These failed, and are tried again by the same command:")]
        blocks += [Items([f"`{name}`: {message}" for name, message in results.failed.items()])]
    rows = [
        [cell.statistic, *map(stem, cell.pair), str(cell.seed), f"{one.beta:g}", one.run.id[:8]]
        + [f"{value:.3f}" for value in (results.content(one), one.run.latest.get(results.judged_by, math.nan))]
        for cell, several in results.runs.items()
        for one in several
    ]
    columns = [
        "statistic",
        "photograph",
        "style",
        "seed",
        "beta",
        "id",
        "content",
        results.protocol.primary.replace("_", " "),
    ]
    return [*blocks, Table(columns, rows)]
