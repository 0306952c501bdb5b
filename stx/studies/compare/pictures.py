"""What a comparison looks like: style against content, and a sheet of the pictures."""

import math
from pathlib import Path

from PIL import Image

from stx.config.regular import regular
from stx.pictures import charts, images
from stx.pictures.decode import FORMATS
from stx.pictures.sheet import contact_sheet, fitted
from stx.runs.files import CONTENT as PHOTOGRAPH
from stx.runs.files import OUTPUT, STYLE
from stx.runs.words import style_share
from stx.studies.compare.equal import ENOUGH, between, label, logarithm
from stx.studies.compare.leaderboard import unmet
from stx.studies.compare.protocol import Cell
from stx.studies.compare.work import Results, Try
from stx.studies.page import Block, Heading, Picture, Pictures
from stx.studies.preview import preview

SHEET = "pictures/sheet.jpg"
"""Relative to the report's folder."""
CELL = 192
"""Pixels of a picture's longer side on the sheet."""
MANY = 100
"""Runs above which a chart of all of them would be a cloud."""
CONTENTS = [1.05**step for step in range(-11, 23)]
"""Content distances at which mean curves are drawn, as shares of the reference's: 0.58 to 3."""
EPS = 1e-9
"""Tolerance that lets rounding pass, and nothing else."""


def pareto(results: Results, folder: Path) -> list[Block]:
    """A chart of style against content: of every run or, if these are too many to be told apart, of their means."""
    path, reference = folder / "pictures" / "pareto.png", results.protocol.reference
    if sum(map(len, results.runs.values())) > MANY:
        charts.curves(
            path,
            {name: mean_curve(results, name) for name in results.protocol.statistics},
            title=f"Style against content, relative to {reference}'s first pictures; lower is nearer to the style",
            x="content distance",
            y="style distance",
        )
        caption = (
            "geometric mean over pictures, interpolated between the runs of each, wherever at least half of the "
            "pictures have runs on both sides"
        )
    else:
        charts.points(
            path,
            by_statistic(results),
            title="Style against content, every run; nearer to the lower left is better",
            x="content distance",
            y="style distance, of the photograph's",
        )
        caption = "every run, including those of the search"
    return [Heading("Style against content"), Picture("pictures/pareto.png", caption)]


def by_statistic(results: Results) -> dict[str, list[tuple[float, float]]]:
    """Content, and style as a share of the untouched photograph's distance, of every run."""
    primary = results.protocol.primary
    series: dict[str, list[tuple[float, float]]] = {}
    for cell, several in results.runs.items():
        for one in several:
            own = one.run.baselines.get(primary, math.nan)
            share = style_share(one.run.latest.get(results.judged_by, math.nan), own)
            series.setdefault(cell.statistic, []).append((results.content(one), share))
    return series


def mean_curve(results: Results, statistic: str) -> list[tuple[float, float]]:
    """A statistic's style at each of CONTENTS, both relative to the reference's first picture of the same pair."""
    of = [(results.runs[cell], first) for cell in results.cells(statistic)
          if cell in results.runs and (first := results.reference_run(cell.key))]  # fmt: skip
    curve = []
    for share in CONTENTS:
        logs = [
            between(
                [one.run.latest for one in several],
                results.match,
                share * results.content(first),
                results.judged_by,
                EPS,
            )
            - logarithm(first.run.latest.get(results.judged_by, math.nan))
            for several, first in of
        ]
        finite = [log for log in logs if math.isfinite(log)]
        if finite and len(finite) >= ENOUGH * len(results.cells(statistic)):
            curve.append((share, math.exp(sum(finite) / len(finite))))
    return curve


def sheet(results: Results, folder: Path) -> list[Block]:
    """A sheet of photograph, style and every statistic's picture for the first seed, with a row for each pair."""
    protocol = results.protocol
    rows, row_names = [], []
    for photograph, style in protocol.pairs:
        cells = [Cell(name, photograph, style, protocol.seeds[0]) for name in protocol.statistics]
        closest = [results.closest(cell) for cell in cells]
        inputs = [next(filter(None, (picture(one, file) for one in closest)), None) for file in (PHOTOGRAPH, STYLE)]
        rows.append([*inputs, *(picture(one, OUTPUT) for one in closest)])
        row_names.append(label(protocol, photograph, style))
    pictures = [shown for row in rows for shown in row if shown]
    if not pictures:
        return []
    columns = ["photograph", "style", *protocol.statistics]
    grid = contact_sheet(rows, row_labels=row_names, column_labels=columns, cell=fitted(pictures[0].size, CELL))
    images.save(grid.resize(fitted(grid.size, 2400)), folder / SHEET, quality=88)
    preview(folder / SHEET)
    caption = "each statistic's picture that is nearest to the reference's content distance"
    if left := len(unmet(results)):
        caption += f"; {left} {'is' if left == 1 else 'are'} not within {results.tolerance:.0%} of it"
    return [Heading("Pictures"), Pictures([Picture(SHEET, caption)], 1000)]


def picture(one: Try | None, file: str) -> Image.Image | None:
    """One of a run's pictures; None if there is no run or the file is gone."""
    try:
        with Image.open(regular(one.run.artifact(file)), formats=FORMATS) as opened:  # type: ignore[union-attr]
            return images.on_white(opened)
    except (AttributeError, OSError):
        return None
