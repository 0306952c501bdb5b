"""The leaderboard: what each statistic scores against the reference at equal content distance, all from the store."""

import math
from collections.abc import Collection, Mapping
from itertools import product
from pathlib import Path

from PIL import Image

from stx.config.schema import layers_of
from stx.measures.catalogue import labels
from stx.measures.judge import circular
from stx.model.asked import terms
from stx.pictures.decode import FORMATS
from stx.pictures.sheet import contact_sheet, fitted
from stx.runs.batch import AT_ONCE, Batch
from stx.runs.files import CONTENT as PHOTOGRAPH
from stx.runs.files import OUTPUT, STYLE
from stx.runs.tracking.store import Run
from stx.runs.words import style_share
from stx.stats.fixed import fixed_by
from stx.studies import charts, page
from stx.studies.compare import equal
from stx.studies.compare.equal import JUDGED_BY, label, stem
from stx.studies.compare.leaderboard import CONFIDENCE, Ratio, by_pair, mean_of, ranking, ratio, step_time, unmet
from stx.studies.compare.protocol import Cell
from stx.studies.compare.work import Results, Try
from stx.studies.page import Block, Heading, Items, Picture, Pictures, Table, Text

SHARED = "Several runs were at work at once, so that their times a step say little. "
CELL = 192
"""Pixels of a picture's longer side on the sheet."""


def write(work: Batch, results: Results, folder: Path, command: str) -> Path:
    """The report into `folder`, and onto the parent run. Returns the HTML page."""
    (folder / "pictures").mkdir(parents=True, exist_ok=True)
    ratios = {name: ratio(results, name, JUDGED_BY) for name in results.protocol.statistics}
    blocks = opening(results, command)
    if results.runs:
        blocks += [
            *board(work, results, ratios),
            *equal.unmet_pictures(results),
            *pairs(results),
            *equal.blocks(results),
            *pareto(results, folder),
            *sheet(results, folder),
        ]
    html, _ = page.write(folder, "Style statistics compared", [*blocks, *all_runs(results)])
    metrics = {f"ratio/{name}": score.mean for name, score in ratios.items() if score}
    work.store.note(work.parent, metrics, {"mlflow.note.content": summary(ratios), "stx.command": command})
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
        Text(equal.how(results)),
    ]


def board(work: Batch, results: Results, ratios: Mapping[str, Ratio | None]) -> list[Block]:
    """One row a statistic, the best first."""
    reference = results.protocol.reference
    reference_time = step_time(results, reference)
    rows, measures = [], labels()
    for name in ranking(ratios):
        row = [f"`{name}`"]
        for measure in measures:
            score = ratios[name] if measure == JUDGED_BY else ratio(results, name, measure)
            bold = measure == JUDGED_BY and score is not None and score.differs
            row.append((f"**{shown(score)}**" if bold else shown(score)) + flag(work, name, measure))
        rows.append([*row, f"{step_time(results, name) / reference_time:.2f}"])
    left = mean_of(results, reference, share)
    intervals = (
        f"In brackets the {CONFIDENCE:.0%} confidence interval, by the bootstrap over pairs of pictures; bold where it "
        "excludes 1. "
    )
    if all(score is None or math.isnan(score.low) for score in ratios.values()):
        intervals = "So few pairs of pictures have no confidence interval. "
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
                else f"The reference's pictures are at {left:.2f} of the photographs' own sliced Wasserstein distance."
            )
        ),
    ]


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


def share(run: Run) -> float:
    """A run's style distance as a share of its photograph's own."""
    return style_share(run.latest.get(JUDGED_BY, math.nan), run.baselines.get("sliced_wasserstein", math.nan))


def pairs(results: Results) -> list[Block]:
    """The ratio that the ranking is by, pair by pair: what the intervals are over."""
    names = [name for name in results.protocol.statistics if name != results.protocol.reference]
    logs = {name: by_pair(results, name, JUDGED_BY) for name in names}
    rows = [
        [label(*pair), *(f"{math.exp(logs[name][pair]):.3f}" if pair in logs[name] else "–" for name in names)]
        for pair in dict.fromkeys(cell.pair for cell in results.runs)
    ]
    return [
        Heading("Pair by pair"),
        Table(["photograph · style", *names], rows, f"{labels()[JUDGED_BY]}, mean of seeds"),
    ]


def pareto(results: Results, folder: Path) -> list[Block]:
    """Style against content of every run; style as a share of the untouched photograph's distance."""
    series: dict[str, list[tuple[float, float]]] = {}
    for cell, several in results.runs.items():
        for one in several:
            series.setdefault(cell.statistic, []).append((results.content(one), share(one.run)))
    charts.points(
        folder / "pictures" / "pareto.png",
        series,
        title="Style against content, every run; nearer to the lower left is better",
        x="content distance",
        y="style distance, of the photograph's",
    )
    return [Heading("Style against content"), Picture("pictures/pareto.png", "every run, those of the search too")]


def sheet(results: Results, folder: Path) -> list[Block]:
    """Photograph, style and every statistic's picture, a row for each pair, of the first seed."""
    protocol = results.protocol
    rows, row_names = [], []
    for photograph, style in product(protocol.photographs, protocol.styles):
        cells = [Cell(name, photograph, style, protocol.seeds[0]) for name in protocol.statistics]
        closest = [results.closest(cell) for cell in cells]
        first = next(filter(None, closest), None)
        inputs = [picture(first, file) for file in (PHOTOGRAPH, STYLE)]
        rows.append([*inputs, *(picture(one, OUTPUT) for one in closest)])
        row_names.append(label(photograph, style))
    pictures = [shown for row in rows for shown in row if shown]
    if not pictures:
        return []
    columns = ["photograph", "style", *protocol.statistics]
    grid = contact_sheet(rows, row_labels=row_names, column_labels=columns, cell=fitted(pictures[0].size, CELL))
    grid.resize(fitted(grid.size, 2400)).save(folder / "pictures" / "sheet.jpg", quality=88)
    caption = "at equal content distance" + (", but for those named above" if unmet(results) else "")
    return [Heading("Pictures"), Pictures([Picture("pictures/sheet.jpg", caption)], 1000)]


def picture(one: Try | None, file: str) -> Image.Image | None:
    """One of a run's files; nothing where there is no run, or its file is gone."""
    try:
        with Image.open(one.run.artifact(file), formats=FORMATS) as opened:  # type: ignore[union-attr]
            return opened.convert("RGB")
    except (AttributeError, OSError):
        return None


def all_runs(results: Results) -> list[Block]:
    blocks: list[Block] = [Heading("All runs")]
    if results.failed:
        blocks += [Text("These failed, and are tried again by the same command:")]
        blocks += [Items([f"`{name}`: {message}" for name, message in results.failed.items()])]
    rows = [
        [cell.statistic, *map(stem, cell.pair), str(cell.seed), f"{one.beta:g}", one.run.id[:8]]
        + [f"{value:.3f}" for value in (results.content(one), one.run.latest.get(JUDGED_BY, math.nan))]
        for cell, several in results.runs.items()
        for one in several
    ]
    columns = ["statistic", "photograph", "style", "seed", "beta", "id", "content", "sliced Wasserstein"]
    return [*blocks, Table(columns, rows)]
