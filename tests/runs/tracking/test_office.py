"""MLflow's own process: what it is asked, what it says, and that it ends."""

import io
import json
import logging
import os
import shutil
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mlflow
import pytest

from conftest import piped
from stx.errors import UserError
from stx.runs.tracking import office
from stx.runs.tracking.journal import FORMAT, Journal

STARTED = office.started
"""Kept before the tests put their quicker one in its place."""


@pytest.fixture
def uri(tmp_path: Path, new_database: Path) -> str:
    shutil.copy(new_database, tmp_path / "mlflow.db")
    return f"sqlite:///{tmp_path / 'mlflow.db'}"


@pytest.fixture
def real(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], office.Office]]:
    """In a process, as users have it."""
    office.close()
    monkeypatch.setattr(office, "started", STARTED)
    yield office.begin
    office.close()


def journal(folder: Path, uri: str, *metrics: float) -> Journal:
    folder.mkdir()
    written = Journal(folder)
    about = {"name": "one", "params": {}, "tags": {}, "at": 0, "key": folder.name, "uri": uri, "experiment": "stx"}
    written.write("open", {"format": FORMAT, **about})
    written.write("rows", [(step, 0, {"loss/total": value}) for step, value in enumerate(metrics, start=1)])
    return written


def gone(process: int) -> bool:
    """Ended, or waiting to be told of."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def test_a_process_of_its_own_opens_the_store_delivers_and_says_what_is_wrong(
    tmp_path: Path,
    uri: str,
    real: Callable[[], office.Office],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('of the folder where one works')")
    monkeypatch.chdir(tmp_path)
    begun = real()
    assert real() is begun
    assert os.getsid(begun.process.pid) != os.getsid(0)  # type: ignore[attr-defined]  # no Ctrl-C of the terminal's
    office.open_store(uri, "stx")
    with pytest.raises(UserError, match=r"tracking\.uri=sqlite:////.*nowhere.*"):
        office.open_store("sqlite:////proc/nowhere/mlflow.db", "stx")

    run = journal(tmp_path / "run", uri, 3.0, 2.0)
    delivery = office.Delivery(tmp_path / "run", uri, "stx")
    delivery.start()
    run.write("picture", {"key": "picture", "step": 1, "file": "none.png", "at": 0})  # which no store will take
    run.write("end", {"outcome": "finished", "tags": {}, "at": 1})
    assert delivery.finish(30)
    assert delivery.trouble == ""
    (stored,) = mlflow.MlflowClient(uri).search_runs(["1"])
    assert (stored.info.status, stored.data.metrics["loss/total"]) == ("FINISHED", 2.0)
    assert "picture none.png: the store cannot take it" in caplog.text  # the warning has come through

    os.kill(begun.process.pid, signal.SIGINT)  # type: ignore[attr-defined]
    office.open_store(uri, "stx")
    journal(tmp_path / "other", uri, 1.0)
    left = office.Delivery(tmp_path / "other", uri, "stx")
    os.kill(begun.process.pid, signal.SIGKILL)  # type: ignore[attr-defined]
    begun.gone.wait(30)
    left.start()
    assert not left.finish(5)
    assert left.trouble == "MLflow's process has ended"
    assert real() is not begun


def test_it_ends_with_the_process_that_began_it_however_that_ends(tmp_path: Path) -> None:
    if not Path("/proc/self/stat").exists():
        pytest.skip("the system does not say")
    code = "from stx.runs.tracking import office; print(office.begin().process.pid, flush=True); input()"
    begun = [subprocess.Popen([sys.executable, "-c", code], stdin=-1, stdout=-1, text=True) for _ in range(2)]
    offices = [int(process.stdout.readline()) for process in begun]  # type: ignore[union-attr]
    assert not any(map(gone, offices))
    begun[0].kill()
    begun[1].communicate("an end of its own")
    begun[0].communicate()
    deadline = time.monotonic() + 60  # it imports to the end first
    while not all(map(gone, offices)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert all(map(gone, offices))


def test_what_is_asked_is_answered_by_name_and_what_the_store_refuses_is_a_text(tmp_path: Path, uri: str) -> None:
    office.close()
    office.open_store(uri, "stx")  # in a thread of this process, by tests/conftest.py
    client = mlflow.MlflowClient(uri)
    client.delete_experiment(client.get_experiment_by_name("stx").experiment_id)
    with pytest.raises(UserError, match="was deleted in this store"):
        office.open_store(uri, "stx")
    names = [f"run-{number}" for number in range(3)]
    deliveries = []
    for name in names:
        journal(tmp_path / name, uri, 1.0).close()
        deliveries.append(office.Delivery(tmp_path / name, uri, "another"))
        deliveries[-1].start()
    assert [delivery.finish(30) for delivery in deliveries] == [True] * 3
    assert {json.loads((tmp_path / name / "mlflow.json").read_text())["experiment_id"] for name in names} == {"2"}


def test_one_that_has_gone_is_closed_and_another_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    office.close()
    processes: list[Any] = []

    def started() -> Any:
        outside, ends = piped()
        outside.left = list(ends)
        outside.kill = lambda: [os.close(outside.left.pop()) for _ in ends[: len(outside.left)]]
        processes.append(outside)
        return outside

    monkeypatch.setattr(office, "started", started)
    first = office.begin()
    assert (office.begin() is first, len(processes)) == (True, 1)
    processes[0].kill()
    assert first.gone.wait(30)
    assert first.ask("open", "uri", {}) is None
    second = office.begin()
    assert (second is first, len(processes)) == (False, 2)
    os.close(processes[1].left.pop(0))  # it reads no more, and has not gone yet
    second.tell("open", "uri", {})
    assert second.gone.is_set()
    office.close()
    assert all(process.stdin.closed and process.stdout.closed for process in processes)


def test_whoever_asks_has_its_environment_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {"OLD": "1"})
    seen: list[dict[str, str]] = []

    def noted(*_: object) -> Any:
        seen.append(dict(os.environ))
        return SimpleNamespace(start=lambda: None)

    monkeypatch.setattr("stx.runs.tracking.store.opened", noted)
    monkeypatch.setattr(office, "Courier", noted)
    serving = office.Serving(io.StringIO())
    serving.open("uri", {"environment": {"PASSWORD": "a"}, "experiment": "stx"})
    serving.deliver(str(tmp_path), {"environment": {"PASSWORD": "b"}, "uri": "uri", "experiment": "stx"})
    assert seen == [{"PASSWORD": "a"}, {"PASSWORD": "b"}]


def test_what_is_logged_and_warned_of_there_is_a_line_with_its_level(monkeypatch: pytest.MonkeyPatch) -> None:
    for attribute in ("handlers", "propagate", "level"):
        monkeypatch.setattr(office.log, attribute, getattr(office.log, attribute))
    monkeypatch.setattr(warnings, "showwarning", warnings.showwarning)
    stream = io.StringIO()
    try:
        office.relay(office.Serving(stream))
        office.log.debug("%d runs", 2)
        office.log.error("no more")
        warnings.showwarning(UserWarning("old"), UserWarning, "file", 1)
    finally:
        monkeypatch.undo()
        office.log.setLevel(office.log.level)  # which forgets what it remembers of levels
    assert [json.loads(line) for line in stream.getvalue().splitlines()] == [
        ["log", "", {"level": level, "message": message}]
        for level, message in ((logging.DEBUG, "2 runs"), (logging.ERROR, "no more"), (logging.WARNING, "old"))
    ]


def test_an_answer_to_a_command_that_has_gone_is_no_error() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    answers = os.fdopen(writer, "w", encoding="utf-8")
    serving = office.Serving(answers)
    for _ in range(2):
        serving.say(logging.WARNING, "said to nobody")
    with pytest.raises(BrokenPipeError):  # as it would have been
        answers.close()
