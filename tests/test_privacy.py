"""A password is written nowhere; nothing is written to the home folder; nobody on the network is asked."""

import os
import re
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from conftest import SHALLOW, SMALL, TINY, Command, command
from stx import run as entry
from stx.config.schema import CONF
from stx.config.secrets import VARIABLE
from stx.runs.tracking import tracker

SECRET = "s3/cr#t[%"  # nobody's


@pytest.fixture
def refusing() -> Iterator[int]:
    """A server that is well and takes nothing: the rest waits in the journal, whose store may not be named in full."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200 if self.path.endswith("/health") else 503)
            self.end_headers()

        do_POST = do_GET  # the base class's names

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as serving:
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield serving.server_address[1]
        serving.shutdown()


@pytest.mark.parametrize("by", [
    "environment", "mlflow", "refused", "typed",
    pytest.param("sweep", marks=pytest.mark.slow), pytest.param("mlflow sweep", marks=pytest.mark.slow),
])  # fmt: skip
def test_a_password_is_written_nowhere(
    tmp_path: Path, refusing: int, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], by: str
) -> None:
    monkeypatch.setenv(VARIABLE, "")  # so that it is put back
    monkeypatch.delenv(VARIABLE)
    uri = f"http://bob:{SECRET}@127.0.0.1:{refusing}"
    small = [*TINY, "tracking.plots=true", "tracking.offline_ok=true"]
    monkeypatch.setenv("MINE", f"http://bob:s3%2Fcr%23t%5B%25@127.0.0.1:{refusing}")
    if by.startswith("mlflow"):
        monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    typed = {
        "typed": [f"tracking.uri={uri}", "hydra.run.dir=out"],
        "environment": ["tracking.uri=${oc.env:MINE}", "hydra.run.dir=out"],
        "mlflow": ["hydra.run.dir=out"],
        "mlflow sweep": ["--multirun", "seed=0,1", "hydra.sweep.dir=out"],
        "sweep": ["--multirun", f"tracking.uri={uri}", "seed=0,1", "hydra.sweep.dir=out"],
        "refused": [f"tracking.uri={uri}", "tracking.offline_ok=false", "hydra.run.dir=out"],
    }[by]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tracker, "PATIENCE", 0.3)
    monkeypatch.setattr(sys, "argv", ["stx", *small, *typed])
    left = None
    try:
        entry.main()
    except SystemExit as ended:
        left = ended.code
    assert left == (2 if by == "refused" else None)
    out, err = capfd.readouterr()
    assert f"bob:***@127.0.0.1:{refusing}" in err or by != "refused"
    said = {"stdout": out, "stderr": err}
    written = {str(path): path.read_bytes().decode("latin-1") for path in tmp_path.rglob("*") if path.is_file()}
    for name, text in (said | written).items():
        for form in (SECRET, "s3%2Fcr%23t%5B%25", "s3/cr"):
            assert form not in text, name
    if by == "mlflow":
        where = f"bob:***@127.0.0.1:{refusing}"
        assert err.count(f"tracking.uri=http://{where} (from MLFLOW_TRACKING_URI)") == 1
        assert where in (tmp_path / "out" / "config.yaml").read_text()


def as_at_home(**further: str) -> dict[str, str]:
    """An environment in which MLflow does not see that it is tested, which turns its telemetry off."""
    telling = re.compile("PYTEST|CI$|GITHUB|GITLAB|MLFLOW|DO_NOT_TRACK|JENKINS|BUILD")
    return {name: value for name, value in os.environ.items() if not telling.match(name)} | further


def test_telemetry_is_off_unless_somebody_turns_it_on() -> None:
    off = (
        "import stx.runs.tracking.store; from mlflow.telemetry.utils import is_telemetry_disabled as off; print(off())"
    )
    kept = "import os, stx.runs.tracking; print(os.environ['MLFLOW_DISABLE_TELEMETRY'])"  # MLflow itself would report
    for asked, said, answer in ((off, {}, "True"), (kept, {"MLFLOW_DISABLE_TELEMETRY": "false"}, "false")):
        done = subprocess.run([sys.executable, "-c", asked], env=as_at_home(**said), capture_output=True, text=True)
        assert done.stdout.strip() == answer, done.stderr


def test_nothing_is_written_to_the_home_folder_and_nobody_on_the_network_is_asked(stx: Command, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    home = dict.fromkeys(("HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "USERPROFILE"), str(tmp_path / "home"))
    strace = ["strace", "-f", "--seccomp-bpf", "-qq", "-e", "trace=connect", "-o", "trace.txt"]
    traced = strace if shutil.which("strace") else []
    done = subprocess.run(
        [*traced, sys.executable, "-m", "stx.run", *TINY, "tracking.plots=true", "hydra.run.dir=out"],
        cwd=tmp_path, capture_output=True, text=True, env=as_at_home(**home),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert list((tmp_path / "home").rglob("*")) == []
    if traced:
        asked = [line for line in (tmp_path / "trace.txt").read_text().splitlines() if "AF_INET" in line]
        assert asked == []


@pytest.mark.skipif(bool(shutil.which("strace")), reason="strace sees more")
def test_a_run_opens_no_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, new_database: Path) -> None:
    """The same within Python, where there is no strace."""

    def refuse(*_: object) -> None:
        raise AssertionError("it asks the network")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "outputs").mkdir()
    shutil.copy(new_database, tmp_path / "outputs" / "mlflow.db")
    monkeypatch.setattr(sys, "argv", ["stx", *TINY, "tracking.plots=true", "hydra.run.dir=out"])
    entry.main()
    assert (tmp_path / "out" / "output.png").exists()
    assert os.environ["MLFLOW_DISABLE_TELEMETRY"] == "true"


def test_what_a_variable_stands_for_is_shown_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MINE", "http://bob:s3cret@host:5000")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://bob:s3cret and more@team:5000")
    for typed, shown in ((["tracking.uri=${oc.env:MINE}"], "host"), ([], "team")):
        done = command(tmp_path, "run", "--cfg", "job", "--resolve", *typed)
        assert (done.returncode, f"uri: http://bob:***@{shown}:5000" in done.stdout) == (0, True)
        assert "s3cret" not in done.stdout + done.stderr


@pytest.mark.slow
def test_a_password_in_a_yaml_is_copied_nowhere(tmp_path: Path) -> None:
    (tmp_path / "conf" / "tracking").mkdir(parents=True)
    usual = (CONF / "tracking" / "mlflow.yaml").read_text()
    mine = re.sub("uri: .*", "uri: http://bob:s3cret@127.0.0.1:9", usual)
    (tmp_path / "conf" / "tracking" / "mine.yaml").write_text(mine)
    small = [*SMALL[:3], *SHALLOW, "optim.steps=1", "hydra.sweep.dir=out"]
    done = command(
        tmp_path, "run", "--config-dir", "conf", "--multirun", *small, "tracking=mine", "tracking.offline_ok=true"
    )
    assert done.returncode == 0, done.stderr
    written = [path for path in (tmp_path / "out").rglob("*") if path.is_file()]
    assert {"multirun.yaml", "config.yaml", "run.json", "journal.jsonl"} <= {path.name for path in written}
    assert [path for path in written if b"s3cret" in path.read_bytes()] == []
