"""What a comparison looks like: style against content, and a sheet of the pictures."""

import math
from pathlib import Path

from PIL import Image

from stx.pictures import charts, images
from stx.pictures.sheet import contact_sheet, fitted
from stx.runs.files import CONTENT as PHOTOGRAPH
from stx.runs.files import OUTPUT, STYLE
from stx.runs.sources import InStore
from stx.runs.words import style_share
from stx.studies.compare.equal import ENOUGH, Key, between, label, logarithm
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
"""Content distances at which mean curves are drawn, as shares of the reference's: 0.58 to 2.9."""
EPS = 1e-9
"""Tolerance that lets rounding pass, and nothing else."""


def pareto(results: Results, folder: Path) -> list[Block]:
    """A chart of style against content: of every run or, if these are too many to be told apart, of their means."""
    path, reference = folder / "pictures" / "pareto.png", results.protocol.reference
    if sum(map(len, results.runs.values())) > MANY:
        charts.curves(
            path,
            mean_curves(results),
            title=f"Style against content, relative to {reference}'s first pictures; lower is nearer to the style",
            x="content distance",
            y="style distance",
        )
        caption = (
            "geometric mean over the pictures that all statistics drawn there have runs on both sides of, where these "
            "are at least half of all"
        )
    else:
        charts.points(
            path,
            by_statistic(results),
            title="Style against content, every run; nearer to the lower left is better",
            x="content distance",
            y="style distance (share of the photograph's)",
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


def mean_curves(results: Results) -> dict[str, list[tuple[float, float]]]:
    """Each statistic's style at each of CONTENTS, both relative to the reference's first picture of the same pair.

    At each content, it is the mean over the pictures that every statistic reaches which reaches ENOUGH of them: means
    over different pictures could not be compared.
    """
    curves: dict[str, list[tuple[float, float]]] = {name: [] for name in results.protocol.statistics}
    enough = ENOUGH * len(results.cells(results.protocol.reference))
    for share in CONTENTS:
        logs = {name: style_at(results, name, share) for name in curves}
        drawn = {name: of for name, of in logs.items() if of and len(of) >= enough}
        common = set.intersection(*map(set, drawn.values())) if drawn else set()
        for name, of in drawn.items() if len(common) >= enough else ():
            curves[name].append((share, math.exp(sum(of[key] for key in common) / len(common))))
    return curves


def style_at(results: Results, statistic: str, share: float) -> dict[Key, float]:
    """The logarithm of a statistic's style, relative to the reference's first picture, for each key that it reaches."""
    logs = {}
    for cell in results.cells(statistic):
        first = results.reference_run(cell.key)
        if first and cell in results.runs:
            latest, content = [one.run.latest for one in results.runs[cell]], share * results.content(first)
            own = logarithm(first.run.latest.get(results.judged_by, math.nan))
            logs[cell.key] = between(latest, results.match, content, results.judged_by, EPS) - own
    return {key: log for key, log in logs.items() if math.isfinite(log)}


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
        caption += f"; {left} {'is' if left == 1 else 'are'} not within {100 * results.tolerance:g} % of it"
    return [Heading("Pictures"), Pictures([Picture(SHEET, caption)], 1000)]


def picture(one: Try | None, file: str) -> Image.Image | None:
    """One of a run's pictures; None if there is no run, the file is gone or the store does not give it."""
    return InStore(one.run).picture(file) if one else None
