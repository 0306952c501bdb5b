"""A real PostgreSQL, where its programs are installed: a new database that four sweeps touch and fill at once."""

import csv
import importlib.util
import json
import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import mlflow
import pytest
import yaml

from conftest import SHALLOW, Started
from stx.errors import UserError
from stx.runs.tracking.names import metric
from stx.runs.tracking.reach import answers
from stx.runs.tracking.turn import turn
from stx.runs.tracking.verdict import Held

DEBIAN = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
INITDB = shutil.which("initdb", path=os.pathsep.join([os.environ.get("PATH", ""), *map(str, DEBIAN)]))
LOGIN = "stx:s3cr%2Fet"  # nobody's
WORKERS, JOBS = 4, 3
"""And jobs of each."""
STEPS = 4
SMALL = ("model=vgg19_random", "image_size.width=32", "image_size.height=24", f"optim.steps={STEPS}", *SHALLOW)

pytestmark = [
    pytest.mark.skipif(INITDB is None, reason="PostgreSQL is not installed (initdb)"),
    pytest.mark.skipif(importlib.util.find_spec("psycopg2") is None, reason="psycopg2 is not installed"),
]


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def answering(address: str) -> None:
    """Wait for a server that begins."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with suppress(UserError):
            return answers(address)
        time.sleep(0.2)
    raise TimeoutError(address)


@pytest.fixture(scope="module")
def postgres() -> Iterator[int]:
    """The port of a server on this machine, with a password."""
    assert INITDB
    programs, root = Path(INITDB).parent, os.geteuid() == 0
    somebody = next((one.pw_uid for one in pwd.getpwall() if one.pw_name in ("postgres", "nobody")), None)
    user = somebody if root else None  # it refuses to be root's
    folder = Path(tempfile.mkdtemp(prefix="stx-postgres-"))  # not in pytest's, where nobody else may look
    (folder / "password").write_text("s3cr/et")
    if user is not None:
        for path in (folder, folder / "password"):
            os.chown(path, user, -1)
    port = free_port()
    made = [INITDB, "--no-sync", "--username=stx", "--auth=scram-sha-256", f"--pwfile={folder}/password", "-D", "data"]
    subprocess.run(made, cwd=folder, user=user, check=True, stdout=subprocess.DEVNULL)
    settings = ("listen_addresses=127.0.0.1", f"port={port}", "unix_socket_directories=", "fsync=off")
    process = subprocess.Popen(
        [programs / "postgres", "-D", "data", *(word for one in settings for word in ("-c", one))],
        cwd=folder, user=user, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        yield port
    finally:
        process.send_signal(signal.SIGINT)  # SIGTERM would wait for whoever is connected
        process.wait(30)
        shutil.rmtree(folder)


@pytest.fixture
def uri(postgres: int) -> str:
    """A new database."""
    import psycopg2

    place, database = f"{LOGIN}@127.0.0.1:{postgres}", f"stx_{uuid.uuid4().hex}"
    answering(f"postgresql+psycopg2://{place}/postgres")
    connection = psycopg2.connect(f"postgresql://{place}/postgres")
    connection.autocommit = True
    connection.cursor().execute(f"CREATE DATABASE {database}")
    connection.close()
    return f"postgresql+psycopg2://{place}/{database}"


def test_a_database_that_another_process_is_making_is_waited_for_and_said(
    uri: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("stx.runs.tracking.turn.SOON", 0.1)
    monkeypatch.setattr("stx.runs.tracking.turn.LONGEST_LOCK", 0.1)
    with turn(uri), pytest.raises(Held, match="another process has kept the store") as refused, turn(uri):
        pass
    assert caplog.text.count("another process has the store; waiting up to") == 1
    assert "s3cr" not in f"{refused.value} {caplog.text}"
    with turn(uri):  # let go
        pass


def told_and_kept(client: Any, folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Each metric of a run's losses.csv as step and value: what the store has, and what the file has."""
    with (folder / "losses.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [int(row["step"]) for row in rows] == list(range(1, STEPS + 1))
    run_id = json.loads((folder / "mlflow.json").read_text())["run_id"]
    names = [column for column in rows[0] if column != "step"]
    kept = {each: [(int(row["step"]), float(row[each])) for row in rows if row[each]] for each in names}
    stored = {each: client.get_metric_history(run_id, metric(each)) for each in names}
    return {each: [(one.step, one.value) for one in points] for each, points in stored.items()}, kept


@pytest.mark.slow
def test_four_processes_that_touch_a_new_database_at_once_make_it_and_lose_no_metric_of_a_sweep(
    uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forkserver: None
) -> None:
    """Each of its processes finds no table there, where all but one must wait until they are made."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "a team's")
    workers = []
    for number in range(WORKERS):
        (folder := tmp_path / str(number)).mkdir()
        seeds = ",".join(str(JOBS * number + job) for job in range(JOBS))
        workers.append(
            Started(folder, "run", "--multirun", *SMALL, f"seed={seeds}", "init=noise", "hydra.sweep.dir=out")
        )
    for worker in workers:
        done = worker.ended()
        assert done.returncode == 0, done.stderr
        assert done.stderr.count("(from MLFLOW_TRACKING_URI)") == 1
    client = mlflow.MlflowClient(uri)
    experiment = client.get_experiment_by_name("a team's")
    every = client.search_runs([experiment.experiment_id])
    runs = [run for run in every if "mlflow.parentRunId" in run.data.tags]
    assert {run.data.tags["mlflow.parentRunId"] for run in runs} == {run.info.run_id for run in every} - {
        run.info.run_id for run in runs
    }
    assert sorted(run.data.params["seed"] for run in runs) == sorted(map(str, range(WORKERS * JOBS)))
    assert {run.info.status for run in runs} == {"FINISHED"}
    folders = [file.parent for file in tmp_path.glob("*/out/*/losses.csv")]
    assert len(folders) == WORKERS * JOBS
    for folder in folders:
        told, kept = told_and_kept(client, folder)
        assert "loss/total" in kept
        assert told == kept
    assert not [file for file in tmp_path.rglob("*") if file.is_file() and b"s3cr" in file.read_bytes()]


@pytest.mark.slow  # a real server
def test_the_team_s_server_takes_a_run_by_the_command_of_its_compose_file(
    uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, forkserver: None
) -> None:
    port = free_port()
    place = f"127.0.0.1:{port}"
    composed = yaml.safe_load((Path(__file__).parents[3] / "deploy" / "compose.yaml").read_text())["services"]["server"]
    words = [re.sub(r"\$\{SERVER[^}]*\}", place, word) for word in composed["command"]]
    here = {
        "--port=5000": f"--port={port}",
        "--artifacts-destination=/artifacts": f"--artifacts-destination={tmp_path}/files",
    }
    assert here.keys() <= set(words)
    environment = {**os.environ, **composed["environment"], "MLFLOW_BACKEND_STORE_URI": uri}
    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-m", *(here.get(word, word) for word in words)],
            env=environment, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    try:
        answering(f"http://{place}")
        monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://{place}")
        done = Started(tmp_path, "run", *SMALL, "hydra.run.dir=out").ended()
        assert done.returncode == 0, done.stderr
        told, kept = told_and_kept(mlflow.MlflowClient(f"http://{place}"), tmp_path / "out")
        assert told == kept
        assert list((tmp_path / "files").rglob("output.png"))
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()
