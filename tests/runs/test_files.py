"""The table of losses in a run's folder."""

import csv
from pathlib import Path

import pytest
from PIL import Image

from stx.errors import Stopped, UserError
from stx.loop.record import Row
from stx.pictures import images
from stx.runs.files import alone_in, losses_table, rescued


def test_rows_are_on_disk_as_soon_as_they_are_given(tmp_path: Path) -> None:
    append = losses_table(tmp_path / "losses.csv")
    append([Row(1, 0.0, {"loss/total": 1.5, "loss/style": 0.5, "grad_norm/content": 9.0})])
    append([Row(2, 0.0, {"loss/total": 1.25}), Row(3, 0.0, {"loss/total": 1.0, "loss/style": 0.25})])
    with (tmp_path / "losses.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert [(row["step"], row["loss/total"], row["loss/style"]) for row in table] == [
        ("1", "1.5", "0.5"),
        ("2", "1.25", ""),  # a value that was not finite is a gap
        ("3", "1.0", "0.25"),
    ]


def test_a_table_goes_on_behind_a_torn_line_and_without_steps_that_it_has(tmp_path: Path) -> None:
    path = tmp_path / "losses.csv"
    losses_table(path)([Row(step, 0.0, {"loss/total": float(step)}) for step in (1, 2, 3)])
    with path.open("a") as file:
        file.write("4,4.")
    losses_table(path)([Row(step, 0.0, {"loss/total": 10.0 * step}) for step in (3, 4, 5)])
    with path.open(newline="") as file:
        table = [(row["step"], row["loss/total"]) for row in csv.DictReader(file)]
    assert table == [("1", "1.0"), ("2", "2.0"), ("3", "3.0"), ("4", "40.0"), ("5", "50.0")]


def test_two_do_not_work_in_one_folder(tmp_path: Path) -> None:
    with alone_in(tmp_path), pytest.raises(UserError, match="another process is at work"), alone_in(tmp_path):
        pass


def test_a_picture_that_cannot_be_saved_in_its_folder_is_saved_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))

    def save(path: Path) -> None:
        path.write_text("picture")

    said = r"No space left on device\nthe picture so far: .*stx-run\.png"
    with pytest.raises(Stopped, match=said), rescued(tmp_path / "run", save):
        raise OSError(28, "No space left on device")
    assert (tmp_path / "stx-run.png").read_text() == "picture"


def test_a_picture_that_its_folder_has_no_place_for_is_saved_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    picture = Image.new("RGB", (4, 3), "red")
    with (
        pytest.raises(Stopped, match=r"output\.png: No such file or directory\nthe picture so far: .*stx-run\.png"),
        rescued(tmp_path / "run", lambda path: images.save(picture, path)),
    ):
        images.save(picture, tmp_path / "run" / "output.png")
    assert Image.open(tmp_path / "stx-run.png").getpixel((0, 0)) == (255, 0, 0)
