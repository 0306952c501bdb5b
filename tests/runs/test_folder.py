"""What stands in a run's folder as it works."""

from pathlib import Path

import pytest
import torch
from PIL import Image

from stx.errors import Stopped
from stx.pictures import images
from stx.runs.folder import Canvas, Folder, levels_begun, rescued
from stx.runs.identity import Identity

RECORD = Identity("f" * 32, [], {}, {}, {}, {})
RED = torch.tensor([1.0, 0.0, 0.0])[:, None, None].expand(3, 3, 4)


def test_events_are_a_table_as_soon_as_they_happen(tmp_path: Path) -> None:
    wrote: list[Path] = []
    folder = Folder(tmp_path, RECORD, wrote.append)
    folder.happened([[3, "loss total"]])
    folder.happened([[3, "loss total"], [5, "the image"]])
    assert (tmp_path / "nan_events.csv").read_text() == "step,what\n3,loss total\n5,the image\n"
    assert wrote == [tmp_path / "nan_events.csv"] * 2


def test_the_newest_good_picture_is_the_output(tmp_path: Path) -> None:
    Folder(tmp_path, RECORD, lambda path: None).kept(RED)
    assert Image.open(tmp_path / "output.png").getpixel((3, 2)) == (255, 0, 0)
    assert [path.name for path in tmp_path.iterdir()] == ["output.png"]


def test_a_picture_that_cannot_be_saved_in_its_folder_is_saved_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))

    said = r"No space left on device\nthe picture so far: .*stx-run\.png"
    with pytest.raises(Stopped, match=said), rescued(tmp_path / "run", Canvas(RED)):
        raise OSError(28, "No space left on device")
    assert Image.open(tmp_path / "stx-run.png").getpixel((0, 0)) == (255, 0, 0)


def test_a_picture_that_its_folder_has_no_place_for_is_saved_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    with (
        pytest.raises(Stopped, match=r"output\.png: No such file or directory\nthe picture so far: .*stx-run\.png"),
        rescued(tmp_path / "run", Canvas(RED)),
    ):
        images.save(images.to_picture(RED), tmp_path / "run" / "output.png")
    assert Image.open(tmp_path / "stx-run.png").getpixel((0, 0)) == (255, 0, 0)


def test_a_rescued_picture_does_not_take_another_one_s_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    (tmp_path / "stx-run.png").write_text("another run's")
    for name in ("stx-run-1.png", "stx-run-2.png"):
        with pytest.raises(Stopped, match=name), rescued(tmp_path / "run", Canvas(RED)):
            raise OSError(28, "No space left on device")
    assert (tmp_path / "stx-run.png").read_text() == "another run's"


@pytest.mark.parametrize("damaged", ["", "{}", "[", "\0"])
def test_a_damaged_table_of_levels_begins_anew(tmp_path: Path, damaged: str) -> None:
    (tmp_path / "calibration.json").write_text(damaged)
    assert levels_begun(tmp_path / "calibration.json") == []
    (tmp_path / "calibration.json").write_text('[{"width": 4}]')
    assert levels_begun(tmp_path / "calibration.json") == [{"width": 4}]
    assert levels_begun(tmp_path / "none") == []
