"""A sweep's page: its table, its pictures by the swept axes, a chart, all in its own folder."""

import csv
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from PIL import Image

from stx import atomic
from stx.pictures import images
from stx.pictures.decode import FORMATS
from stx.pictures.sheet import contact_sheet, fitted
from stx.runs.files import OUTPUT
from stx.runs.task import shown
from stx.runs.tracking.sender import THIS_RUN
from stx.studies import charts, page
from stx.studies.sweep.results import LOSS, OVER, Row, lost, nearest

PAGE, TABLE, SHEET, CHART = "sweep", "sweep.csv", "sweep-sheet.jpg", "sweep.png"
CELL = 256
"""Pixels of the longer side of a picture on a sheet,"""
WIDEST = 12
"""and columns of one, from which they are smaller."""
NAMED = 24
"""Jobs, up to which a chart has a name for each; of more, one for each value of the first axis."""


class Findings(NamedTuple):
    """Of a search, so far."""

    said: str
    trials: int
    """That it may have at most."""
    pictures: Sequence[tuple[str, Path]]
    """Files in its folder, each with its title."""


def write(folder: Path, rows: Sequence[Row], command: str, findings: Findings | None = None) -> list[Path]:
    """The page, first, and the files that it shows. Of jobs that have not ended it says so. `findings`: what a
    search has to say and to show, in place of what is nearest and of sheets of all."""
    rows = sorted(rows, key=lambda row: row.task.number)
    atomic.write(folder / TABLE, table(rows))
    shown_sheets = list(sheets(folder, rows)) if findings is None else findings.pictures
    chart = charted(folder, rows)
    axes = list(rows[0].task.values)
    ended = sum(row.outcome in OVER for row in rows)
    one, many = ("trial", findings.trials) if findings else ("job", len(rows))
    blocks: list[page.Block] = [
        page.Text(f"`{command}`"),
        page.Text(f"{ended} of {many} {one}s have ended. {verdict(rows, findings)}"),
        *([page.Items([f"**{row.task.name}** {row.outcome}: {row.message or 'not finite'}" for row in lost(rows)])]
          if lost(rows) else []),
    ]  # fmt: skip
    for title, file in shown_sheets:
        blocks += [page.Heading(title), page.Picture(file.name, "")]
    if chart:
        blocks += [page.Heading("Style against content"), page.Picture(chart.name, "Lower is nearer, on both axes.")]
    blocks += [
        page.Heading(f"{one.capitalize()}s"),
        page.Table(
            [one, *axes, "outcome", "steps", "loss", "content loss", "style loss", "style distance",
             "content distance", "seconds"],
            [cells(row) for row in rows],
            "Losses are each one's own: they say nothing beside those of other weights. Style distance: sliced "
            "Wasserstein, held out, of the photograph's own; content distance: of features where no loss looks.",
        ),
    ]  # fmt: skip
    blocks += [page.Heading("Runs"), page.Links([links(row, folder) for row in rows])]
    title = f"{'A search' if findings else 'A sweep'} over {' and '.join(axes) or 'nothing'}"
    written, _ = page.write(folder, title, blocks, PAGE)
    return [written, folder / TABLE, *(file for _, file in shown_sheets), *([chart] if chart else [])]


def verdict(rows: Sequence[Row], findings: Findings | None = None) -> str:
    """Which job came nearest to the style, or what a search found, and how many gave nothing."""
    best, failed = nearest(rows), lost(rows)
    parts = [findings.said] if findings else []
    if best and not findings:
        row, middle = best
        parts.append(
            f"Nearest to the style at no more than the median content distance ({middle:.2f}): **{row.task.name}**, "
            f"style distance {row.style:.2f} of the photograph's own, content distance {row.content:.2f}."
        )
    if failed:
        parts.append(f"{len(failed)} of {len(rows)} failed or diverged.")
    return " ".join(parts)


def cells(row: Row) -> list[str]:
    losses = [number(row.losses.get(name, math.nan), ".3g") for name in LOSS]
    measures = [number(row.style, ".2f"), number(row.content, ".2f"), number(row.seconds or math.nan, ".0f")]
    values = [shown(value) for value in row.task.values.values()]
    return [f"{row.task.number}", *values, row.outcome, f"{row.steps or ''}", *losses, *measures]


def number(value: float, form: str) -> str:
    return f"{value:{form}}" if math.isfinite(value) else ""


def links(row: Row, folder: Path) -> list[tuple[str, str]]:
    """Its picture, its folder and its run, as far as they are."""
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
    writer.writerow(
        ["job", *axes, "outcome", "steps", *LOSS, "style", "content", "seconds", "run", "folder", "message"]
    )
    for row in rows:
        losses = [row.losses.get(name, math.nan) for name in LOSS]
        writer.writerow(
            [row.task.number, *row.task.values.values(), row.outcome, row.steps, *losses, row.style, row.content,
             round(row.seconds, 2), row.link, row.task.folder, row.message]
        )  # fmt: skip
    return text.getvalue()


def sheets(folder: Path, rows: Sequence[Row]) -> Iterator[tuple[str, Path]]:
    """A sheet for all values of the first two axes, and one for each combination of the others', with its title."""
    axes = list(rows[0].task.values)
    (down, across), others = [*axes, "", ""][:2], axes[2:]
    if not across:  # one axis alone stands side by side
        down, across = "", down
    thumbnails = {row.task.number: thumbnail(row.task.folder / OUTPUT) for row in rows}
    size = next((picture.size for picture in thumbnails.values() if picture), None)
    if size is None:
        return
    for combination in dict.fromkeys(tuple(row.task.values[axis] for axis in others) for row in rows):
        here = [row for row in rows if tuple(row.task.values[axis] for axis in others) == combination]
        ys, xs = (list(dict.fromkeys(row.task.values.get(axis, "") for row in here)) for axis in (down, across))
        at = {(row.task.values.get(down, ""), row.task.values.get(across, "")): row for row in here}
        grid = [[thumbnails[at[y, x].task.number] if (y, x) in at else None for x in xs] for y in ys]
        if not any(picture for line in grid for picture in line):
            continue
        sheet = contact_sheet(
            grid,
            row_labels=[shown(y) for y in ys] if down else (),
            column_labels=[shown(x) for x in xs] if across else (),
            cell=fitted(size, CELL if len(xs) <= WIDEST else CELL // 2),
        )
        named = ", ".join(f"{axis}={shown(value)}" for axis, value in zip(others, combination, strict=True))
        path = folder / (SHEET.replace(".", f"-{here[0].task.number}.") if others else SHEET)
        images.save(sheet, path)
        yield " against ".join(filter(None, (down, across))) + (f", {named}" if named else ""), path


def thumbnail(path: Path) -> Image.Image | None:
    """Small, so that a thousand of them take no memory to speak of."""
    try:
        with Image.open(path, formats=FORMATS) as picture:
            return picture.convert("RGB").resize(fitted(picture.size, CELL), Image.Resampling.LANCZOS)
    except OSError:
        return None


def charted(folder: Path, rows: Sequence[Row]) -> Path | None:
    measured = [row for row in rows if math.isfinite(row.style + row.content)]
    if not measured:
        return None
    series: Mapping[str, list[tuple[float, float]]]
    if len(measured) <= NAMED:
        series = {f"{row.task.number} {row.task.name}": [(row.content, row.style)] for row in measured}
    else:
        by_first = [next(iter(row.task.values.items())) for row in measured]
        series = {f"{key}={shown(value)}": [] for key, value in by_first}
        for row, (key, value) in zip(measured, by_first, strict=True):
            series[f"{key}={shown(value)}"].append((row.content, row.style))
    return charts.points(
        folder / CHART, series, title="Style against content", x="content distance", y="style distance"
    )


def description(rows: Sequence[Row], command: str, findings: Findings | None = None) -> str:
    """For the sweep's own run, in Markdown; the store folds it after four lines."""
    axes = list(rows[0].task.values)
    head = ["job", *axes, "outcome", "style", "content", "seconds", ""]
    sheet = f"![the pictures](get-artifact?path={SHEET}&run_uuid={THIS_RUN})"
    lines = [
        verdict(rows, findings) or f"{len(rows)} jobs",
        "",
        *([sheet, ""] if not findings and len(axes) < 3 and nearest(rows) else []),
    ]
    lines += [f"`{command}`", ""]
    lines += [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for row in rows:
        values = [shown(value) for value in row.task.values.values()]
        measures = [number(row.style, ".2f"), number(row.content, ".2f"), number(row.seconds or math.nan, ".0f")]
        link = f"[run]({row.link[row.link.index('#') :]})" if "#" in row.link else ""
        lines.append(f"| {' | '.join([f'{row.task.number}', *values, row.outcome, *measures, link])} |")
    return "\n".join(lines)
