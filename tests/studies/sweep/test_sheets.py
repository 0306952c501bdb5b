"""Sheets of many pictures: none is wider than a page, none is left out, and each says which it is."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from stx.pictures.sheet import GAP
from stx.runs.task import Task
from stx.studies.sweep import sheets
from stx.studies.sweep.results import Row
from stx.studies.sweep.sheets import Strip, divided

CONFIG: Any = None


def jobs(folder: Path, **axes: list[str]) -> list[Row]:
    """One a combination, with a picture."""
    rows: list[Row] = []
    combinations: list[dict[str, str]] = [{}]
    for axis, values in axes.items():
        combinations = [{**others, axis: value} for others in combinations for value in values]
    for number, values in enumerate(combinations):
        place = folder / f"{number}"
        place.mkdir()
        Image.new("RGB", (20, 10), (200, 0, 0)).save(place / "output.png")
        task = Task(number, [], values, place, CONFIG, f"{number}")
        rows.append(Row(task, "finished", "", 5, {}, 0.1, 0.5, 2.0, ""))
    return rows


def cells(file: Path) -> int:
    """Red pictures on a sheet, by their area."""
    with Image.open(file) as sheet:
        pixels = np.asarray(sheet.convert("RGB"))
    return round(((pixels[..., 0] > 150) & (pixels[..., 1] < 60)).sum() / (20 * 10))


@pytest.mark.parametrize(("ys", "xs"), [(1, 5), (1, 700), (60, 30), (2, 3), (700, 2), (49, 1)])
def test_each_combination_stands_on_one_sheet_once_and_none_is_wider_than_a_jpeg_may_be(ys: int, xs: int) -> None:
    down, across = [f"y{number}" for number in range(ys)], [f"x{number}" for number in range(xs)]
    parts = divided(down, across)
    places = [(y, x) for strips in parts for strip in strips for y in strip.down for x in strip.across]
    assert sorted(places) == sorted((y, x) for y in down for x in across)
    cell = sheets.CELL + GAP
    for strips in parts:
        assert max(len(strip.across) for strip in strips) * cell < 60000
        assert sum(len(strip.down) for strip in strips) * cell < 60000


def test_one_axis_goes_on_in_a_further_line(tmp_path: Path) -> None:
    rows = jobs(tmp_path, content=[f"photos/{number}.jpg" for number in range(15)])
    ((title, path),) = sheets.sheets(tmp_path, rows)
    assert title == "content"
    assert cells(path) == 15
    with Image.open(path) as sheet:
        assert sheet.width == GAP + 12 * (20 + GAP)
    assert [len(strip.across) for strip in divided([""], [f"{x}" for x in range(15)])[0]] == [12, 3]


def test_what_has_no_picture_yet_leaves_its_line_out(tmp_path: Path) -> None:
    rows = jobs(tmp_path, content=[f"{number}.jpg" for number in range(26)])
    for row in rows[13:]:
        (row.task.folder / "output.png").unlink()
    ((_, path),) = sheets.sheets(tmp_path, rows)
    assert cells(path) == 13
    for row in rows:
        (row.task.folder / "output.png").unlink(missing_ok=True)
    assert list(sheets.sheets(tmp_path, rows)) == []


def test_many_rows_go_on_on_a_further_sheet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MOST", (3, 2))
    rows = jobs(tmp_path, content=[f"{number}.jpg" for number in range(4)], style=["a", "b", "c"])
    written = list(sheets.sheets(tmp_path, rows))
    assert [title for title, _ in written] == [f"content against style, {number} of 4" for number in (1, 2, 3, 4)]
    assert [cells(path) for _, path in written] == [6, 3, 2, 1]
    assert written[0][1].name == sheets.SHEET
    assert len({path for _, path in written}) == 4


def test_files_of_one_name_in_two_folders_have_a_sheet_with_a_title_each(tmp_path: Path) -> None:
    rows = jobs(tmp_path, beta=["1", "2"], pooling=["max", "avg"], style=["a/x.jpg", "b/x.jpg"])
    titles = [title for title, _ in sheets.sheets(tmp_path, rows)]
    assert titles == ["beta against pooling, style=a/x.jpg", "beta against pooling, style=b/x.jpg"]


def test_strips_keep_their_order() -> None:
    assert divided(["a", "b"], ["x"]) == [[Strip(["a", "b"], ["x"])]]
