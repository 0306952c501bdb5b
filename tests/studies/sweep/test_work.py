"""Sweeps from the command line to their page, in real processes."""

import csv
import json
import shutil
import signal
import threading
import time
from contextlib import nullcontext
from pathlib import Path

import pytest
from PIL import Image

from conftest import SHALLOW, Started, command
from stx.config import search_path
from stx.runs.shown import of_store
from stx.runs.task import Task
from stx.runs.tracking.experiments import Experiments
from stx.runs.tracking.parent import NoParent
from stx.studies.sweep import work

TINY = ["model=vgg19_random", "image_size.width=40", "image_size.height=32", "optim.steps=2", *SHALLOW, "tracking=none"]


def test_a_job_that_cannot_go_on_takes_no_other_along_and_is_in_the_store_with_its_message(
    tmp_path: Path, new_database: Path
) -> None:
    (tmp_path / "mine.py").write_text(
        "import os\n\ndef breaks(features):\n    if os.path.exists('sweep/sweep.json'):\n        raise MemoryError('on "
        "purpose')\n    return features.mean((1, 2))\n"
    )
    (tmp_path / "conf" / "style_stat").mkdir(parents=True)
    (tmp_path / "conf" / "style_stat" / "mine.yaml").write_text("_target_: mine.breaks\n")
    breaks = "style_stat=gram,mine,mean_std"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STX_TRUST", "mine")
        patch.setenv("PYTHONPATH", str(tmp_path))
        shutil.copy(new_database, tmp_path / "mlflow.db")
        store = ["tracking=mlflow", "tracking.uri=sqlite:///mlflow.db", "tracking.experiment=mine"]
        words = ["run", "--config-dir", "conf", "--multirun", *TINY[:-1], *store, breaks, "hydra.sweep.dir=sweep"]
        done = command(tmp_path, *words)
    assert done.returncode == 1, done.stderr
    assert "mine (sweep/1): style_stat (breaks): on purpose" in done.stderr
    assert done.stdout.splitlines() == ["sweep/0/output.png", "sweep/2/output.png", "sweep/sweep.html"]
    assert "on purpose" in (tmp_path / "sweep" / "sweep.html").read_text()
    runs = [of_store(run, "") for run in Experiments(f"sqlite:///{tmp_path}/mlflow.db").runs("mine")]
    (failed,) = (run for run in runs if run.outcome == "failed")
    assert (len(runs), failed.name) == (3, "mine")
    assert all(
        run.command.startswith("stx run --config-dir conf ") and run.place == str(tmp_path)
        for run in runs
        if run is not failed
    )
    record = json.loads((tmp_path / "sweep" / "sweep.json").read_text())
    assert search_path.override_of(tmp_path / "conf") in record["workers"]
    assert failed.message.startswith("style_stat (breaks): on purpose")


def test_an_interrupted_sweep_goes_on_where_it_was(tmp_path: Path) -> None:
    words = ["run", "--multirun", *TINY, "optim.steps=150", "optim.stop_at=null", "pooling=max,avg"]
    first, deadline = Started(tmp_path, *words, "hydra.sweep.dir=sweep"), time.monotonic() + 120
    while not (tmp_path / "sweep" / "0" / "losses.csv").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    first.send_signal(signal.SIGINT)
    done = first.ended()
    assert done.returncode == 130
    assert "go on: stx run resume=sweep" in done.stderr
    again = command(tmp_path, "run", "resume=sweep", "pooling=max,avg,l2")
    assert again.returncode == 0, again.stderr
    assert len(again.stdout.splitlines()) == 4
    record = json.loads((tmp_path / "sweep" / "0" / "run.json").read_text())
    assert (record["outcome"], len(record["resumed"])) == ("finished", 1)
    assert json.loads((tmp_path / "sweep" / "2" / "run.json").read_text())["resumed"] == []


def test_a_picture_that_is_taken_out_of_a_swept_folder_stays_in_the_table_and_is_said(tmp_path: Path) -> None:
    photos = tmp_path / "photos"
    photos.mkdir()
    for name, colour in (("a.png", "red"), ("b.png", "blue")):
        Image.new("RGB", (40, 40), colour).save(photos / name)
    first = command(tmp_path, "run", *TINY, "content=photos/", "hydra.sweep.dir=sweep")
    assert first.returncode == 0, first.stderr
    (photos / "b.png").unlink()
    again = command(tmp_path, "run", "resume=sweep")
    assert again.returncode == 0, again.stderr
    assert "stx: 1 job of this sweep is not asked for now: b.png (gone)" in again.stderr
    table = list(csv.DictReader((tmp_path / "sweep" / "sweep.csv").read_text().splitlines()))
    assert [(row["content"], row["outcome"]) for row in table] == [
        ("photos/a.png", "finished"),
        ("photos/b.png", "finished"),
    ]
    assert again.stdout == first.stdout
    refused = command(tmp_path, "run", "--multirun", "resume=sweep", "optim.steps=3")
    assert (refused.returncode, "optim.steps is 2 in that sweep and 3 asked" in refused.stderr) == (2, True)


def test_a_plan_says_what_a_sweep_takes_and_starts_nothing(tmp_path: Path) -> None:
    store = ["tracking=mlflow", "tracking.uri=sqlite:///store.db"]
    done = command(tmp_path, "run", "--multirun", *TINY[:-1], *store, "pooling=max,avg", "seed=0", "sweep.plan=true")
    assert done.returncode == 0, done.stderr
    assert not (tmp_path / "store.db").exists()
    assert "2 jobs, one after the other: under a minute, up to" in done.stderr
    assert not list(tmp_path.rglob("sweep.json"))


def full() -> None:
    raise OSError(28, "No space left on device")


def test_a_page_is_renewed_now_and_then_and_one_that_cannot_be_written_ends_no_sweep(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    clock = iter((0.0, 1.0, 6.0, 6.0, 6.0))
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    call = work.seldom(full)
    assert not call()  # too soon
    assert not caplog.messages
    assert call()
    assert caplog.messages == ["the sweep's page could not be updated: [Errno 28] No space left on device"]


class Stands(NoParent):
    def __init__(self) -> None:
        self.ends: list[tuple[str, str]] = []

    def end(self, outcome: str, status: str) -> None:
        self.ends.append((outcome, status))


@pytest.mark.parametrize(
    ("error", "end"),
    [
        (None, ("finished", "FINISHED")),
        (KeyboardInterrupt(), ("interrupted", "KILLED")),
        (RuntimeError("the store"), ("failed", "FAILED")),
    ],
)
def test_a_sweep_s_run_ends_as_it_did_and_its_error_passes_though_no_page_can_be_written(
    tmp_path: Path, error: BaseException | None, end: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    stands = Stands()
    with pytest.raises(type(error)) if error else nullcontext(), work.closing("sweep", full, stands, tmp_path):
        if error:
            raise error
    assert stands.ends == [end]
    assert ("go on: stx run resume=" in capsys.readouterr().err) == isinstance(error, KeyboardInterrupt)


def test_a_page_that_declined_is_asked_again_before_another_job_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "error.txt").write_text("no memory left")
    task = Task(0, [], {}, tmp_path, None, "")  # type: ignore[arg-type]  # nobody asks for its config
    answers, asked = iter((False, False, True)), threading.Event()

    def act() -> bool:
        answer = next(answers)
        if answer:
            asked.set()
        return answer

    monkeypatch.setattr(work, "OFTEN", 0.01)
    with work.meanwhile(act, [task]):
        assert asked.wait(20)
