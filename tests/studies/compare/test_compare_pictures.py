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


def test_mean_curves_follow_the_law_relative_to_the_references_first_picture_of_each_pair() -> None:
    curves = pictures.mean_curves(results())
    for name, factor in FACTORS.items():
        curve = dict(curves[name])
        assert min(curve) == pytest.approx(1.0)  # the first pictures are those with the least content
        assert max(curve) == pytest.approx(1.05**22)  # as far as the chart goes; the runs go to 4
        assert curve == pytest.approx({share: factor * share**-0.7 for share in curve})


def test_means_are_over_the_pictures_that_all_statistics_reach_and_drawn_for_half_of_all() -> None:
    short = results({"a": (0.4, 0.44), "b": (0.3, 0.3)})
    a, b = (Cell("nearer", photograph, "x", 0) for photograph in "ab")
    short.runs[b][0].run.latest[f"measure/{STYLE}"] *= 100  # type: ignore[index]
    curves = pictures.mean_curves(short)
    assert [share for share, _ in curves["gram"]] == pytest.approx([1.0, 1.05])
    assert dict(curves["nearer"])[1.05] == pytest.approx(0.9 * 1.05**-0.7)  # of a alone, as b goes no further
    del short.runs[a]
    assert [len(curve) for curve in pictures.mean_curves(short).values()] == [2, 1]  # both at 1, of b alone
    del short.runs[b]
    assert pictures.mean_curves(short)["nearer"] == []
    without = short._replace(runs={})
    assert pictures.mean_curves(without) == {"gram": [], "nearer": []}


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
