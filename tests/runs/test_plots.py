"""A run's charts have the numbers of its tables."""

import csv
import json
import logging
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from stx.loop.listener import Row
from stx.pictures.charts import line_figure
from stx.runs import plots
from stx.runs.files import CALIBRATION, EVENTS, LOSSES, NORMS, PLOTS
from stx.runs.table import losses_table, norms_table

LAYERS = ("conv1_1", "conv2_1")


def rows(steps: int, **others: float) -> list[Row]:
    return [
        Row(
            step,
            0.0,
            {"loss/total": 100.0 / step, "loss/style": 0.0, "nan/events": 0.0}
            | {f"style_loss/{layer}": step + place for place, layer in enumerate(LAYERS)}
            | {f"style_magnitude/{layer}/{part}": 2.0 for layer in LAYERS for part in ("gram", "mean")}
            | {f"style_loss/{layer}/{part}": 1.0 for layer in LAYERS for part in ("gram", "mean")}
            | ({"grad_norm/content": 10.0 * step} if step % 2 else {})
            | others,
        )
        for step in range(1, steps + 1)
    ]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for table, name in ((losses_table, LOSSES), (norms_table, NORMS)):
        table(tmp_path / name)(rows(6))
    return tmp_path


def series(folder: Path, file: str) -> plots.Points:
    (plot,) = [plot for plot in plots.PLOTTED if plot.file == file]
    return plots.of(plot, plots.columns(folder / plot.table))


def test_every_chart_that_has_something_is_drawn_at_one_size(folder: Path) -> None:
    charts = plots.draw(folder, "gram: a $photograph")
    assert [chart.relative_to(folder / PLOTS).name for chart in charts] == [plot.file for plot in plots.PLOTTED]
    for chart in charts:
        with Image.open(chart) as picture:
            assert picture.size == (770, 440)
    assert len(list((folder / PLOTS).iterdir())) == len(charts)


def test_what_is_drawn_is_what_the_table_has(folder: Path) -> None:
    with (folder / LOSSES).open() as file:
        table = [*csv.DictReader(file)]
    assert series(folder, "losses.png")["total"] == [(int(row["step"]), float(row["loss/total"])) for row in table]
    assert series(folder, "gradients.png") == {"content": [(1, 10.0), (3, 30.0), (5, 50.0)]}
    axes: Any = line_figure(series(folder, "losses.png"), title="", x="", y="").axes[0]
    assert [*axes.lines[0].get_ydata()] == [float(row["loss/total"]) for row in table]
    assert np.isnan(axes.lines[1].get_ydata()).all()  # a term that is nothing throughout
    assert axes.get_yscale() == "log"


def test_layers_stand_in_the_network_s_order_and_of_several_statistics_their_sum(folder: Path) -> None:
    assert [*series(folder, "layers.png")] == list(LAYERS)
    assert [*series(folder, "magnitudes.png")] == [f"{layer} {part}" for layer in LAYERS for part in ("gram", "mean")]


def test_a_value_that_is_not_finite_is_a_gap_and_its_step_is_marked(tmp_path: Path) -> None:
    losses_table(tmp_path / LOSSES)([*rows(2), *[row._replace(step=3) for row in rows(1, **{"loss/total": math.nan})]])
    (tmp_path / EVENTS).write_text("step,what\n3,loss total\n4,features at conv1_1, again\n9,the image\n")
    events = plots.events(tmp_path)
    assert events == ("not finite", [3, 9], True)
    axes: Any = line_figure(series(tmp_path, "losses.png"), title="", x="", y="", marks=[events]).axes[0]
    assert math.isnan(axes.lines[0].get_ydata()[2])
    assert [[*line.get_xdata()] for line in axes.lines[-2:]] == [[3, 3], [9, 9]]
    assert {(line.get_linestyle(), line.get_marker()) for line in axes.lines[-2:]} == {("--", "X")}


def test_where_the_picture_was_enlarged_is_marked_faintly(tmp_path: Path) -> None:
    begun = [{"width": 4, "behind": 0}, {"width": 8, "behind": 40}, {"width": 16}]  # the last of an earlier version
    (tmp_path / CALIBRATION).write_text(json.dumps(begun))
    assert plots.levels(tmp_path) == ("enlarged", [40.5], False)


def test_a_run_without_a_step_has_none(tmp_path: Path) -> None:
    assert plots.draw(tmp_path, "") == []
    assert not (tmp_path / PLOTS).exists()


def test_charts_before_one_that_cannot_be_drawn_are_the_run_s(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    (folder / CALIBRATION).write_text("{")  # of a damaged file there is no mark
    (folder / PLOTS / plots.PLOTTED[2].file).mkdir(parents=True)
    with caplog.at_level(logging.WARNING, logger="stx"):
        assert [chart.name for chart in plots.draw(folder, "")] == ["losses.png", "layers.png"]
    assert "not all charts are drawn" in caplog.text


def test_a_chart_that_cannot_be_drawn_is_a_line(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    (folder / PLOTS).write_text("a file")
    with caplog.at_level(logging.WARNING, logger="stx"):
        assert plots.draw(folder, "") == []
    (record,) = caplog.records
    assert record.message.startswith(f"{folder / PLOTS}: not all charts are drawn (")
    assert "\n" not in record.message


def test_charts_that_would_not_show_all_of_a_run_are_taken_away_and_nothing_else(folder: Path) -> None:
    plots.draw(folder, "")
    (folder / PLOTS / "mine.txt").touch()
    plots.remove(folder)
    assert [path.name for path in (folder / PLOTS).iterdir()] == ["mine.txt"]
    (folder / PLOTS / "mine.txt").unlink()
    plots.remove(folder)
    assert not (folder / PLOTS).exists()
    plots.remove(folder)
