"""What is found before anything is written, and what is not disturbed by it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from conftest import SMALL
from stx.config.compose import compose
from stx.errors import UserError
from stx.runs import preflight


class Usage(NamedTuple):
    free: int


def check(*overrides: str) -> None:
    preflight.check(compose([*SMALL, "tracking=none", *overrides]), Path("out"))


def test_a_disk_without_room_is_found_before_a_folder_is_made(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def usage(free: int) -> Any:
        return lambda path: Usage(free)

    monkeypatch.setattr(shutil, "disk_usage", usage(2_000_000))
    check("optim=adam")
    with pytest.raises(UserError, match=r"2 MB are free there and this run may need 8 MB.*hydra\.run\.dir"):
        check("optim=lbfgs_plain")  # it remembers a hundred pairs of gradients
    monkeypatch.setattr(shutil, "disk_usage", usage(0))
    with pytest.raises(UserError, match="0 MB are free"):
        check("optim=adam")


def test_a_full_disk_ends_a_run_with_its_picture_elsewhere(tmp_path: Path) -> None:
    """A limit on the size of files stands in for a full disk: the journal and the states reach it."""
    import resource

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))

    (tmp_path / "elsewhere").mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "stx.run", *SMALL[:3], "optim.steps=100000", "tracking=none", "hydra.run.dir=out"],
        cwd=tmp_path, preexec_fn=limit, env={**os.environ, "TMPDIR": str(tmp_path / "elsewhere")},
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 1, done.stderr
    assert "File too large" in done.stderr
    assert "the picture so far:" in done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "elsewhere" / "stx-out.png").exists()
