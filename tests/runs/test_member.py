"""One run of many, in whatever process: where it is, what it may take, and what it leaves."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from filelock import FileLock

from stx.runs import member
from stx.runs.files import ERROR
from stx.runs.member import WorkerSettings, apply_settings, failure, outcome, over


def test_what_a_member_is_told_arrives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # and back
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    before = torch.get_num_threads()
    (tmp_path / "place").mkdir()
    told = WorkerSettings(str(tmp_path / "place"), {"a": 'it\'s "b"'}, threads=1)
    try:
        assert apply_settings(told.dumped(), tmp_path) == WorkerSettings(*told[:4], cards=[])
        assert (Path.cwd(), os.environ["OMP_NUM_THREADS"]) == (tmp_path / "place", "1")
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(before)


def test_members_of_one_machine_take_a_card_each(tmp_path: Path) -> None:
    """Another process has the first; this one takes the second, and keeps it."""
    code = (
        "import os, sys; from pathlib import Path; from stx.runs import member; "
        f"[member.take_card(Path({str(tmp_path)!r}), cards) for cards in (['4', '6'], ['8'])]; "
        "print(os.environ.get('CUDA_VISIBLE_DEVICES'))"
    )
    with FileLock(str(tmp_path / ".card-4.lock")):
        taken = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert taken.stdout == "6\n"
    assert not member._card


def test_why_a_member_failed_is_its_first_line(tmp_path: Path) -> None:
    assert (failure(tmp_path), outcome(tmp_path), over(tmp_path)) == ("", "", False)
    (tmp_path / ERROR).write_text("no memory left\n\nTraceback ...")
    assert (failure(tmp_path), over(tmp_path)) == ("no memory left", True)
    (tmp_path / "run.json").write_text("{")
    assert outcome(tmp_path) == ""


def test_a_worker_whose_launcher_is_gone_ends_when_it_has_nothing_to_do(tmp_path: Path) -> None:
    worker = (
        "import os, sys, time; from stx.runs import member; member.ORPHANED = 0.05; member.end_with(os.getppid()); "
        "member.IDLE.clear(); open(sys.argv[1] + '-begun', 'w').close(); time.sleep(1.5); "
        "open(sys.argv[1], 'w').close(); member.IDLE.set(); time.sleep(300)"
    )
    launcher = (
        "import os, subprocess, sys, time; subprocess.Popen([sys.executable, '-c', *sys.argv[1:]]); "
        "[time.sleep(0.05) for _ in iter(lambda: os.path.exists(sys.argv[2] + '-begun'), True)]"
    )
    subprocess.run(
        [sys.executable, "-c", launcher, worker, str(tmp_path / "made")], stdout=subprocess.PIPE, text=True, check=True
    )  # returns when the worker has ended too: it holds the pipe
    assert (tmp_path / "made").exists()
