"""Sheets of many pictures: none is wider than a page, none is left out, and each says which it is."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageColor

from stx.config.compose import composition
from stx.pictures.sheet import FRAME, GAP
from stx.runs.task import Task
from stx.studies.sweep import sheets
from stx.studies.sweep.results import Row
from stx.studies.sweep.sheets import Strip, divided

CONFIG = composition([]).config
INKS = {"swirls": (0, 0, 200), "mosaic": (0, 0, 120), "china": (0, 200, 0), "lake": (0, 120, 0)}
"""Of photographs, green ones, and of paintings, blue ones."""


def jobs(folder: Path, **axes: list[str]) -> list[Row]:
    """One a combination, with a picture, and what it was made of where INKS has that."""
    rows: list[Row] = []
    combinations: list[dict[str, str]] = [{}]
    for axis, values in axes.items():
        combinations = [{**others, axis: value} for others in combinations for value in values]
    for number, values in enumerate(combinations):
        place = folder / f"{number}"
        place.mkdir()
        Image.new("RGB", (20, 10), (200, 0, 0)).save(place / "output.png")
        config = CONFIG.model_copy(update={key: values[key] for key in ("content", "style") if key in values})
        for file, name in (("content.png", config.content), ("style.png", config.style)):
            if name in INKS:
                Image.new("RGB", (20, 10), INKS[str(name)]).save(place / file)
        task = Task(number, [], values, place, config, f"{number}")
        rows.append(Row(task, "finished", "", 5, {}, 0.1, 0.5, 2.0, ""))
    return rows


def cells(file: Path, width: int = sheets.CELL) -> int:
    """Red pictures on a sheet, by their area: they are twice as wide as high."""
    with Image.open(file) as sheet:
        pixels = np.asarray(sheet.convert("RGB"))
    return round(((pixels[..., 0] > 150) & (pixels[..., 1] < 60)).sum() / (width * width / 2))


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
    assert cells(path, sheets.CELL // 2) == 15
    with Image.open(path) as sheet:
        assert sheet.width == GAP + 12 * (sheets.CELL // 2 + GAP)
    assert [len(strip.across) for strip in divided([""], [f"{x}" for x in range(15)])[0]] == [12, 3]


def test_what_has_no_picture_yet_leaves_its_line_out(tmp_path: Path) -> None:
    rows = jobs(tmp_path, content=[f"{number}.jpg" for number in range(26)])
    for row in rows[13:]:
        (row.task.folder / "output.png").unlink()
    ((_, path),) = sheets.sheets(tmp_path, rows)
    assert cells(path, sheets.CELL // 2) == 13
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


def test_rows_and_columns_say_of_which_option_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As names of jobs do: a statistic or a picture is known by itself."""
    seen = list[tuple[Sequence[str], Sequence[str]]]()
    monkeypatch.setattr(sheets, "headed", lambda grid, labels, *others: (seen.append(labels), grid[0][0])[1])
    rows = jobs(tmp_path, **{"loss_weights.beta": ["3", "30"], "style_stat": ["gram", "mean_std"]})
    list(sheets.sheets(tmp_path, rows))
    list(sheets.sheets(tmp_path, [row._replace(task=row.task._replace(values={"seed": "7"})) for row in rows[:1]]))
    assert seen == [(["beta=3", "beta=30"], ["gram", "mean_std"]), ([""], ["seed=7"])]


def test_small_pictures_are_enlarged_and_large_ones_made_smaller(tmp_path: Path) -> None:
    for width in (96, 2000):
        (tmp_path / f"{width}").mkdir()
        rows = jobs(tmp_path / f"{width}", seed=["0", "1"])
        for row in rows:
            Image.new("RGB", (width, width // 2), (200, 0, 0)).save(row.task.folder / "output.png")
        ((_, path),) = sheets.sheets(tmp_path, rows)
        assert cells(path) == 2


def test_the_best_job_s_picture_has_a_frame_where_results_stand_behind_what_they_were_made_of(tmp_path: Path) -> None:
    rows = jobs(tmp_path, content=["china", "lake"], style=["swirls", "mosaic"])
    ((_, path),) = sheets.sheets(tmp_path, rows, best=rows[2])
    with Image.open(path) as sheet:
        pixels = np.asarray(sheet.convert("RGB")).astype(int)
    ys, xs = np.nonzero(np.abs(pixels - ImageColor.getrgb(FRAME)).sum(-1) < 40)
    inside = pixels[ys.min() + 10 : ys.max() - 10, xs.min() + 10 : xs.max() - 10]
    assert (np.abs(inside - (200, 0, 0)).sum(-1) < 40).all()
    assert (xs.max() < pixels.shape[1] - sheets.CELL, ys.min() > 2 * sheets.CELL // 2) == (True, True)


def test_strips_keep_their_order() -> None:
    assert divided(["a", "b"], ["x"]) == [[Strip(["a", "b"], ["x"])]]


def inks(sheet: Path) -> list[list[str]]:
    """Cell by cell, whose picture it is; "" where there is none."""
    names = {ink: name for name, ink in INKS.items()} | {(200, 0, 0): "result"}
    with Image.open(sheet) as whole:
        pixels = np.asarray(whole.convert("RGB")).astype(int)
    near = np.abs(pixels[:, :, None] - np.array([*names])[None, None]).sum(-1)
    labels = np.where(near.min(-1) < 60, near.argmin(-1) + 1, 0)
    lines = [[key for key, _ in groupby(line[line > 0].tolist())] for line in labels]
    seen = [[[*names.values()][key - 1] for key in line] for line in lines if line]
    return [line for line, _ in groupby(seen)]


@pytest.mark.parametrize(
    ("axes", "expected"),
    [
        ({"seed": ["0"]}, [["china", "swirls"], ["result"]]),
        ({"style": ["swirls", "mosaic"]}, [["china"], ["swirls", "mosaic"], ["result"]]),
        ({"content": ["china", "lake"], "style": ["swirls", "mosaic"]},
         [["swirls", "mosaic"], ["china", "result"], ["lake", "result"]]),
        ({"beta": ["1", "2"], "content": ["china", "lake"]}, [["swirls"], ["china", "lake"], ["result"]]),
        ({"content": ["china", "lake"], "beta": ["1", "2"]},
         [["swirls"], ["china", "result"], ["lake", "result"]]),
    ],
)  # fmt: skip
def test_results_stand_beside_what_they_were_made_of(
    tmp_path: Path, axes: dict[str, list[str]], expected: list[list[str]]
) -> None:
    """What all share once, above; what a column or a row was made of, at its beginning. Results lie side by side."""
    ((_, path),) = sheets.sheets(tmp_path, jobs(tmp_path, **axes))
    assert inks(path) == expected


def test_each_sheet_of_several_has_its_own_painting(tmp_path: Path) -> None:
    rows = jobs(tmp_path, seed=["0", "1"], beta=["1", "2"], style=["swirls", "mosaic"])
    assert [inks(path)[0] for _, path in sheets.sheets(tmp_path, rows)] == [["china", "swirls"], ["china", "mosaic"]]


def test_photographs_go_on_in_the_further_line_that_their_results_do(tmp_path: Path) -> None:
    names = [f"{number}.jpg" for number in range(12)]
    rows = jobs(tmp_path, content=[*names, "lake"])
    ((_, path),) = sheets.sheets(tmp_path, rows)
    assert inks(path)[-2:] == [["lake"], ["result"]]


def test_a_mixture_has_all_its_paintings_above_and_none_where_mixtures_are_compared(tmp_path: Path) -> None:
    rows = [
        row._replace(task=row.task._replace(config=CONFIG.model_copy(update={"style": ["swirls", "mosaic"]})))
        for row in jobs(tmp_path, seed=["0", "1"])
    ]
    Image.new("RGB", (20, 10), INKS["mosaic"]).save(rows[1].task.folder / "style_2.png")
    ((_, path),) = sheets.sheets(tmp_path, rows)
    assert inks(path)[0] == ["china", "swirls", "mosaic"]
    others = [rows[0], rows[1]._replace(task=rows[1].task._replace(config=CONFIG))]
    ((_, path),) = sheets.sheets(tmp_path, others)
    assert inks(path) == [["china"], ["result"]]
