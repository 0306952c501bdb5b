"""Pipes among the files that stx reads: nothing waits for somebody to write to one."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import surveys
import torch

from stx.config import digests
from stx.config.regular import regular
from stx.errors import UserError
from stx.loop import checkpoint
from stx.pictures import animation
from stx.runs import folder, identity, member, plots, sources, study, table
from stx.runs.tracking import courier, journal, sender, store
from stx.stats.trained_filter import trained
from stx.studies.film import reel
from stx.studies.gallery import writing
from stx.studies.survey import answers
from stx.studies.sweep.thumbnails import thumbnail


def test_a_file_is_opened_and_a_pipe_a_device_and_what_is_missing_are_errors(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("text")
    (tmp_path / "link").symlink_to("file")
    os.mkfifo(tmp_path / "pipe")
    assert regular(tmp_path / "link").read_text() == "text"
    for path in (tmp_path / "pipe", Path(os.devnull)):
        with pytest.raises(OSError, match=f"it is not a regular file: '{path}'"):
            regular(path)
    with pytest.raises(FileNotFoundError):
        regular(tmp_path / "missing")
    with pytest.raises(IsADirectoryError):
        regular(tmp_path).read_text()


@pytest.fixture
def pipe(tmp_path: Path) -> Iterator[Path]:
    """A pipe that nobody writes to; the test fails if it waits for that."""

    def waited(*_: object) -> None:
        pytest.fail("it waited for a pipe")

    before = signal.signal(signal.SIGALRM, waited)
    signal.alarm(20)
    os.mkfifo(tmp_path / "pipe")
    yield tmp_path / "pipe"
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


CPU = torch.device("cpu")
ERRORS: dict[str, tuple[Callable[[Path], object], type[Exception]]] = {
    "digest": (digests.sha256, OSError),
    "checkpoint": (lambda pipe: checkpoint.load(pipe, CPU, ()), OSError),
    "film": (lambda pipe: animation.read(pipe, (8, 8)), OSError),
    "calibration": (folder.levels_begun, OSError),
    "chart": (plots.columns, OSError),
    "losses": (table.recovered, OSError),
    "steps": (table.steps, OSError),
    "journal": (lambda pipe: list(journal.entries(pipe, 0)), OSError),
    "picture for a store": (sender.whole_picture, ValueError),
    "filter": (lambda pipe: trained(str(pipe), 3), UserError),
    "film's record": (reel.recorded, UserError),
    "answers": (lambda pipe: answers.read(pipe, surveys.key("ab", "p", "s")), answers.Refused),
}


@pytest.mark.parametrize("name", ERRORS)
def test_a_pipe_in_place_of_a_file_is_an_error_and_is_not_waited_for(name: str, pipe: Path) -> None:
    read, error = ERRORS[name]
    with pytest.raises(error):
        read(pipe)


def test_a_pipe_in_place_of_what_may_be_missing_counts_as_missing(pipe: Path) -> None:
    assert list(sources.table(pipe)) == []
    assert sources.numbers(pipe) == {}
    assert thumbnail(pipe) is None
    for name, read, nothing in (
        ("error.txt", member.failure, ""),
        ("delivered.json", courier.delivered, 0),
        ("batch.json", store.ids, set()),
        ("mlflow.json", sender.addresses, []),
        ("run.json", identity.read, None),
    ):
        pipe.rename(pipe.with_name(name))
        assert read(pipe.parent) == nothing, name
        pipe.with_name(name).rename(pipe)


def test_a_search_and_a_gallery_do_not_wait_for_a_pipe(pipe: Path) -> None:
    pipe.rename(pipe.with_name("study.journal"))
    with pytest.raises(OSError, match="not a regular file"):
        study.mended(pipe.parent)
    with pytest.raises(OSError, match="not a regular file"):
        study.opened(pipe.parent)
    os.mkfifo(pipe.with_name("page.html"))
    with pytest.raises(UserError, match=r"page\.html is not a gallery and would be overwritten"):
        writing.place(str(pipe.with_name("page.html")))
