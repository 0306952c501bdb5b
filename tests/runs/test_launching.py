"""Runs in the hands of a launcher: each comes to its end or says why not, whatever happens to those beside it."""

from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from filelock import FileLock

from stx.errors import UserError
from stx.runs import identity, launching
from stx.runs.files import ERROR
from stx.runs.identity import Identity
from stx.runs.launching import Crew, Order, work
from stx.runs.member import Attempt, failure, outcome


def record(folder: Path, outcome: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    identity.write(folder, Identity("1", [], {"style_stat": "gram"}, {}, {}, {}, outcome=outcome))


class Launcher:
    """Does with each job what it is told by the job's first word; dies as one of its workers does."""

    def __init__(self, root: Path, **acts: Callable[[Path], Attempt]):
        self.root, self.acts, self.launches = root, acts, list[list[str]]()

    def launch(self, jobs: Sequence[Sequence[str]], initial_job_idx: int) -> list[Any]:
        self.launches.append([job[0] for job in jobs])
        answers = [self.acts[job[0]](self.root / job[0]) for job in jobs]
        return [SimpleNamespace(status=SimpleNamespace(name="COMPLETED"), return_value=answer) for answer in answers]


def good(folder: Path) -> Attempt:
    record(folder, "finished")
    return Attempt("", False)


def dies(folder: Path) -> Attempt:
    record(folder, "running")
    raise RuntimeError("a worker was killed\nby somebody")


def full(folder: Path) -> Attempt:
    record(folder, "failed")
    (folder / ERROR).write_text("no memory left\n\nTraceback")
    return Attempt("no memory left", True)


def orders(root: Path, *names: str) -> list[Order]:
    return [Order(name, [name], root / name, {"tag": name}) for name in names]


def test_the_death_of_a_worker_costs_its_run_alone(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    launcher = Launcher(tmp_path, a=good, b=dies, c=good, d=good)
    work(Crew(launcher, 2, 0), orders(tmp_path, "a", "b", "c", "d"), tmp_path, between=lambda: None)
    assert launcher.launches == [["a", "b", "c", "d"], ["c", "d"], ["b"]]
    assert [outcome(tmp_path / name) for name in "acd"] == ["finished"] * 3
    assert failure(tmp_path / "b") == "its worker died, twice: a worker was killed"
    assert caplog.messages == ["b: its worker died; tried again"]


def test_what_has_ended_is_not_made_again_and_what_failed_before_is(tmp_path: Path) -> None:
    good(tmp_path / "a")
    full(tmp_path / "b")
    launcher = Launcher(tmp_path, a=dies, b=good)
    work(Crew(launcher, 1, 0), orders(tmp_path, "a", "b"), tmp_path, between=lambda: None)
    assert launcher.launches == [["b"]]
    assert failure(tmp_path / "b") == ""


def test_a_worker_that_outlived_its_launcher_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    lock = FileLock(str((tmp_path / "a").absolute() / ".lock"), is_singleton=False)
    (tmp_path / "a").mkdir()
    lock.acquire()

    def ends(seconds: float) -> None:
        good(tmp_path / "a")
        lock.release()

    monkeypatch.setattr("time.sleep", ends)
    launcher = Launcher(tmp_path, b=good)
    work(Crew(launcher, 1, 0), orders(tmp_path, "a", "b"), tmp_path, between=lambda: None)
    assert launcher.launches == [["b"]]
    assert "an earlier worker is still running there" in caplog.text


def test_a_run_without_memory_is_tried_once_more_behind_the_others(tmp_path: Path) -> None:
    launcher = Launcher(tmp_path, a=full, b=good)
    work(Crew(launcher, 1, 1, quiet=True), orders(tmp_path, "a", "b"), tmp_path, between=lambda: None)
    assert launcher.launches == [["a"], ["b"], ["a"]]
    assert failure(tmp_path / "a") == "no memory left"


def test_a_launcher_that_begins_nothing_is_a_mistake_and_no_job_s(tmp_path: Path) -> None:
    class Away:
        def launch(self, jobs: Sequence[Sequence[str]], initial_job_idx: int) -> list[Any]:
            raise ConnectionError("no Ray at 10.0.0.1:6379")

    with pytest.raises(UserError, match=r"hydra/launcher: no job has begun: no Ray at 10\.0\.0\.1:6379"):
        work(Crew(Away(), 1, 0), orders(tmp_path, "a"), tmp_path, between=lambda: None)
    assert not list(tmp_path.iterdir())


def test_jobs_are_told_of_their_place_by_hydra_s_own_keys_alone(tmp_path: Path) -> None:
    (typed,) = launching.typed(Crew(None, 2, 0, threads=1), orders(tmp_path, 'it\'s {a}, "b"'), tmp_path)
    assert typed[0] == 'it\'s {a}, "b"'
    assert all(text.startswith("hydra.") for text in typed[1:])


def test_what_others_still_work_on_when_a_launcher_raises_is_waited_for_and_not_made_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = FileLock(str((tmp_path / "b").absolute() / ".lock"), is_singleton=False)

    def goes_on(folder: Path) -> Attempt:
        record(folder, "running")
        lock.acquire()
        return Attempt("", False)

    def ends(seconds: float) -> None:
        good(tmp_path / "b")
        lock.release()

    monkeypatch.setattr("time.sleep", ends)
    launcher = Launcher(tmp_path, b=goes_on, a=dies)
    work(Crew(launcher, 2, 0), orders(tmp_path, "b", "a"), tmp_path, between=lambda: None)
    assert launcher.launches == [["b", "a"], ["a"]]
    assert outcome(tmp_path / "b") == "finished"
    assert failure(tmp_path / "b") == ""


def test_what_a_job_raised_before_it_could_begin_is_said(tmp_path: Path) -> None:
    class Elsewhere:
        def launch(self, jobs: Sequence[Sequence[str]], initial_job_idx: int) -> list[Any]:
            error = FileNotFoundError("no folder /home/me here")
            return [SimpleNamespace(status=SimpleNamespace(name="FAILED"), _return_value=error) for _ in jobs]

    with pytest.raises(UserError, match="no job has begun: no folder /home/me here"):
        work(Crew(Elsewhere(), 1, 0), orders(tmp_path, "a"), tmp_path, between=lambda: None)
