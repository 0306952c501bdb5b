"""A sweep's page: a table, the pictures by the swept axes and a chart, all in the sweep's own folder."""

import csv
import math
import os
from collections.abc import Collection, Iterator, Sequence
from io import StringIO
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from stx import atomic
from stx.runs.files import OUTPUT
from stx.runs.naming import headings, told_apart
from stx.runs.sources import LOSS
from stx.runs.tracking.note import code, repeated
from stx.studies import page
from stx.studies.preview import SMALL, linked, preview
from stx.studies.sweep.results import OVER, Row, lost, nearest
from stx.studies.sweep.scatter import scatter
from stx.studies.sweep.sheets import SHEET, sheets

PAGE, TABLE, CHART = "sweep", "sweep.csv", "sweep.png"
NAMES = (f"{PAGE}.html", f"{PAGE}.md", TABLE, CHART, SHEET)
"""Files that a sweep writes beside its jobs' folders and its records."""
REDUCED = " † measured at a reduced size, for lack of memory: not comparable with what was measured at full size."
MARKED = "The best has a frame among the pictures, a ring in the chart and a mark in the table."
SCALES = (
    "Style distance: 0 is the painting's own style, 1 is as far from it as the photograph. Content distance: 0 is the "
    "photograph itself."
)
MOST = 40
"""Most jobs in the description, for which a store has limited room."""


class Findings(NamedTuple):
    """What a search has found so far."""

    said: str
    trials: int
    """The most trials that it may have."""
    pictures: Sequence[tuple[str, Path]]
    """Files in its folder, each with its title."""
    best: Collection[int]
    """The number of the trial that is its answer, or the numbers of those on the front."""


def write(folder: Path, rows: Sequence[Row], command: str, findings: Findings | None = None) -> list[Path]:
    """Write the page and the files that it shows, and return their paths, the page first.

    The page may be written before all jobs have ended. `findings`: what a search has to say and to show, instead of the
    job nearest to the style and the sheets of all jobs.
    """
    rows = sorted(rows, key=lambda row: row.task.number)
    atomic.write(folder / TABLE, table(rows))
    best, word = ahead(rows, findings)
    shown_sheets = list(sheets(folder, rows, next(iter(best), None))) if findings is None else findings.pictures
    chart = scatter(folder / CHART, rows, {word: best} if best else {})
    axes = list(rows[0].task.values)
    ended = sum(row.outcome in OVER for row in rows)
    said = filter(None, [verdict(rows, findings)])
    one, many = ("trial", findings.trials) if findings else ("job", len(rows))
    blocks: list[page.Block] = [
        page.Text(f"`{command}`"),
        page.Text(" ".join([f"{ended} of {many} {one}s have ended.", *said, *([MARKED] if len(best) == 1 else [])])),
        *([page.Text(f"To repeat the best by itself: {code(best[0].command)}")]
          if len(best) == 1 and best[0].command else []),
        *([page.Items([f"**{row.task.name}** {row.outcome}: {row.message or 'not finite'}" for row in lost(rows)])]
          if lost(rows) else []),
    ]  # fmt: skip
    for title, file in shown_sheets:
        blocks += [page.Heading(title), page.Picture(file.name, "")]
    if chart:
        blocks += [page.Heading("Style against content"), page.Picture(chart.name, "Lower is better, on both axes.")]
    blocks += [page.Heading(f"{one.capitalize()}s"), measured(one, rows, best, word)]
    blocks += [page.Heading("Runs"), page.Links([links(row, folder) for row in rows])]
    title = f"{'A search' if findings else 'A sweep'} over {' and '.join(axes) or 'nothing'}"
    written, _ = page.write(folder, title, blocks, PAGE)
    files = [folder / TABLE, *(file for _, file in shown_sheets), *([chart] if chart else [])]
    first = next((file for _, file in shown_sheets if file.suffix == ".jpg"), None)
    return [written, *files, *([preview(first)] if first else [])]


def measured(one: str, rows: Sequence[Row], best: Sequence[Row], word: str) -> page.Table:
    """A table with a row for each job, with everything that is known about it; `one` is what a job is called."""
    return page.Table(
        [one, *headings(rows[0].task.values).values(), "outcome", "steps", "loss", "content loss", "style loss",
         "style distance", "content distance", "structure distance", "seconds"],
        [
            cells(row, values, word if row in best else "")
            for row, values in zip(rows, values_shown(rows), strict=True)
        ],
        "Losses can be compared only between jobs with the same statistic, network, size and weights; style distances "
        "between any, but best at about the same content distance. Style distance: the sliced Wasserstein distance to "
        "the painting, as a share of the photograph's own. Content distance: the distance between the features at "
        "conv4_3. Structure distance: CFSD, how much it changed which positions are alike. No default "
        "loss uses any of them."
        f"{REDUCED if any(row.reduced for row in rows) else ''}",
        marked=[place for place, row in enumerate(rows) if row in best],
    )  # fmt: skip


def verdict(rows: Sequence[Row], findings: Findings | None = None) -> str:
    """Which job came nearest to the style, or what a search found, and how many jobs failed or diverged."""
    best, failed = nearest(rows), lost(rows)
    parts = [findings.said] if findings else []
    if best and not findings:
        row, middle = best
        parts.append(
            f"Best: **{row.task.name}**, the closest to the style among the jobs whose content distance is at most the "
            f"median ({middle:.2f}). Its style distance is {row.style:.2f} of the photograph's own, its content "
            f"distance {row.content:.2f}."
        )
        if closest := nearer(row, rows):
            parts.append(
                f"Closest of all to the style, but farther from the photograph: **{closest.task.name}** "
                f"({closest.style:.2f}, content distance {closest.content:.2f})."
            )
    if best and not findings and any(row.reduced for row in rows) and not row.reduced:
        parts.append("Jobs with † were measured at a reduced size, and are not ranked with the others.")
    if failed:
        parts.append(f"{len(failed)} of {len(rows)} failed or diverged.")
    return " ".join(parts)


def nearer(best: Row, rows: Sequence[Row]) -> Row | None:
    """The job that came closest to the style of all, if that is not the best one; measured at the same size."""
    others = [row for row in rows if row.outcome == "finished" and row.reduced == best.reduced]
    closest = min((row for row in others if math.isfinite(row.style + row.content)), key=lambda row: row.style)
    return closest if closest.style < best.style else None


def ahead(rows: Sequence[Row], findings: Findings | None = None) -> tuple[list[Row], str]:
    """The jobs that the page marks, and the word that marks them."""
    if findings:
        return [row for row in rows if row.task.number in findings.best], "best" if len(findings.best) == 1 else "front"
    best = nearest(rows)
    return [best[0]] if best else [], "best"


def values_shown(rows: Sequence[Row]) -> list[list[str]]:
    """The value of each row on each axis, shortened as far as it still differs from the others."""
    labels = {axis: told_apart({row.task.values[axis] for row in rows}) for axis in rows[0].task.values}
    return [[labels[axis][value] for axis, value in row.task.values.items()] for row in rows]


def cells(row: Row, values: Sequence[str], word: str = "") -> list[str]:
    losses = [number(row.losses.get(name, math.nan), ".3g") for name in LOSS]
    return [f"{row.task.number}", *values, came_to(row, word), f"{row.steps or ''}", *losses, *measures(row)]


def came_to(row: Row, word: str) -> str:
    """A job's outcome, with the word that marks it, if any."""
    return f"{row.outcome}, **{word}**" if word else row.outcome


def measures(row: Row) -> list[str]:
    """All distances, with a sign if they were measured at a reduced size, and the time."""
    distances = [number(each, ".2f") for each in (row.style, row.content, row.structure)]
    marked = [f"{each} †" if each and row.reduced else each for each in distances]
    return [*marked, number(row.seconds or math.nan, ".0f")]


def number(value: float, form: str) -> str:
    return f"{value:{form}}" if math.isfinite(value) else ""


def links(row: Row, folder: Path) -> list[tuple[str, str]]:
    """Links to a job's folder, picture and run, as far as they exist."""
    place = Path(os.path.relpath(row.task.folder, folder)).as_posix()
    picture = [("picture", quote(f"{place}/{OUTPUT}"))] if (row.task.folder / OUTPUT).exists() else []
    return [
        (f"{row.task.number} {row.task.name}", quote(place)),
        *picture,
        *([("MLflow", row.link)] if row.link else []),
    ]


def table(rows: Sequence[Row]) -> str:
    text = StringIO(newline="")
    axes = list(rows[0].task.values)
    writer = csv.writer(text)
    measures = ["style_distance", "content_distance", "structure_distance", "reduced", "seconds"]
    writer.writerow(["job", *axes, "outcome", "steps", *LOSS, *measures, "run", "folder", "message"])
    for row in rows:
        losses = [row.losses.get(name, math.nan) for name in LOSS]
        writer.writerow(
            [row.task.number, *row.task.values.values(), row.outcome, row.steps, *losses, row.style, row.content,
             row.structure, "yes" if row.reduced else "", round(row.seconds, 2), row.link, row.task.folder, row.message]
        )  # fmt: skip
    return text.getvalue()


def description(
    rows: Sequence[Row], command: str, files: Collection[Path] = (), findings: Findings | None = None
) -> str:
    """Markdown for the sweep's own run, which the store folds after four lines. `files`: what `write` returned."""
    small = next((file.name for file in files if file.stem.endswith(SMALL)), "")
    best, word = ahead(rows, findings)
    leads = f" [Open the best run]({anchor(best[0])})." if len(best) == 1 and anchor(best[0]) else ""
    lines = [
        f"{page.words(verdict(rows, findings)) or f'{len(rows)} jobs'}{leads}",
        *([linked(small.replace(SMALL, ""), "the pictures")] if small else []),
        repeated(command, os.getcwd()),
        *([SCALES] if nearest(rows) else []),
        "\n".join(job_table(rows, best, word)),
        *(
            f"{page.words(row.task.name)} {row.outcome}: {code(row.message or 'not finite')}"
            for row in lost(rows)[:MOST]
        ),
    ]
    if len(rows) > MOST:
        lines.append(f"{len(rows) - MOST} more are in {code(f'{PAGE}.html')}, below *Artifacts*.")
    if any(row.reduced for row in rows):
        lines.append(REDUCED.strip())
    return "\n\n".join(lines)


def job_table(rows: Sequence[Row], best: Sequence[Row], word: str) -> Iterator[str]:
    """The lines of a Markdown table of the first MOST jobs."""
    head = ["job", *headings(rows[0].task.values).values(), "outcome", "style", "content", "structure", "seconds", ""]
    yield f"| {' | '.join(map(page.cell, head))} |"
    yield "|---" * len(head) + "|"
    for row, values in list(zip(rows, values_shown(rows), strict=True))[:MOST]:
        link = f"[run]({anchor(row)})" if anchor(row) else ""
        ended = came_to(row, word if row in best else "")
        yield f"| {' | '.join([f'{row.task.number}', *map(page.cell, values), ended, *measures(row), link])} |"


def anchor(row: Row) -> str:
    """The address of a job's run within MLflow's pages; empty if it has none."""
    return row.link[row.link.index("#") :] if "#" in row.link else ""
