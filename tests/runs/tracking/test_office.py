"""MLflow's own process: what it is asked, what it says, and that it ends."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import mlflow
import pytest

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
    tmp_path: Path, uri: str, real: Callable[[], office.Office], caplog: pytest.LogCaptureFixture
) -> None:
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
