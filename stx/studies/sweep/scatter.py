"""A sweep's jobs in a chart of style against content."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from stx.pictures import charts
from stx.runs.naming import told_apart
from stx.studies.sweep.results import Row

NAMED = 24
"""Most names in a chart: one for each job or, if there are more jobs, one for each value of the first axis that has so
few."""


def scatter(path: Path, rows: Sequence[Row], ringed: Mapping[str, Sequence[Row]]) -> Path | None:
    """Draw the chart at `path`; None if no job was measured.

    There is a ring around each job in `ringed`, whose keys are what the legend calls them.
    """
    measured = [row for row in rows if math.isfinite(row.style + row.content)]
    if not measured:
        return None
    return charts.points(
        path,
        series(measured),
        title="Style against content",
        x="content distance",
        y="style distance",
        ringed={name: [point(row) for row in some] for name, some in ringed.items()},
    )


def series(rows: Sequence[Row]) -> dict[str, list[tuple[float, float]]]:
    """The points by what the legend calls them."""
    if len(rows) <= NAMED:
        return {f"{row.task.number} {row.task.name}{' †' if row.reduced else ''}": [point(row)] for row in rows}
    points: dict[str, list[tuple[float, float]]] = {}
    axis = few_valued([row.task.values for row in rows])
    labels = told_apart({row.task.values[axis] for row in rows}) if axis else {}
    for row in rows:
        name = f"{axis}={labels[row.task.values[axis]]}" if axis else "jobs"
        points.setdefault(name, []).append(point(row))
    return points


def point(row: Row) -> tuple[float, float]:
    return row.content, row.style


def few_valued(jobs: Sequence[Mapping[str, str]]) -> str:
    """The first axis whose values can each have a name in a chart; empty if all have too many."""
    return next((axis for axis in jobs[0] if len({values[axis] for values in jobs}) <= NAMED), "")
