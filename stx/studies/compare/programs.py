"""Finished pictures of other programs, compared with the reference at their own content distances."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from stx.measures.judge import measurer
from stx.model.prepare import Inputs, prepare
from stx.pictures import images
from stx.pictures.sheet import contact_sheet, fitted
from stx.runs.plan import Planned
from stx.studies.compare.equal import between, label, logarithm, tolerance
from stx.studies.compare.given import Given
from stx.studies.compare.intervals import Pair, means
from stx.studies.compare.judges import JUDGES, shown
from stx.studies.compare.leaderboard import Ratio, of_logarithms
from stx.studies.compare.pictures import CELL
from stx.studies.compare.protocol import Cell
from stx.studies.compare.work import Results, Try, member_name
from stx.studies.compare.yardsticks import CLAIMED, YARDSTICKS, measured
from stx.studies.page import Block, Heading, Picture, Pictures, Table, Text, rounded


class Outcome(NamedTuple):
    """What the measures say about a picture."""

    latest: Mapping[str, float]
    size: tuple[int, int]
    """The picture's own (width, height)."""
    working: tuple[int, int]
    """(width, height) of the runs that it is compared with."""
    inputs: tuple[Image.Image, Image.Image]
    """Photograph and painting, as the runs had them."""


Judged = Mapping[Given, Outcome]


def judged(results: Results, given: Sequence[Given], planned: Mapping[str, Planned]) -> dict[Given, Outcome]:
    """Measure every picture at the size of the reference's runs, against the photograph and style that those had.

    A picture of another size is resized to it. Raises UserError if one cannot be read.
    """
    outcomes, prepared = dict[Given, Outcome](), dict[Cell, Inputs]()
    for one in given:
        cell = reference(results, one)
        if cell is None:  # the reference failed: there is nothing to compare the picture with
            continue
        if cell not in prepared:
            prepared = {cell: prepare(planned[member_name(cell, results.runs[cell][0].beta)].job.config)}
        content, style = prepared[cell].photograph, prepared[cell].style
        photograph, painting = images.to_picture(content), images.to_picture(style)
        made = images.load(str(one.picture))
        latest = measurer(content, style).judge(images.to_tensor(made, photograph.size).to(content.device))
        outcomes[one] = Outcome(latest, made.size, photograph.size, (photograph, painting))
    return outcomes


def reference(results: Results, one: Given) -> Cell | None:
    """The reference's cell for a picture's pair, with the first seed that has runs."""
    cells = (Cell(results.protocol.reference, *one[1:3], seed) for seed in results.protocol.seeds)
    return next((cell for cell in cells if results.runs.get(cell)), None)


def references(results: Results, one: Given) -> list[Try]:
    cell = reference(results, one)
    return results.runs[cell] if cell else []


def beside(results: Results, one: Given, outcome: Outcome, by: str, measure: str, within: float) -> float:
    """Logarithm of a picture's measure over the reference's at the picture's content; NaN beyond its runs by more than
    the tolerance `within`."""
    latest = [run.run.latest for run in references(results, one)]
    theirs = between(latest, by, measured(outcome.latest, by), measure, within)
    return logarithm(outcome.latest.get(measure, math.nan)) - theirs


def blocks(results: Results, outcomes: Judged, folder: Path) -> list[Block]:
    """The report's section on other programs; empty without pictures."""
    if not outcomes:
        return []
    every = [scores(results, outcomes, by, measure) for _, by, measure in ways(results)]
    rows = []
    for program in dict.fromkeys(one.program for one in outcomes):
        of_program = {one: outcome for one, outcome in outcomes.items() if one.program == program}
        rows.append([program, rounded(content_of(results, of_program)), *(shown(each[program]) for each in every)])
    columns = [f"{judge}, equal {YARDSTICKS[by].label}" for judge, by, _ in ways(results)]
    name = results.protocol.reference
    resized = sum(outcome.size != outcome.working for outcome in outcomes.values())
    return [
        Heading("Pictures of other programs"),
        Table(
            ["program", "content", *columns],
            rows,
            f"{results.protocol.primary} relative to that of `{name}`, at the content distance that each picture has; "
            f"content relative to that of `{name}`'s first runs",
        ),
        Text(
            f"Read on a curve through `{name}`'s runs, which is continued by little; a picture whose content lies "
            "farther beyond them is left out. "
            f"{resized} of {len(outcomes)} were resized to the size of the runs before they were measured."
        ),
        *sheet(results, outcomes, folder),
    ]


def scores(results: Results, outcomes: Judged, by: str, measure: str) -> dict[str, Ratio | None]:
    """For each program, the ratio of a measure to the reference's at the contents of the program's pictures."""
    logs: dict[str, list[tuple[Pair, float]]] = {one.program: [] for one in outcomes}
    within = tolerance(results, by)
    for one, outcome in outcomes.items():
        value = beside(results, one, outcome, by, measure, within)
        if math.isfinite(value):
            logs[one.program].append((one[1:3], value))
    return {program: of_logarithms(means(several)) for program, several in logs.items()}


def ways(results: Results) -> list[tuple[str, str, str]]:
    """Judge, measure of content and measure of style of every way in which finished pictures are compared."""
    return [
        (judge, by, f"measure/{prefix}{results.protocol.primary}") for judge, prefix in JUDGES.items() for by in CLAIMED
    ]


def content_of(results: Results, outcomes: Judged) -> float:
    """Geometric mean of the pictures' content distances over those of the reference's first runs."""
    logs = [
        logarithm(measured(outcome.latest, results.match)) - logarithm(measured(run.run.latest, results.match))
        for one, outcome in outcomes.items()
        for run in references(results, one)[:1]
    ]
    finite = [value for value in logs if math.isfinite(value)]
    return math.exp(float(np.mean(finite))) if finite else math.nan


def sheet(results: Results, outcomes: Judged, folder: Path) -> list[Block]:
    programs = list(dict.fromkeys(one.program for one in outcomes))
    pairs = list(dict.fromkeys(one[1:3] for one in outcomes))
    rows: list[list[Image.Image | None]] = []
    for pair in pairs:
        of_pair = {one.program: one for one in outcomes if one[1:3] == pair}
        inputs = outcomes[next(iter(of_pair.values()))].inputs
        rows.append(
            [*inputs, *(images.load(str(of_pair[name].picture)) if name in of_pair else None for name in programs)]
        )
    size = next(outcome.working for outcome in outcomes.values())
    grid = contact_sheet(
        rows,
        row_labels=[label(results.protocol, *pair) for pair in pairs],
        column_labels=["photograph", "style", *programs],
        cell=fitted(size, CELL),
    )
    images.save(grid.resize(fitted(grid.size, 2400)), folder / "pictures" / "programs.jpg", quality=88)
    return [Pictures([Picture("pictures/programs.jpg", "as submitted")], 1000)]
