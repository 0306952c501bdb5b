"""What stands in a run's folder as it works."""

import csv
import json
import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from conftest import SHALLOW, SMALL
from stx.config.compose import composition
from stx.errors import OutOfMemory, Stopped
from stx.loop import checkpoint
from stx.loop.checkpoint import Checkpoint
from stx.loop.listener import Row, Start
from stx.model.prepare import prepare
from stx.pictures import images
from stx.runs import identity
from stx.runs.files import (
    BASELINES,
    CALIBRATION,
    CHECKPOINT,
    CONFIG,
    CONTENT,
    LOSSES,
    MEASURES,
    OUTPUT,
    RUN,
    SHEET,
    STYLE,
)
from stx.runs.folder import Canvas, Folder, at_work, levels_begun, rescued
from stx.runs.identity import Identity
from stx.runs.job import Job

RECORD = Identity("f" * 32, [], {"style_stat": "gram"}, {}, {}, {})
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


def test_a_state_never_stands_without_a_picture_and_writes_over_none(tmp_path: Path) -> None:
    folder, state = Folder(tmp_path, RECORD, lambda path: None), Checkpoint.start(RED)
    folder.state(state)
    assert Image.open(tmp_path / OUTPUT).getpixel((0, 0)) == (255, 0, 0)
    folder.state(state._replace(last_finite=1 - RED))
    assert Image.open(tmp_path / OUTPUT).getpixel((0, 0)) == (255, 0, 0)


@pytest.mark.parametrize("left", [(), (CHECKPOINT,), (CHECKPOINT, OUTPUT)])
def test_a_run_without_memory_says_how_to_go_on_where_it_has_come_to_a_state(
    tmp_path: Path, left: tuple[str, ...]
) -> None:
    for name in left:
        (tmp_path / name).touch()
    said = r"cpu has no memory left for \d+ \w+ more; .*true would do"
    with pytest.raises(OutOfMemory, match=said) as full, rescued(tmp_path, Canvas(RED)):
        torch.empty(2**60, dtype=torch.uint8)
    assert (f"\nwith memory free again: resume={tmp_path}" in str(full.value)) == (CHECKPOINT in left)
    assert (f"; the picture so far: {tmp_path / OUTPUT}" in str(full.value)) == (OUTPUT in left)
    with pytest.raises(RuntimeError, match="size mismatch"), rescued(tmp_path, Canvas(RED)):
        raise RuntimeError("size mismatch")


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


def test_a_new_run_begins_with_its_pictures_notes_and_config_and_one_that_goes_on_with_its_config_alone(
    tmp_path: Path,
) -> None:
    config, choices, typed = composition([*SMALL, *SHALLOW, "tracking=none"])
    inputs, wrote = prepare(config), list[str]()
    job = Job(config, tmp_path, choices, typed, notes={"notes/how.txt": "so"})
    folder = Folder(tmp_path, RECORD, lambda path: wrote.append(path.name))
    folder.start(job, inputs)
    assert wrote == [CONTENT, STYLE, CONFIG, RUN]
    for name, picture in ((CONTENT, inputs.content), (STYLE, inputs.style)):
        np.testing.assert_array_equal(np.asarray(Image.open(tmp_path / name)), images.to_picture(picture))
    assert (tmp_path / "notes" / "how.txt").read_text() == "so"
    before = (tmp_path / CONTENT).stat().st_mtime_ns
    wrote.clear()
    folder.start(job._replace(resumed=RECORD), inputs)
    assert wrote == [CONFIG, RUN]
    assert (tmp_path / CONTENT).stat().st_mtime_ns == before


def begun(width: int, height: int, norm: float) -> Start:
    network: Any = SimpleNamespace(norms={"style": norm, "content": math.inf}, scales={"conv1_1": 0.5})
    return Start(network, torch.zeros(3, height, width), 0, False)


def test_what_each_level_measured_is_a_list_with_one_entry_a_size(tmp_path: Path) -> None:
    folder = Folder(tmp_path, RECORD, lambda path: None)
    for level in (begun(4, 3, 1.0), begun(8, 6, 2.0), begun(8, 6, 3.0), begun(4, 3, 4.0)):
        folder.begun(level)
    told = json.loads((tmp_path / CALIBRATION).read_text())
    assert [(one["width"], one["height"], one["norms"]) for one in told] == [
        (4, 3, {"style": 1.0, "content": None}),
        (8, 6, {"style": 2.0, "content": None}),
    ]
    assert all(one["scales"] == {"conv1_1": 0.5} for one in told)


def test_a_state_is_the_run_s_own_and_a_finished_one_goes_on_from_the_picture(tmp_path: Path) -> None:
    folder = Folder(tmp_path, RECORD, lambda path: None)
    folder.rows([Row(1, 0.0, {"loss/total": 2.5})])
    folder.state(Checkpoint.start(RED)._replace(step=1, optimiser={"lr": 1.0}))
    (row,) = csv.DictReader((tmp_path / LOSSES).read_text().splitlines())
    assert row == {"step": "1", "loss/total": "2.5"}
    folder.forget(RED / 2)
    state = checkpoint.load(tmp_path / CHECKPOINT, torch.device("cpu"), [RED.shape], RECORD.id)
    assert state
    assert (state.step, state.run, state.optimiser) == (1, RECORD.id, {})
    assert torch.equal(state.image, RED / 2)


def test_what_came_of_a_run_is_its_picture_losses_baselines_and_a_sheet(tmp_path: Path) -> None:
    wrote: list[str] = []
    folder = Folder(tmp_path, RECORD, lambda path: wrote.append(path.name))
    inputs: Any = SimpleNamespace(pictures={"content": RED, "style": RED})
    wide = Image.new("RGB", (512, 256), "blue")
    folder.end(inputs, wide, {})
    assert wrote == [OUTPUT, SHEET]  # it was stopped before its first step
    folder.rows([Row(1, 0.0, {"loss/total": 2.5})])
    wrote.clear()
    folder.end(inputs, wide, {"baseline/gram": 0.5, "baseline/cfsd": math.nan, "measure/gram": 0.25})
    assert wrote == [OUTPUT, LOSSES, BASELINES, MEASURES, SHEET]
    assert json.loads((tmp_path / BASELINES).read_text()) == {"gram": 0.5}
    assert json.loads((tmp_path / MEASURES).read_text()) == {"gram": 0.25}
    assert Image.open(tmp_path / OUTPUT).getpixel((511, 255)) == (0, 0, 255)
    sheet = Image.open(tmp_path / SHEET)
    assert 3 * 256 <= sheet.width <= 3 * 256 + 32
    assert 128 <= sheet.height <= 128 + 32
    red, _, blue = sheet.getpixel((sheet.width - 128, sheet.height // 2))  # type: ignore[misc]
    assert blue > 200 > 50 > red
    wrote.clear()
    folder.close("finished")
    assert wrote == [RUN]
    assert identity.read(tmp_path) == RECORD._replace(outcome="finished", resumed=[], seconds=folder.run.seconds)


def test_where_nothing_can_be_written_both_places_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path / "gone"))
    canvas = Canvas(torch.zeros(3, 1, 1))
    with (
        pytest.raises(Stopped, match=r"run: why; the picture could not be saved in .*gone either"),
        rescued(tmp_path / "run", canvas),
    ):
        raise OSError("why")
    canvas.begun(begun(4, 3, 1.0)._replace(image=RED))
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    with pytest.raises(Stopped, match=r"run: why\nthe picture so far: "), rescued(tmp_path / "run", canvas):
        raise OSError("why")
    assert Image.open(tmp_path / "stx-run.png").getpixel((3, 2)) == (255, 0, 0)


@pytest.mark.parametrize("damaged", ["", "{}", "[", "\0"])
def test_a_damaged_table_of_levels_begins_anew(tmp_path: Path, damaged: str) -> None:
    (tmp_path / "calibration.json").write_text(damaged)
    assert levels_begun(tmp_path / "calibration.json") == []
    (tmp_path / "calibration.json").write_text('[{"width": 4}]')
    assert levels_begun(tmp_path / "calibration.json") == [{"width": 4}]
    assert levels_begun(tmp_path / "none") == []


@pytest.mark.parametrize(
    ("error", "before", "after"),
    [
        (KeyboardInterrupt, "running", "interrupted"),
        (ZeroDivisionError, "running", "failed"),
        (ZeroDivisionError, "finished", "finished"),
    ],
)
def test_the_record_says_how_a_block_ended_that_raised(
    tmp_path: Path, error: type[BaseException], before: str, after: str
) -> None:
    folder = Folder(tmp_path, RECORD, lambda path: None)
    folder.close(before)
    with pytest.raises(error), at_work(folder):
        raise error
    record = identity.read(tmp_path)
    assert record == RECORD._replace(outcome=after, resumed=[], seconds=folder.run.seconds)


def test_the_seconds_of_a_run_that_goes_on_add_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter((0.0, 10.0, 10.0, 100.0, 105.0, 105.0))
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    Folder(tmp_path, RECORD, lambda path: None).close("interrupted")
    record = identity.read(tmp_path)
    assert record
    Folder(tmp_path, record, lambda path: None).close("finished")
    record = identity.read(tmp_path)
    assert record
    assert record.seconds == 15.0
