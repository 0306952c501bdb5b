"""Files that are whole, whatever interrupts their writing."""

import os
from pathlib import Path

import pytest

from stx import atomic


def test_what_was_written_replaces_what_was_there_and_leaves_nothing_else(tmp_path: Path) -> None:
    for content in ("first", "second ñ", b"bytes"):
        atomic.write(tmp_path / "file.txt", content)
        expected = content if isinstance(content, bytes) else content.encode()
        assert (tmp_path / "file.txt").read_bytes() == expected
    assert os.listdir(tmp_path) == ["file.txt"]


@pytest.mark.parametrize("cause", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_what_cannot_be_finished_leaves_the_old_file(tmp_path: Path, cause: BaseException) -> None:
    atomic.write(tmp_path / "file.txt", "old")

    def interrupted() -> None:
        with atomic.replacing(tmp_path / "file.txt") as part:
            part.write_text("half")
            raise cause

    with pytest.raises(type(cause)):
        interrupted()
    assert (tmp_path / "file.txt").read_text() == "old"
    assert os.listdir(tmp_path) == ["file.txt"]


def test_an_error_names_the_file_that_was_meant(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"gone.file\.txt"):
        atomic.write(tmp_path / "gone" / "file.txt", "x")
