"""The report: what each statistic scores against the reference at equal content distance, all from the store."""

import math
import os
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from stx.config.compose import key_of
from stx.runs.batch import Batch
from stx.runs.tracking.note import code, repeated
from stx.runs.tracking.stored import Run
from stx.studies import page
from stx.studies.compare import earlier, export, judges, pictures, programs
from stx.studies.compare.board import board, chance, shown
from stx.studies.compare.bracketed import left_out, reach
from stx.studies.compare.equal import Level, label, level, ratios, titles
from stx.studies.compare.leaderboard import Ratio, ranking, ratio
from stx.studies.compare.outdated import outdated, said
from stx.studies.compare.protocol import cells, first_beta
from stx.studies.compare.work import Results, member_name, wanted
from stx.studies.compare.yardsticks import YARDSTICKS
from stx.studies.page import GAP, Block, Heading, Items, Table, Text
from stx.studies.preview import linked

HERE = ("stx.hardware", "stx.versions")
"""Tags that say where and with what a run was made."""
FEW = 4
"""Most sizes of runs that the report names one by one."""


def write(
    work: Batch,
    results: Results,
    folder: Path,
    command: str,
    finished: programs.Judged,
    options: Sequence[str],
) -> tuple[Path, list[str]]:
    """Write the report into `folder` and to the parent run. `options` are those typed for all runs.

    Returns the HTML page, and lines that say what does not count, how the statistics score and where MLflow shows it.
    """
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    at = level(results, results.match)
    scores = {name: ratio(at, name, results.judged_by) for name in results.protocol.statistics}
    compared = export.identity(results) if results.runs else {}  # which reads all pictures
    blocks = opening(results, command, options, compared.get("digest", ""))
    stale = said(outdated(work), len(work.planned))
    if stale:
        blocks.append(Text(f"**Not up to date:** {stale}."))
    if results.runs:
        every = judges.scores(results)
        blocks += [
            *board(work, at, scores, every, finished),
            *left_out(at),
            *reach(every),
            *judges.blocks(results, every),
            *programs.blocks(results, finished, folder),
            *pairs(at),
            *pictures.pareto(results, folder),
            *pictures.sheet(results, folder),
        ]
        export.write(folder, results, every, finished, compared, options)
        earlier.write(folder, results, work.planned)
    html, _ = page.write(folder, "Style statistics compared", [*blocks, *all_runs(results)])
    metrics = {f"ratio/{name}": score.mean for name, score in scores.items() if score}
    sheet = f"{folder.name}/{pictures.SHEET}" if (folder / pictures.SHEET).exists() else ""
    text = summary(scores, results, sheet and linked(sheet, "the pictures", work.parent.id), command)
    work.store.note(work.parent, metrics, {"mlflow.note.content": text, "stx.command": command})
    work.store.attach(work.parent, folder)
    seen = f"MLflow: {work.store.where(work.parent)}"
    return html, [line for line in (stale, in_a_line(scores, results.protocol.reference), seen) if line]


def in_a_line(ratios: Mapping[str, Ratio | None], reference: str) -> str:
    """The scores in a line, the nearest to the style first; empty if no two statistics were comparable."""
    means = [f"{name} {score.mean:.2f}" for name in ranking(ratios) if (score := ratios[name])]
    said = f"style distance relative to that of {reference} at equal content, lower is better: {', '.join(means)}"
    others = [score for name, score in ratios.items() if score and name != reference]
    few = f" ({chance(math.nan)})" if all(math.isnan(score.p) for score in others) else ""
    return f"{said}{few}" if len(means) > 1 else ""


def counted(things: Collection[object], noun: str) -> str:
    return f"{len(things)} {noun}{'s' * (len(things) != 1)}"


def summary(ratios: Mapping[str, Ratio | None], results: Results, sheet: str, command: str) -> str:
    """Markdown for the comparison's own run."""
    protocol = results.protocol
    lines = [
        f"Style distance relative to that of {code(protocol.reference)}, at equal content; lower is better. "
        f"{counted(protocol.pairs, 'pair')} of photograph and painting, {counted(protocol.seeds, 'seed')}.",
        "\n".join(f"- {code(name)} {shown(ratios[name])}" for name in ranking(ratios)),
        *([sheet] if sheet else []),
        f"The whole report is {code('report/report.html')}, below *Artifacts*.",
        repeated(command, os.getcwd()),
    ]
    return "\n\n".join(lines)


def opening(results: Results, command: str, options: Sequence[str], digest: str) -> list[Block]:
    protocol, runs = results.protocol, results.runs
    every = [one.run for several in runs.values() for one in several]
    first: list[Block] = [Text(f"`{command}`")]
    if not every:
        return [*first, Text("No run has ended yet.")]
    replaced = {key_of(text) for text in options}
    settings = [text for text in protocol.settings if key_of(text) not in replaced]
    same = f" All runs also have: `{' '.join(settings)}`." if settings else ""
    hardware, versions = ("; ".join(dict.fromkeys(one.tags[tag] for one in every)) for tag in HERE)
    return [
        *first,
        Text(
            f"{counted(protocol.pairs, 'pair')} of {counted(protocol.photographs, 'photograph')} and "
            f"{counted(protocol.styles, 'style')}, {counted(protocol.seeds, 'seed')}, "
            f"{counted(every, 'run')} at {sizes(every)} pixels and {steps(every)} steps, on {hardware}. "
            f"{versions}.{taken_over(results)}{same}"
        ),
        *missing(results),
        Text(how(results)),
        Text(
            f"Version {protocol.version} of the protocol; its digest, with the pictures and the networks' weights, is "
            f"`{digest[:16]}` (`{export.FILE}`)."
        ),
    ]


def sizes(runs: Collection[Run]) -> str:
    """The sizes of all runs, such as 256 x 192: they may differ with the photographs' proportions."""
    sides = {(int(run.params["image_size.width"]), int(run.params["image_size.height"])) for run in runs}
    words = [f"{width} x {height}" for width, height in sorted(sides, key=lambda size: (math.prod(size), size))]
    return either(words) if len(words) <= FEW else f"{len(words)} sizes from {words[0]} to {words[-1]}"


def steps(runs: Collection[Run]) -> str:
    """The numbers of steps of all runs, which statistics may choose for themselves."""
    return either([f"{count}" for count in sorted({int(run.params["optim.steps"]) for run in runs})])


def either(words: Sequence[str]) -> str:
    return f"{', '.join(words[:-1])} or {words[-1]}" if words[1:] else "".join(words)


def missing(results: Results) -> list[Block]:
    """A warning if not all runs have been made; empty if the report is complete."""
    waiting = [member_name(cell, beta) for cell, beta in wanted(results).items()]
    waiting = [name for name in waiting if name not in results.failed]
    of = sum(1 for _ in cells(results.protocol))
    return [Text(f"**Incomplete:** {len(waiting)} of {of} searches are unfinished.")] if waiting else []


def taken_over(results: Results) -> str:
    """How many runs come from an earlier report, in words; empty if none does."""
    count = sum(isinstance(one.run, earlier.Recorded) for several in results.runs.values() for one in several)
    return f" {count} of them come from an earlier report." if count else ""


def how(results: Results) -> str:
    """What was held equal, and how."""
    protocol = results.protocol
    first = first_beta(protocol, protocol.reference)
    if len(protocol.statistics) < 2:
        betas = " and ".join(f"{first * part:g}" for part in protocol.spread or protocol.levels)
        return (
            f"`{protocol.reference}` is the only statistic, run at beta = {betas}; docs/measures.md describes all "
            "measures."
        )
    betas = " and ".join(f"{first * part:g}" for part in ([1.0] if protocol.spread else protocol.levels))
    contents = f"the content distances of `{protocol.reference}`'s pictures at beta = {betas}"
    if protocol.spread:
        parts = ", ".join(f"{part:g}" for part in protocol.spread)
        done = f"Every statistic was run at {parts} times its first weight."
    else:
        done = (
            f"Each statistic's weight was varied, in at most {counted(range(protocol.runs), 'run')}, until its "
            f"pictures lay on both sides of {contents}, or within {100 * results.tolerance:g} % of them."
        )
    return (
        f"{done} Style distances can be compared only at equal content, so every measure is interpolated at "
        f"{contents}, on logarithmic axes by a curve through each statistic's runs (PCHIP). The leaderboard holds "
        f"{YARDSTICKS[results.match].label} equal (`measure/{results.match}`), at beta = {first:g}. The protocol ranks "
        f"statistics by `measure/{protocol.primary}`; docs/measures.md describes all measures."
    )


def pairs(at: Level) -> list[Block]:
    """The ratios that rank, pair by pair: what the intervals are taken over. Empty if nothing is compared."""
    results = at.results
    compared = [name for name in results.protocol.statistics if name != results.protocol.reference and at.enters(name)]
    logs = {name: ratios(at, name, results.judged_by) for name in compared}
    if not compared:  # the pairs alone say nothing
        return []
    rows = [
        [
            label(results.protocol, *pair),
            *(f"{math.exp(logs[name][pair]):.3f}" if pair in logs[name] else GAP for name in compared),
        ]
        for pair in dict.fromkeys(cell.pair for cell in results.runs)
    ]
    return [
        Heading("Pair by pair"),
        Table(
            ["photograph · style", *compared],
            rows,
            f"{results.protocol.primary} relative to that of `{results.protocol.reference}`, averaged over seeds",
        ),
    ]


def all_runs(results: Results) -> list[Block]:
    blocks: list[Block] = [Heading("All runs")]
    if results.failed:
        blocks += [Text("These failed; the same command tries them again:")]
        blocks += [Items([f"`{name}`: {message}" for name, message in results.failed.items()])]
    rows = [
        [cell.statistic, *titles(results.protocol, *cell.pair), str(cell.seed), f"{one.beta:g}", one.run.id[:8]]
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
    caption = "Distances as measured; charts show style as a share of the untouched photograph's distance"
    return [*blocks, Table(columns, rows, caption)]
