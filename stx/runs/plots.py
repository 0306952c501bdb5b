"""Charts of a run's losses, statistics and gradients, drawn in its folder from its tables when it ends."""

import csv
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from stx.config.regular import regular
from stx.errors import first_line
from stx.model.names import metric
from stx.pictures import charts
from stx.pictures.charts import Mark
from stx.runs import sources
from stx.runs.files import CALIBRATION, LOSSES, NORMS, PLOTS
from stx.runs.folder import levels_begun
from stx.runs.sources import InFolder

log = logging.getLogger("stx")

Points = Mapping[str, Sequence[tuple[float, float]]]


class Plot(NamedTuple):
    file: str
    table: str
    """The file that has its metrics."""
    kinds: Mapping[str, str]
    """What the names of its metrics begin with, and what replaces that in the legend."""
    y: str


PLOTTED = (
    Plot("losses.png", LOSSES, {"loss/": ""}, "loss; only the total is weighted"),
    Plot("layers.png", LOSSES, {"style_loss/": "", "content_loss/": "content "}, "loss of a layer, before its weight"),
    Plot(
        "magnitudes.png",
        LOSSES,
        {"style_magnitude/": "", "content_magnitude/": "content "},
        "root mean square of the picture's statistic",
    ),
    Plot("gradients.png", NORMS, {"grad_norm/": ""}, "norm of a term's gradient"),
)


def draw(folder: Path, title: str) -> list[Path]:
    """Draw the charts that the folder has data for, and return their paths. A failure is only logged."""
    paths: list[Path] = []
    try:
        for path in drawn(folder, title):
            paths.append(path)  # if one fails, those before it are there
    except Exception as error:  # the disk's or matplotlib's; the run itself is not affected
        log.warning(f"{folder / PLOTS}: not all charts are drawn ({first_line(error)}); the tables have their numbers")
    return paths


def remove(folder: Path) -> None:
    """Remove charts that would not show all of a run. One that cannot be removed stays."""
    for plot in PLOTTED:
        with suppress(OSError):
            (folder / PLOTS / plot.file).unlink(missing_ok=True)
    with suppress(OSError):  # it holds somebody's own file, or is not there
        (folder / PLOTS).rmdir()


def drawn(folder: Path, title: str) -> Iterator[Path]:
    marks = [mark for mark in (levels(folder), events(folder)) if mark.at]
    tables = {name: columns(folder / name) for name in {plot.table for plot in PLOTTED}}
    for plot in PLOTTED:
        if series := of(plot, tables[plot.table]):
            (folder / PLOTS).mkdir(exist_ok=True)
            yield charts.lines(folder / PLOTS / plot.file, series, title=title, x="step", y=plot.y, marks=marks)


def of(plot: Plot, table: Points) -> Points:
    """The metrics of a plot, by their names in its legend. If a metric has parts, as that of a layer with several
    statistics, the parts are left out."""
    sums = {name.rpartition(" ")[0] for name in table} & {*table}
    return {
        f"{said}{name.removeprefix(kind)}": points
        for kind, said in plot.kinds.items()
        for name, points in table.items()
        if name.startswith(kind) and name.rpartition(" ")[0] not in sums
    }


def columns(path: Path) -> Points:
    """The (step, value) pairs of each metric of a table, where it has a value; empty if there is no table."""
    series: dict[str, list[tuple[float, float]]] = {}
    if path.exists():
        with regular(path).open(newline="", encoding="utf-8-sig") as file:
            for row in csv.DictReader(file):
                for name, value in row.items():
                    if name != "step" and value:
                        series.setdefault(metric(name), []).append((float(row["step"]), float(value)))
    return series


def levels(folder: Path) -> Mark:
    """Where the picture was enlarged."""
    begun = levels_begun(folder / CALIBRATION)
    return Mark("enlarged", [level["behind"] + 0.5 for level in begun[1:] if "behind" in level])


def events(folder: Path) -> Mark:
    """Steps with a value that was not finite; of consecutive ones, the first."""
    steps = {step for step, _ in sources.events(InFolder(folder))}
    return Mark("not finite", sorted(step for step in steps if step - 1 not in steps), loud=True)
