"""What jobs are given: once where all share it, one each where groups differ, and never a part for the whole."""

from pathlib import Path

import pytest
from PIL import Image

from stx.config.compose import composition
from stx.runs.task import Task
from stx.studies.sweep.results import Row
from stx.studies.sweep.thumbnails import CELL, of_any, one_each, shared, thumbnail

CONFIG = composition([]).config
SHADES = {"a": 10, "b": 90, "x": 170, "y": 250}


def job(folder: Path, content: str | None, style: str | list[str]) -> Row:
    folder.mkdir()
    config = CONFIG.model_copy(update={"content": content, "style": style})
    for file, name in (("content", content), *config.styles.items()):
        if name:
            Image.new("RGB", (8, 6), (SHADES[name],) * 3).save(folder / f"{file}.png")
    return Row(Task(0, [], {}, folder, config, ""), "finished", "", 1, {}, 0.1, 0.5, 1.0, "")


@pytest.fixture
def rows(tmp_path: Path) -> list[Row]:
    """By photograph, and of each by painting."""
    return [job(tmp_path / f"{content}{style}", content, style) for content in "ab" for style in "xy"]


def shades(pictures: list[Image.Image | None]) -> list[object]:
    return [picture and picture.convert("L").getpixel((0, 0)) for picture in pictures]


def test_what_all_jobs_are_given_is_shared_and_what_some_have_otherwise_is_not(rows: list[Row]) -> None:
    assert shades([*shared(rows[:2], "photograph")]) == [10]
    assert shared(rows[:2], "painting") == []
    assert shared(rows, "photograph") == []


def test_a_group_has_the_picture_that_all_its_jobs_have(rows: list[Row]) -> None:
    by_photograph, by_painting = [rows[:2], rows[2:]], [rows[::2], rows[1::2]]
    assert shades(one_each(by_photograph, "photograph")) == [10, 90]
    assert shades(one_each(by_painting, "painting")) == [170, 250]
    assert one_each(by_photograph, "painting") == one_each(by_painting, "photograph") == []
    assert shades(one_each([[], rows[2:]], "photograph")) == [None, 90]


def test_textures_have_no_photograph_and_mixtures_no_single_painting(tmp_path: Path) -> None:
    texture, mixture = job(tmp_path / "texture", None, "x"), job(tmp_path / "mixture", "a", ["x", "y"])
    assert shared([texture], "photograph") == []
    assert one_each([[texture], [mixture]], "photograph") == []
    assert shades([*shared([mixture], "painting")]) == [170, 250]
    assert one_each([[texture], [mixture]], "painting") == []


def test_a_picture_is_small_and_comes_from_the_first_job_that_has_it(rows: list[Row]) -> None:
    (rows[0].task.folder / "content.png").write_text("no picture")
    (rows[1].task.folder / "content.png").unlink()
    assert of_any(rows[:2], "content.png") is None
    assert shades([of_any(rows, "content.png")]) == [90]
    large = rows[0].task.folder / "large.png"
    Image.new("RGB", (4 * CELL, 2 * CELL)).save(large)
    assert getattr(thumbnail(large), "size", None) == (CELL, CELL // 2)
