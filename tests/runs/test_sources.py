"""What a run's folder or its store has of it; what it has not is nothing, and no error."""

import struct
import zlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from mlflow.exceptions import MlflowException
from PIL import Image

from stx.errors import UserError
from stx.runs.sources import InFolder, InStore, by_step, events, table


def test_pictures_along_the_way_are_in_the_order_of_steps_whoever_named_them() -> None:
    named = ["pictures/step-000100.png", "pictures/step-000020.png", "pictures/mine.png"]
    assert by_step(named) == {20: "pictures/step-000020.png", 100: "pictures/step-000100.png"}
    stored = [
        "images/picture%step%100%timestamp%1%abc.png",
        "images/picture+step+20+timestamp+1+abc.png",
        "images/picture%step%20%timestamp%1%abc.webp",
        "images/along the way~picture+step+3+timestamp+1+abc.png",
        "images/along the way#picture%step%4%timestamp%1%abc.png",
    ]
    assert list(by_step(stored)) == [3, 4, 20, 100]


def test_a_damaged_folder_has_what_can_be_read(tmp_path: Path) -> None:
    files = InFolder(tmp_path)
    assert (files.file("output.png"), files.along(), files.history("loss/total"), files.last()) == (None, {}, [], {})
    assert files.size("output.png") == (0, 0)
    (tmp_path / "losses.csv").write_bytes(b"step,loss/total\n1,2.5\n2,inf\n3,\xff\nx,7,8,9\nnan,7\n\n4")
    (tmp_path / "measures.json").write_text("[1")
    (tmp_path / "output.png").write_text("no picture")
    Image.new("RGB", (9, 7)).save(tmp_path / "content.png")
    files = InFolder(tmp_path)
    assert files.history("loss/total") == [(1, 2.5), (2, float("inf"))]
    assert files.last() == {"loss/total": 7}
    assert files.size("output.png", "content.png") == (9, 7)
    (tmp_path / "measures.json").write_text('{"content": 0.5, "ssim": NaN}')
    assert InFolder(tmp_path).last() == {"loss/total": 7, "measure/content": 0.5}


def test_a_folder_has_the_style_distance_that_its_store_is_told(tmp_path: Path) -> None:
    (tmp_path / "measures.json").write_text('{"sliced_wasserstein": 0.5}')
    (tmp_path / "baselines.json").write_text('{"sliced_wasserstein": 2.0, "content": 0}')
    assert InFolder(tmp_path).last() == {"measure/sliced_wasserstein": 0.5, "measure/style_distance": 0.25}


def test_a_table_of_an_earlier_version_has_metrics_by_their_names_of_today(tmp_path: Path) -> None:
    (tmp_path / "losses.csv").write_text("step,style_loss/conv1_1/gram\n1,2.5\n")
    assert InFolder(tmp_path).last() == {"style_loss/conv1_1 gram": 2.5}


def test_events_are_read_and_lines_that_are_none_left_out(tmp_path: Path) -> None:
    (tmp_path / "nan_events.csv").write_text("step,what\n7,loss/style, conv1_1\nx,y\n9")
    assert events(InFolder(tmp_path)) == [(7, "loss/style"), (9, "")]
    assert list(table(tmp_path)) == []


def test_a_picture_that_is_said_to_be_huge_has_no_size(tmp_path: Path) -> None:
    header = b"IHDR" + struct.pack(">2I5B", 200_000, 200_000, 8, 2, 0, 0, 0)
    chunk = struct.pack(">I", 13) + header + struct.pack(">I", zlib.crc32(header))
    (tmp_path / "output.png").write_bytes(b"\x89PNG\r\n\x1a\n" + chunk)
    assert InFolder(tmp_path).size("output.png") == (0, 0)


def of_store(error: Exception) -> InStore:
    def fails(*_: object) -> None:
        raise error

    run: Any = SimpleNamespace(artifact=fails, history=fails, client=SimpleNamespace(list_artifacts=fails), id="1")
    return InStore(run)


def test_what_a_store_does_not_have_is_nothing() -> None:
    files = of_store(FileNotFoundError("output.png"))
    assert (files.file("output.png"), files.along(), files.history("loss/total")) == (None, {}, [])
    assert files.picture("output.png") is None


def test_a_picture_that_the_store_does_not_give_is_none_and_ends_no_report() -> None:
    assert of_store(MlflowException("the server is away")).picture("output.png") is None


def test_a_picture_of_a_store_is_on_white_and_a_damaged_one_is_none(tmp_path: Path) -> None:
    Image.new("RGBA", (9, 7), (255, 0, 0, 0)).save(tmp_path / "output.png")
    (tmp_path / "sheet.png").write_text("no picture")
    run: Any = SimpleNamespace(artifact=lambda name: tmp_path / name)
    shown = InStore(run).picture("output.png")
    assert shown is not None
    assert (shown.mode, shown.size, shown.getpixel((0, 0))) == ("RGB", (9, 7), (255, 255, 255))
    assert InStore(run).picture("sheet.png") is None


def test_a_store_that_goes_away_is_said_and_not_taken_for_an_empty_one() -> None:
    files = of_store(ConnectionError("refused"))
    assert (files.file("output.png"), files.along()) == (None, {})  # artifacts may be somewhere else
    with pytest.raises(UserError, match=r"the store does not answer any more \(refused\)"):
        files.history("loss/total")
