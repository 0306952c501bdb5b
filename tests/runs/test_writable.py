"""Why a folder takes no files, and that nothing is left behind in one that does."""

import os
from pathlib import Path

import pytest

from stx.runs.writable import unwritable


def test_a_folder_that_takes_files_is_left_as_it_was_and_one_that_takes_none_says_why(tmp_path: Path) -> None:
    assert unwritable(tmp_path) == ""
    assert not list(tmp_path.iterdir())
    assert unwritable(Path("/proc")) == "takes no files (No such file or directory)"  # whoever one is


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_of_somebody_else_s_is_said_to_be_one(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert unwritable(tmp_path) == "may not be written to by you"


def read_only() -> list[str]:
    mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    return [place for _, place, _, options, *_ in mounts if "ro" in options.split(",") and os.path.isdir(place)]


@pytest.mark.skipif(not read_only(), reason="no file system here can only be read")
def test_a_file_system_that_can_only_be_read_is_said_to_be_one() -> None:
    assert unwritable(Path(read_only()[0])) == "is on a file system that can only be read"
