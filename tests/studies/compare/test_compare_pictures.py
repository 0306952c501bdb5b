"""The chart of a comparison: a cloud of runs while they can be told apart, mean curves beyond."""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from stx.pictures import charts
from stx.studies.compare import pictures
from stx.studies.compare.protocol import Cell, Protocol
from stx.studies.compare.work import Results, Try

FACTORS = {"gram": 1.0, "nearer": 0.9}
CONTENTS = {"a": (0.4, 0.8, 1.6), "b": (0.3, 0.6, 1.2)}
"""Of the runs with each photograph, the reference's first first."""
STYLE, BASELINE = "sliced_wasserstein", 3.0
PROTOCOL = Protocol(
    statistics=dict.fromkeys(FACTORS, ""),
    reference="gram",
    photographs=list(CONTENTS),
    styles=["x"],
    seeds=[0],
    settings=[],
    betas={"gram": 3},
    runs=3,
    tolerance=0.02,
)


class Run:
    """Style falls as a power of content, times the statistic's factor and one of its photograph."""

    def __init__(self, content: float, factor: float):
        self.tags: dict[str, str] = {}
        self.baselines = {STYLE: BASELINE}
        self.latest = {"measure/content": content, f"measure/{STYLE}": factor * content**-0.7}


def results(contents: dict[str, Sequence[float]] = CONTENTS) -> Results:  # type: ignore[assignment]
    runs: dict[Cell, list[Try]] = {}
    for name, factor in FACTORS.items():
        for number, (photograph, several) in enumerate(contents.items()):
            made: list[Any] = [Run(content, factor * (1 + number)) for content in several]
            runs[Cell(name, photograph, "x", 0)] = [Try(place + 3.0, run) for place, run in enumerate(made)]
    return Results(PROTOCOL, runs, {}, "content")


def test_a_mean_curve_follows_the_law_relative_to_the_references_first_picture_of_each_pair() -> None:
    for name, factor in FACTORS.items():
        curve = dict(pictures.mean_curve(results(), name))
        assert min(curve) == pytest.approx(1.0)  # the first pictures are those with the least content
        assert max(curve) == pytest.approx(1.05**22)  # as far as the chart goes; the runs go to 4
        assert curve == pytest.approx({share: factor * share**-0.7 for share in curve})


def test_a_mean_curve_is_drawn_where_half_of_the_pictures_have_runs_on_both_sides() -> None:
    short = results({"a": (0.4, 0.44), "b": (0.3, 0.3)})
    assert [share for share, _ in pictures.mean_curve(short, "nearer")] == pytest.approx([1.0, 1.05])
    missing = short._replace(runs={cell: runs for cell, runs in short.runs.items() if cell.photograph == "b"})
    assert [share for share, _ in pictures.mean_curve(missing, "nearer")] == [1.0]
    without = short._replace(runs={cell: runs for cell, runs in short.runs.items() if cell.statistic != "gram"})
    assert pictures.mean_curve(without, "nearer") == []


@pytest.mark.parametrize(
    ("many", "drawn", "first"), [(12, "points", (0.4, 0.4**-0.7 / BASELINE)), (11, "curves", (1.0, 1.0))]
)
def test_many_runs_are_drawn_as_mean_curves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, many: int, drawn: str, first: tuple[float, float]
) -> None:
    calls: dict[str, Any] = {}
    for name in ("points", "curves"):
        monkeypatch.setattr(charts, name, lambda path, series, name=name, **words: calls.update({name: series}))
    monkeypatch.setattr(pictures, "MANY", many)
    pictures.pareto(results(), tmp_path)
    assert list(calls) == [drawn]
    assert calls[drawn]["gram"][0] == pytest.approx(first)
    assert math.isfinite(sum(y for _, y in calls[drawn]["nearer"]))
