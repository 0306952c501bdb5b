"""A sweep's page: rows and columns as its axes are, and what has not come says so."""

import csv
import math
import re
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageColor

from stx.config.compose import composition
from stx.pictures.sheet import FRAME
from stx.runs.task import Task
from stx.studies.sweep import report
from stx.studies.sweep.report import Findings
from stx.studies.sweep.results import Row

CONFIG = composition([]).config
GREY = {("1", "max"): 40, ("1", "avg"): 90, ("10", "max"): 140, ("10", "avg"): 190}


def rows(folder: Path, **axes: tuple[str, ...]) -> list[Row]:
    """One for each combination; where GREY has it its picture is as grey as that."""
    made = []
    for number, values in enumerate(product(*axes.values())):
        place = folder / f"{number}"
        place.mkdir()
        if values[:2] in GREY:
            Image.new("RGB", (64, 48), (GREY[values[:2]],) * 3).save(place / "output.png")
        task = Task(number, [], dict(zip(axes, values, strict=True)), place, CONFIG, f"{number}")
        made.append(Row(task, "finished", "", 5, {"loss/total": 1e9}, 0.1 * number, 0.5, 2.0, "http://host/#/runs/1"))
    return made


def grey(sheet: Path, x: float, y: float) -> int:
    picture = Image.open(sheet).convert("L")
    return int(picture.getpixel((int(x * picture.width), int(y * picture.height))))  # type: ignore[arg-type]


def near(picture: Image.Image, colour: str) -> int:
    """Pixels that have about this colour: a JPEG's have none exactly."""
    apart = np.abs(np.asarray(picture.convert("RGB")).astype(int) - ImageColor.getrgb(colour)).sum(-1)
    return int((apart < 60).sum())


def test_the_first_axis_goes_down_and_the_second_across(tmp_path: Path) -> None:
    four = rows(tmp_path, beta=("1", "10"), pooling=("max", "avg"))
    page, table, sheet, chart, small = report.write(tmp_path, four, "stx")
    assert small.name == "sweep-sheet-small.jpg"
    corners = [(0.4, 0.3), (0.8, 0.3), (0.4, 0.8), (0.8, 0.8)]
    assert [grey(sheet, *at) for at in corners] == [40, 90, 140, 190]
    text = page.read_text()
    assert "A sweep over beta and pooling" in text
    assert 'href="3/output.png"' in text
    assert 'href="http://host/#/runs/1"' in text
    assert chart.name in text
    with table.open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert [(line["job"], line["beta"], line["pooling"]) for line in lines][2] == ("2", "10", "max")
    assert float(lines[1]["loss/total"]) == 1e9


def test_further_axes_have_a_sheet_for_each_of_their_values(tmp_path: Path) -> None:
    three = rows(tmp_path, beta=("1", "10"), pooling=("max", "avg"), seed=("0", "1"))
    sheets = dict(report.sheets(tmp_path, three))
    assert list(sheets) == ["beta against pooling, seed=0", "beta against pooling, seed=1"]
    assert len(set(sheets.values())) == 2


def test_what_is_missing_is_left_empty_and_told(tmp_path: Path) -> None:
    some = rows(tmp_path, beta=("1", "10"), pooling=("max", "avg"))
    (tmp_path / "3" / "output.png").unlink()
    some[3] = some[3]._replace(outcome="failed", message="no <memory> left", style=math.nan, losses={}, link="")
    some[2] = some[2]._replace(outcome="waiting", style=math.nan)
    page, *_ = report.write(tmp_path, some, "stx")
    text = page.read_text()
    assert "3 of 4 jobs have ended" in text
    assert "no &lt;memory&gt; left" in text
    assert "nan" not in text
    assert grey(tmp_path / "sweep-sheet.jpg", 0.8, 0.8) > 220
    assert "1 of 4 failed or diverged" in report.verdict(some)


def test_a_sweep_without_a_picture_has_a_page_all_the_same(tmp_path: Path) -> None:
    (only,) = rows(tmp_path, seed=("7",))
    only = only._replace(outcome="waiting", style=math.nan, content=math.nan, task=only.task._replace(values={}))
    written = report.write(tmp_path, [only], "stx")
    assert [file.name for file in written] == ["sweep.html", "sweep.csv"]


def test_the_best_job_is_marked_among_the_pictures_in_the_chart_and_in_both_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    four = [
        row._replace(command=f"stx run seed={n}")
        for n, row in enumerate(rows(tmp_path, beta=("1", "10"), pooling=("max", "avg")))
    ]
    page, _, sheet, *_ = report.write(tmp_path, four, "stx")
    text = page.read_text()
    assert "To repeat the best by itself: <code>stx run seed=0</code>" in text
    assert "Best: <strong>beta=1 max</strong>" in text
    assert "The best has a frame among the pictures, a ring in the chart and a mark in the table." in text
    (row,) = re.findall(r'<tr class="marked">.*?</tr>', text, re.DOTALL)
    assert "finished, <strong>best</strong>" in row
    assert "| 0 | 1 | max | finished, **best** |" in report.description(four, "stx")
    with Image.open(sheet) as picture:
        assert near(picture, FRAME) > 4 * 200
    seen = {}
    monkeypatch.setattr(report, "scatter", lambda path, rows, ringed: seen.update(ringed))
    report.write(tmp_path, four, "stx")
    assert seen == {"best": [four[0]]}


def test_the_job_that_is_closest_to_the_style_of_all_is_named_beside_the_best(tmp_path: Path) -> None:
    four = rows(tmp_path, beta=("1", "10"), pooling=("max", "avg"))
    assert "Closest of all to the style" not in report.verdict(four)
    four[0], four[3] = four[0]._replace(style=0.08), four[3]._replace(style=0.05, content=0.9)
    said = (
        "Closest of all to the style, but farther from the photograph: **beta=10 avg** (0.05, content distance 0.90)."
    )
    assert "Best: **beta=1 max**" in report.verdict(four)
    assert said in report.verdict(four)


def test_all_trials_of_a_search_s_front_are_marked(tmp_path: Path) -> None:
    four = rows(tmp_path, beta=("1", "10"), pooling=("max", "avg"))
    page, *_ = report.write(tmp_path, four, "stx", Findings("The front has 2 trials.", 9, [], [1, 3]))
    assert len(re.findall(r'<tr class="marked">.*?finished, <strong>front</strong>', page.read_text(), re.DOTALL)) == 2
    assert "The best has a frame" not in page.read_text()


def test_its_run_s_description_has_a_line_a_job_with_its_link(tmp_path: Path) -> None:
    swept = rows(tmp_path, beta=("1", "10"), pooling=("max", "avg"))
    text = report.description(swept, "stx run", [tmp_path / "sweep-sheet-small.jpg"])
    assert text.splitlines()[0].startswith("Best: ")
    assert "| 2 | 10 | max | finished | 0.20 | 0.50 |  | 2 | [run](#/runs/1) |" in text


def test_its_run_s_description_says_why_jobs_have_failed(tmp_path: Path) -> None:
    one, other = rows(tmp_path, style_stat=("gram", "mean_std"))
    text = report.description([one, other._replace(outcome="failed", message="no memory *left*")], "stx run")
    assert text.endswith("\n\nmean\\_std failed: `no memory *left*`")


def test_jobs_that_were_measured_at_a_reduced_size_are_marked_in_every_table_with_a_note(tmp_path: Path) -> None:
    one, *others = rows(tmp_path, style_stat=("gram", "mean_std"))
    marked = [one._replace(reduced=True), *others]
    page, table, *_ = report.write(tmp_path, marked, "stx")
    note = "† measured at a reduced size, for lack of memory"
    assert page.read_text().count(" †") >= 2
    assert note in page.read_text()
    assert "Jobs with † were measured at a reduced size, and are not ranked with the others." in page.read_text()
    assert [line["reduced"] for line in csv.DictReader(table.read_text().splitlines())] == ["yes", ""]
    assert note in report.description(marked, "stx")
    assert note not in report.description([one, *others], "stx")
