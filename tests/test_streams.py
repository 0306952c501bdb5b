"""Streams that are closed, full or gone end nothing; Ctrl-C at any moment is one line."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from conftest import TINY, Started

RUN = (sys.executable, "-m", "stx", "run", *TINY, "tracking=none", "hydra.run.dir=out")
CLOSED = ("{} 2>&- | true",)  # closed, and one whose reader has gone
FURTHER = ("{} 2>&1 | head -n 1", "{} 2>&- >/dev/null", "{} >&- 2>/dev/null", "{} >/dev/full 2>&1")


@pytest.mark.parametrize("shell", [*CLOSED, *(pytest.param(shell, marks=pytest.mark.slow) for shell in FURTHER)])
def test_a_stream_that_cannot_be_written_ends_no_run(tmp_path: Path, shell: str) -> None:
    if sys.platform == "win32":
        pytest.skip("no such shell")
    script = f"set -o pipefail; {shell.format(' '.join(RUN))}"
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Exception" not in done.stderr
    assert (tmp_path / "out" / "output.png").exists()
    assert '"outcome": "finished"' in (tmp_path / "out" / "run.json").read_text()


def full() -> None:
    for stream in (1, 2):
        os.dup2(os.open("/dev/full", os.O_WRONLY), stream)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no such device")
def test_a_full_log_ends_no_run(tmp_path: Path) -> None:
    assert Started(tmp_path, *RUN[3:], before=full).ended().returncode == 0
    assert (tmp_path / "out" / "output.png").exists()
    assert '"outcome": "finished"' in (tmp_path / "out" / "run.json").read_text()


def full_stdout() -> None:
    os.dup2(os.open("/dev/full", os.O_WRONLY), 1)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no such device")
def test_where_the_picture_is_stands_on_stderr_when_stdout_is_full(tmp_path: Path) -> None:
    done = Started(tmp_path, *RUN[3:], before=full_stdout).ended()
    assert done.returncode == 0
    assert done.stderr.endswith("out/output.png\nstx: stdout: No space left on device\n")


@pytest.mark.parametrize("command", ["paint", "compare", "thesis", "sync"])
def test_ctrl_c_while_any_command_is_imported_is_one_line_and_status_130(tmp_path: Path, command: str) -> None:
    process = subprocess.Popen([sys.executable, "-X", "importtime", "-m", f"stx.{command}"], cwd=tmp_path, stderr=-1)
    assert process.stderr
    for line in process.stderr:
        if b"stx.config.layers" in line or b" logging" in line:  # in the midst of its imports
            process.send_signal(signal.SIGINT)
            break
    said = process.stderr.read().decode()
    process.stderr.close()
    assert process.wait(60) == 130
    assert [line for line in said.splitlines() if not line.startswith("import time:")] == ["stx: interrupted"]


@pytest.mark.parametrize("seconds", [0.8, 1.5])
def test_ctrl_c_while_it_starts_is_one_line_and_status_130(tmp_path: Path, seconds: float) -> None:
    process = subprocess.Popen([*RUN, "optim.steps=100000"], cwd=tmp_path, stdout=-1, stderr=-1, text=True)
    time.sleep(seconds)
    process.send_signal(signal.SIGINT)
    out, said = process.communicate(timeout=60)
    assert (process.returncode, out) == (130, "")
    assert said == "stx: interrupted\n" or "go on:" in said  # on a quick machine it has begun
    assert os.listdir(tmp_path) == [] or "go on:" in said
