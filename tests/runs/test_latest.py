"""The link to the newest run."""

import os
from pathlib import Path

import pytest

from stx.errors import UserError
from stx.runs.latest import newest, renew


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for folder in ("outputs/runs/first", "outputs/sweeps/day/0", "elsewhere"):
        (tmp_path / folder).mkdir(parents=True)
    return tmp_path


def test_the_link_follows_the_newest_run_below_outputs_and_the_tree_may_move(here: Path) -> None:
    renew(Path("outputs/runs/first"))
    assert newest() == Path("outputs/runs/first")
    renew(here / "outputs" / "sweeps" / "day" / "0")
    renew(Path("outputs"))
    assert newest() == Path("outputs/sweeps/day/0")
    assert os.readlink("outputs/latest") == "sweeps/day/0"
    assert sorted(path.name for path in Path("outputs").iterdir()) == ["latest", "runs", "sweeps"]


def test_what_a_process_that_died_left_of_a_link_is_in_nobody_s_way() -> None:
    Path(f"outputs/.latest.{os.getpid()}").symlink_to("gone")
    renew(Path("outputs/runs/first"))
    assert newest() == Path("outputs/runs/first")


def test_the_newest_run_may_lie_elsewhere() -> None:
    renew(Path("outputs/runs/first"))
    renew(Path("elsewhere"))
    assert newest() == Path("elsewhere")


def test_a_run_that_is_given_by_a_link_is_the_folder_behind_it(here: Path) -> None:
    renew(Path("outputs/runs/first"))
    renew(Path("outputs/latest"))  # resume=outputs/latest
    assert os.readlink("outputs/latest") == "runs/first"
    (here / "mine").symlink_to("elsewhere")
    renew(Path("mine"))
    assert newest() == Path("elsewhere")


def test_an_outputs_folder_may_be_a_link(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (here / "elsewhere" / "outputs").symlink_to(here / "outputs")
    (here / "elsewhere" / "run").mkdir()
    monkeypatch.chdir(here / "elsewhere")
    renew(Path("run"))
    assert newest() == Path("run")


def test_without_an_outputs_folder_none_is_made(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(here / "elsewhere")
    renew(Path("run"))
    assert not Path("outputs").exists()


def test_what_has_the_name_already_is_left_alone() -> None:
    Path("outputs/latest").mkdir()
    renew(Path("outputs/runs/first"))
    assert not Path("outputs/latest").is_symlink()
    with pytest.raises(UserError, match="points to no run"):
        newest()


def test_without_links_nothing_is_said_or_written(monkeypatch: pytest.MonkeyPatch) -> None:
    def impossible(*_: object, **__: object) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(Path, "symlink_to", impossible)
    renew(Path("outputs/runs/first"))
    assert sorted(path.name for path in Path("outputs").iterdir()) == ["runs", "sweeps"]


def test_a_run_that_was_deleted_is_not_the_newest() -> None:
    renew(Path("outputs/runs/first"))
    Path("outputs/runs/first").rmdir()
    with pytest.raises(UserError, match="outputs/runs/first, which is gone"):
        newest()
