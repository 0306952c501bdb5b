"""Stores that are away, die, come back or hang: the run goes on, nothing is lost and nothing is stored twice."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import mlflow
import pytest

from conftest import SHALLOW, SMALL, Command, Started, command
from stx.runs.tracking.journal import Journal
from stx.sync import sync as deliver_all

LONG = (*SMALL[:3], *SHALLOW, "optim.steps=80", "tracking.pictures_every=20", "hydra.run.dir=out")


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class Server:
    """A real `mlflow server` on a database of its own."""

    def __init__(self, folder: Path):
        self.folder, self.port = folder, free_port()
        self.uri = f"http://127.0.0.1:{self.port}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        environment = os.environ | {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(self.port)),
                *("--backend-store-uri", f"sqlite:///{self.folder}/server.db", "--workers", "1"),
                *("--artifacts-destination", str(self.folder / "artifacts")),
            ],
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        deadline = time.monotonic() + 90
        while time.monotonic() < deadline:
            with socket.socket() as tried:
                tried.settimeout(0.5)
                if tried.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.2)
        raise TimeoutError("the server does not start")

    def kill(self) -> None:
        if self.process:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    process = Server(tmp_path)
    yield process
    process.kill()


def sync(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return command(tmp_path, "sync", *arguments)


def everything_is_there_once(uri: str, folder: Path, steps: int) -> None:
    client = mlflow.MlflowClient(uri)
    run_id = json.loads((folder / "mlflow.json").read_text())["run_id"]
    for metric in ("loss/total", "style_loss/conv1_1", "time/step_ms"):
        assert [point.step for point in client.get_metric_history(run_id, metric)] == list(range(1, steps + 1))
    files = [file.path for file in client.list_artifacts(run_id, "images") if file.path.endswith(".png")]
    shown = sorted(int(re.search(r"step[+%](\d+)[+%]", file)[1]) for file in files)  # type: ignore[index]
    assert shown == [0, 20, 40, 60, 80]
    assert client.get_run(run_id).info.status == "FINISHED"
    assert "output.png" in {file.path for file in client.list_artifacts(run_id)}


@pytest.mark.slow  # a real server, twice; tests/runs/tracking/test_server.py has a small one
def test_a_server_that_dies_in_mid_run_gets_everything_when_it_is_back(
    stx: Command, tmp_path: Path, server: Server
) -> None:
    server.start()
    process = Started(tmp_path, "run", *LONG, f"tracking.uri={server.uri}")
    deadline = time.monotonic() + 120
    while not (tmp_path / "out" / "delivered.json").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    server.kill()
    done = process.ended(120)
    out, said = done.stdout, done.stderr
    assert done.returncode == 0, said
    assert "the store does not take what it is sent" in said
    assert "stx sync out" in said
    assert (tmp_path / out.strip()).exists()

    refused = sync(tmp_path, "out")
    assert refused.returncode == 1
    assert "0 of 1 runs delivered" in refused.stderr
    server.start()
    delivered = sync(tmp_path, "out")
    assert delivered.returncode == 0, delivered.stderr
    assert "1 of 1 runs delivered" in delivered.stderr
    everything_is_there_once(server.uri, tmp_path / "out", 80)
    (tmp_path / "out" / "delivered.json").write_text('{"bytes": 0}')  # forgotten: all of it is sent again
    again = sync(tmp_path, "out")
    assert again.returncode == 0, again.stderr
    everything_is_there_once(server.uri, tmp_path / "out", 80)
    assert "nothing to deliver" in sync(tmp_path, "out").stderr


def test_a_server_that_is_down_is_an_error_within_seconds(stx: Command, tmp_path: Path, server: Server) -> None:
    since = time.monotonic()
    refused = stx(*LONG, f"tracking.uri={server.uri}")
    assert time.monotonic() - since < 15  # 10 for the store, the rest for Python
    assert refused.returncode == 2
    assert "nothing answers there" in refused.stderr
    assert "tracking.offline_ok=true" in refused.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_server_that_is_down_is_waited_for(stx: Command, tmp_path: Path, server: Server) -> None:
    done = stx(*LONG, f"tracking.uri={server.uri}", "tracking.offline_ok=true")
    assert done.returncode == 0, done.stderr
    assert "stx sync out" in done.stderr
    server.start()
    assert sync(tmp_path, "out").returncode == 0
    everything_is_there_once(server.uri, tmp_path / "out", 80)


def test_a_server_that_hangs_is_an_error_within_seconds(stx: Command, tmp_path: Path) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)
        since = time.monotonic()
        refused = stx(*LONG, f"tracking.uri=http://127.0.0.1:{silent.getsockname()[1]}")
        assert time.monotonic() - since < 15
    assert refused.returncode == 2
    assert "nothing answers there" in refused.stderr


def test_sync_explains_itself_and_refuses_what_is_no_folder(tmp_path: Path) -> None:
    assert "stx sync" in sync(tmp_path, "--help").stdout
    refused = sync(tmp_path, "nowhere")
    assert refused.returncode == 2
    assert "nowhere: there is no such folder" in refused.stderr


def test_a_store_that_is_gone_is_named_and_again_sends_all_of_it(stx: Command, tmp_path: Path) -> None:
    done = stx(*SMALL, *SHALLOW)
    assert done.returncode == 0, done.stderr
    database = tmp_path / "outputs" / "mlflow.db"
    database.unlink()
    assert f"nothing to deliver\n{database}: there is no such store any more; --again" in sync(tmp_path).stderr
    assert "1 of 1 runs delivered\n" in sync(tmp_path, "--again").stderr
    assert "no such store" not in sync(tmp_path).stderr


def test_a_damaged_folder_keeps_no_other_from_its_delivery(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        journal = Journal(tmp_path / name)
        journal.write("tags", {})
        journal.close()
        (tmp_path / name / "run.json").touch()
    assert deliver_all([str(tmp_path)]) == 2
    said = capfd.readouterr().err
    assert f"{tmp_path / 'a' / 'run.json'}: damaged" in said
    assert f"{tmp_path / 'b' / 'run.json'}: damaged" in said
