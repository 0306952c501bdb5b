"""Statistics at equal content: measures interpolated between the runs of a cell to the reference's content."""

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import mean, median
from typing import NamedTuple

from scipy.interpolate import PchipInterpolator

from stx.studies.compare.balance import reached
from stx.studies.compare.intervals import Pair, means
from stx.studies.compare.protocol import Cell, Protocol, cells
from stx.studies.compare.work import Results
from stx.studies.compare.yardsticks import measured

ENOUGH = 0.5
"""Share of the reference's cells whose content a statistic must reach to be compared at all: one that hardly gets there
would leave next to no pairs for the others."""
Key = tuple[str, str, int]
"""Photograph, style, seed."""


class Level(NamedTuple):
    """All statistics at the contents of the reference's runs at one weight, by one measure of content."""

    results: Results
    by: str
    """The measure of content, one of YARDSTICKS."""
    number: int
    """Index into the protocol's levels."""
    reached: dict[str, set[Key]]
    """The keys at which each statistic's runs reach that content."""
    compared: frozenset[Key]
    """The keys reached by every statistic that reaches ENOUGH of them; a key that is left out is left out for all."""
    tolerance: float
    """How far beyond all runs of a cell the content may lie, as a share of it."""
    beyond: frozenset[Cell] = frozenset()
    """Cells that reach the content within the tolerance only: it lies beyond all their runs."""

    def enters(self, statistic: str) -> bool:
        """Whether a statistic is compared."""
        return bool(self.compared) and len(self.reached[statistic]) >= ENOUGH * self.of

    @property
    def of(self) -> int:
        """The number of pictures that the reference has made."""
        return len(self.reached[self.results.protocol.reference])

    def content(self, key: Key) -> float:
        """The reference's content; NaN if its picture has not been made."""
        run = self.results.reference_run(key, self.number)
        return measured(run.run.latest, self.by) if run else math.nan


def level(results: Results, by: str, number: int = 0) -> Level:
    reference = results.protocol.reference
    names = [reference, *(name for name in results.protocol.statistics if name != reference)]
    whole, beyond = Level(results, by, number, {}, frozenset(), tolerance(results, by)), set()
    for cell in cells(results.protocol):
        content = whole.content(cell.key)
        points = [measured(one.run.latest, by) for one in results.runs.get(cell, ())]
        reaches = cell.statistic == reference or reached(points, content, whole.tolerance)
        if not math.isnan(content) and content > 0 and reaches:
            whole.reached.setdefault(cell.statistic, set()).add(cell.key)
            if cell.statistic != reference and not reached(points, content, 0.0):
                beyond.add(cell)
    whole = whole._replace(reached={name: whole.reached.get(name, set()) for name in names}, beyond=frozenset(beyond))
    entered = [keys for keys in whole.reached.values() if whole.of and len(keys) >= ENOUGH * whole.of]
    return whole._replace(compared=frozenset(set.intersection(*entered)) if entered else frozenset())


def tolerance(results: Results, by: str) -> float:
    """The protocol's tolerance, which is for the measure of content that its search aims at, in terms of another one.

    Where the reference's content changes less by the other measure, between its levels, the tolerance is smaller in
    proportion: 3 % are little of what features at conv4_3 change by, but half of what the second network's
    do. It is the same if there is one level only.
    """
    aimed, other = (span(results, each) for each in (results.match, by))
    return results.tolerance * (min(1.0, other / aimed) if aimed > 0 and other > 0 else 1.0)


def span(results: Results, by: str) -> float:
    """By how much the reference's content differs between its levels: a logarithm, the median over pictures; NaN if
    none has two."""
    changes = []
    for cell in results.cells(results.protocol.reference):
        runs = [results.reference_run(cell.key, number) for number in range(len(results.protocol.levels))]
        logs = [logarithm(measured(run.run.latest, by)) for run in runs if run]
        if len(finite := [log for log in logs if math.isfinite(log)]) > 1:
            changes.append(max(finite) - min(finite))
    return median(changes) if changes else math.nan


def ratios(at: Level, statistic: str, measure: str, over: str | None = None) -> dict[Pair, float]:
    """Logarithm of a measure over the one of the statistic `over`, for each pair of pictures, averaged over seeds.

    `over` is the reference if none is named.
    """
    other = over or at.results.protocol.reference
    if not (at.enters(statistic) and at.enters(other)):
        return {}
    logs = (
        (key[:2], read_off(at, statistic, key, measure) - read_off(at, other, key, measure))
        for key in sorted(at.compared)
    )
    return means((pair, log) for pair, log in logs if math.isfinite(log))


def read_off(at: Level, statistic: str, key: Key, measure: str) -> float:
    """Logarithm of a measure of a statistic's pictures at the reference's content.

    It is interpolated on logarithmic axes between the statistic's runs, and extrapolated by at most the level's
    tolerance.
    """
    results = at.results
    if statistic == results.protocol.reference:
        run = results.reference_run(key, at.number)
        return logarithm(run.run.latest.get(measure, math.nan)) if run else math.nan
    latest = [one.run.latest for one in results.runs.get(Cell(statistic, *key), ())]
    return between(latest, at.by, at.content(key), measure, at.tolerance)


def between(several: Iterable[Mapping[str, float]], by: str, content: float, measure: str, tolerance: float) -> float:
    """Logarithm of a measure at some content, interpolated between pictures whose measures are given.

    Beyond them, but within the tolerance, the line through the last two at that end is continued. NaN farther away.
    """
    points = [(logarithm(measured(latest, by)), logarithm(latest.get(measure, math.nan))) for latest in several]
    finite = sorted((at, value) for at, value in points if math.isfinite(at) and math.isfinite(value))
    if not reached((math.exp(at) for at, _ in finite), content, tolerance):
        return math.nan
    contents = sorted({at for at, _ in finite})
    values = [mean(value for at, value in finite if at == each) for each in contents]
    return along(logarithm(content), contents, values)


def along(at: float, x: Sequence[float], y: Sequence[float]) -> float:
    """The value at `at` of a smooth curve through points of increasing x, which rises and falls only where they do.

    The curve is a piecewise cubic (PCHIP: Fritsch and Butland, A Method for Constructing Local Monotone Piecewise Cubic
    Interpolants, 1984, with a three-point slope at its ends). On logarithmic axes, style falls ever faster as content
    is given up, so that straight lines between distant runs would pass below the curve. Points next to each other,
    which differ by noise, bend the pieces beside them. Beyond the last point, the straight line through the last two is
    continued, which passes above the curve, by at most its own length: two points next to each other say little about
    the slope.
    """
    inside = min(max(at, x[0]), x[-1])
    value = y[x.index(inside)] if inside in x else float(PchipInterpolator(x, y)(inside))
    inner, outer = (1, 0) if at < x[0] else (-2, -1)
    if at == inside or len(x) == 1:
        return value
    length = x[outer] - x[inner]
    share = min(1.0, (at - inside) / length)
    return value + share * (y[outer] - y[inner])


def logarithm(value: float) -> float:
    return math.log(value) if 0 < value < math.inf else math.nan


def label(protocol: Protocol, photograph: str, style: str) -> str:
    return " · ".join(titles(protocol, photograph, style))


def titles(protocol: Protocol, photograph: str, style: str) -> tuple[str, str]:
    """A pair's pictures as the report names them."""
    return title(photograph, protocol.photographs), title(style, protocol.styles)


def title(path: str, among: Iterable[str]) -> str:
    """The stem of a picture's file or, if others have it too, as much of its path as tells it apart from them."""
    others = {form for other in among if other != path for form in forms(other)}
    return next((form for form in forms(path) if form not in others), path)


def forms(path: str) -> list[str]:
    """What a picture can be called, the shortest first."""
    parts = Path(path).parts
    return [stem(path), *(str(Path(*parts[-count:])) for count in range(1, len(parts) + 1))]


def stem(path: str) -> str:
    return Path(path).stem
