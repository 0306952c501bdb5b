"""One run from its job to its result, in one process."""

import os
import signal
from pathlib import Path

import pytest
from PIL import Image

from conftest import SHALLOW, SMALL
from stx.config.compose import composition
from stx.loop.listener import Listener, Start
from stx.measures.judge import Judge
from stx.runs import identity
from stx.runs.files import BASELINES, OUTPUT, SHEET
from stx.runs.job import Job
from stx.runs.make import run


def job(folder: Path, *overrides: str) -> Job:
    config, choices, typed = composition([*SMALL, *SHALLOW, "tracking=none", *overrides])
    return Job(config, folder, choices, typed, quiet=True)


def test_a_run_gives_its_picture_outcome_and_measures_and_tells_its_watchers(tmp_path: Path) -> None:
    levels: list[tuple[int, ...]] = []

    class Watcher(Listener):
        def begun(self, level: Start) -> None:
            levels.append(tuple(level.image.shape))

    result = run(job(tmp_path / "new" / "folder", "optim.pyramid=[1]"), Watcher())
    assert levels == [(3, 16, 24), (3, 32, 48)]
    assert (result.picture, result.outcome) == (tmp_path / "new" / "folder" / OUTPUT, "finished")
    assert result.measured["measure/content"] > 0
    assert result.measured["baseline/sliced_wasserstein"] > 0
    assert Image.open(result.picture).size == (48, 32)


def test_ctrl_c_while_a_finished_picture_is_judged_leaves_the_measures_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def judged(self: Judge, picture: object) -> dict[str, float]:
        os.kill(os.getpid(), signal.SIGINT)
        raise AssertionError("it went on")

    monkeypatch.setattr(Judge, "judge", judged)
    with caplog.at_level("INFO", "stx"), pytest.raises(SystemExit) as left:
        run(job(tmp_path))
    assert left.value.code == 130
    assert f"interrupted at its end; the picture: {tmp_path / OUTPUT}" in caplog.text
    record = identity.read(tmp_path)
    assert record
    assert record.outcome == "finished"
    assert (tmp_path / SHEET).exists()
    assert not (tmp_path / BASELINES).exists()
