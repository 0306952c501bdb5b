"""A sweep's jobs in a chart: what the legend calls them."""

from collections.abc import Sequence
from itertools import product
from pathlib import Path

import pytest

from stx.config.compose import composition
from stx.pictures import charts
from stx.runs.task import Task
from stx.studies.sweep.results import Row
from stx.studies.sweep.scatter import NAMED, scatter, series

CONFIG = composition([]).config


def jobs(**axes: Sequence[str]) -> list[Row]:
    """One for each combination, each further from the painting and nearer to the photograph than the last."""
    combinations = [dict(zip(axes, values, strict=True)) for values in product(*axes.values())]
    tasks = [Task(number, [], values, Path(), CONFIG, "") for number, values in enumerate(combinations)]
    return [Row(task, "finished", "", 5, {}, 0.1 * task.number, 1 - 0.1 * task.number, 2.0, "") for task in tasks]


def test_files_of_one_name_in_two_folders_are_two_series() -> None:
    many = jobs(style=("a/x.jpg", "b/x.jpg"), seed=tuple(map(str, range(15))))
    assert len(many) > NAMED
    assert {name: len(points) for name, points in series(many).items()} == {"style=a/x.jpg": 15, "style=b/x.jpg": 15}


def test_a_job_that_was_measured_at_a_reduced_size_says_so_in_the_legend() -> None:
    one, other = jobs(beta=("1", "10"))
    assert list(series([one._replace(reduced=True), other])) == ["0 beta=1 †", "1 beta=10"]


def test_a_ring_stands_around_the_jobs_that_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen, points = dict[str, list[tuple[float, float]]](), charts.points
    monkeypatch.setattr(charts, "points", lambda path, named, *, ringed, **labels: (
        seen.update(ringed), points(path, named, ringed=ringed, **labels)
    )[1])  # fmt: skip
    one, other = jobs(beta=("1", "10"))
    assert scatter(tmp_path / "chart.png", [one, other], {"best": [other]}) == tmp_path / "chart.png"
    assert seen == {"best": [(other.content, other.style)]}


def test_without_a_measured_job_there_is_no_chart(tmp_path: Path) -> None:
    (one,) = jobs(beta=("1",))
    assert scatter(tmp_path / "chart.png", [one._replace(style=float("nan"))], {}) is None
