"""What is found before anything is written, and what is not disturbed by it."""

import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from filelock import FileLock
from omegaconf import DictConfig, OmegaConf, open_dict
from PIL import Image

from conftest import SMALL, TINY, Started
from stx import run as command
from stx import timeline
from stx.config.compose import compose, composition
from stx.errors import UserError
from stx.runs import check as checks
from stx.runs import preflight
from stx.runs.job import Job
from stx.runs.make import run


class Usage(NamedTuple):
    free: int


def check(*overrides: str) -> None:
    checks.check(compose([*SMALL, "tracking=none", *overrides]), Path("out"))


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


def limited() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))


def test_a_full_disk_ends_a_run_with_its_picture_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A limit on the size of files stands in for a full disk: the journal and the states reach it."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "elsewhere"))
    words = (*SMALL[:3], "optim.steps=100000", "guard.checkpoint_every=5", "tracking=none", "hydra.run.dir=out")
    done = Started(tmp_path, "run", *words, before=limited).ended()
    assert done.returncode == 1, done.stderr
    assert "File too large" in done.stderr
    assert "the picture so far:" in done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "elsewhere" / "stx-out.png").exists()


SWEEPS = [
    ("hydra.sweep.subdir=same hydra.sweep.dir=new", "new/same is another job's too: let hydra.sweep.subdir"),
    ("hydra.sweep.dir=old", "old/1 holds a run; continue it with resume=old/1, or name another: hydra.sweep.dir="),
    ("hydra.sweep.dir=mine", "mine/0/output.png would be overwritten; name another folder: hydra.sweep.dir="),
    ("hydra.sweep.dir=hydras", "hydras/1/.hydra would be overwritten"),
    ("hydra.sweep.dir=linked", "linked/1 is another job's too: let hydra.sweep.subdir"),
    ("hydra.output_subdir=logs", "hydra.output_subdir=logs: stx writes what Hydra would, into .hydra/; leave it out"),
    ("hydra.sweep.dir=a/file", "a is a file; name a folder"),
    (
        "hydra.sweep.dir=ids hydra.sweep.subdir=${hydra.job.id}-${hydra.job.num}",
        "ids/1-1/output.png would be overwritten",
    ),
    ("resume=old/1", "resume= continues one run: leave out --multirun"),
]


def test_jobs_of_a_sweep_that_cannot_have_their_folders_are_found_before_the_first_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    for name in ("old/1/run.json", "mine/0/output.png", "ids/1-1/output.png"):
        (tmp_path / name).parent.mkdir(parents=True)
    (tmp_path / "old/1/run.json").write_text(
        '{"format": 2, "id": "1", "overrides": [], "choices": {"style_stat": "gram"}, '
        '"config": {}, "files": {}, "machine": {}}'
    )
    for name in ("mine/0/output.png", "ids/1-1/output.png"):
        (tmp_path / name).write_text("mine")
    (tmp_path / "a").write_text("a file")
    for name in ("hydras/1/.hydra", "linked/0"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "linked/1").symlink_to("0")
    before = sorted(tmp_path.rglob("*"))
    monkeypatch.chdir(tmp_path)
    for typed, answer in SWEEPS:
        sweep = ["--multirun", *TINY, "tracking=none", "pooling=max,avg", *typed.split()]
        monkeypatch.setattr(sys, "argv", ["stx", *sweep])
        with pytest.raises(SystemExit) as left:
            command.main()
        said = capfd.readouterr()
        assert (left.value.code, said.out) == (2, ""), typed
        assert answer in said.err, typed
        assert "none was started" in said.err
    assert sorted(tmp_path.rglob("*")) == before


def test_two_sweeps_do_not_work_in_one_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sweep").mkdir()
    monkeypatch.setattr(sys, "argv", ["stx", "--multirun", *TINY, "tracking=none", "seed=0,1", "hydra.sweep.dir=sweep"])
    lock = FileLock(str(tmp_path / "sweep" / ".lock"))
    with lock, pytest.raises(SystemExit) as left:
        command.main()
    assert left.value.code == 2
    assert "sweep: another process is at work in this folder" in capfd.readouterr().err
    assert not (tmp_path / "sweep" / "0").exists()


def test_space_is_looked_at_where_the_run_will_write(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    looked: list[Path] = []

    def usage(path: Path) -> Usage:
        looked.append(path)
        return Usage(10**12)

    monkeypatch.setattr(shutil, "disk_usage", usage)
    checks.check(compose([*SMALL, "tracking=none"]), tmp_path / "not" / "yet")
    assert looked == [tmp_path]


def test_a_folder_of_configs_has_to_be_there_and_other_places_are_hydra_s_to_find(tmp_path: Path) -> None:
    check(f"hydra.searchpath=[{tmp_path},pkg://stx]")
    with pytest.raises(UserError, match=r"hydra\.searchpath: there is no folder .*/nowhere$"):
        check(f"hydra.searchpath=[{tmp_path},{tmp_path}/nowhere]")


def typed(*overrides: str) -> DictConfig:
    """As Hydra hands it to a callback."""
    words = [*TINY, "tracking=none", *overrides]
    config = compose(words)
    with open_dict(config):
        config.hydra.overrides.task = [word for word in words if not word.startswith("hydra")]
    OmegaConf.set_readonly(config.hydra, False)
    return config


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            RuntimeError("CUDA out of memory. Tried to allocate 20.00 MiB"),
            "stx: device=cpu has no memory left for 20.00 ",
        ),
        (ZeroDivisionError("at http://bob:s3cret@host"), "Traceback"),
    ],
)
def test_a_full_device_is_a_line_before_a_run_too_and_a_fault_shows_no_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], error: Exception, said: str
) -> None:
    def raising(*_: object) -> None:
        raise error

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("stx.model.prepare.inputs_on", raising)
    with pytest.raises(SystemExit) as left:
        preflight.Preflight().on_run_start(typed("hydra.run.dir=out", "tracking=none", "device=cpu"))
    shown = capfd.readouterr().err
    assert (left.value.code, list(tmp_path.iterdir())) == (1, [])
    assert shown.startswith(said)
    assert ("Traceback" in shown) == (said == "Traceback")
    assert "s3cret" not in shown


def test_a_run_with_an_option_in_vain_does_not_start_and_one_that_goes_on_is_sent_to_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    start = preflight.Preflight().on_run_start
    with pytest.raises(SystemExit) as left:
        start(typed("hydra.run.dir=out", "guard.shrink=0.25"))
    assert (left.value.code, list(tmp_path.iterdir())) == (2, [])
    assert "guard.shrink=0.25 has no effect" in capfd.readouterr().err
    Image.new("RGB", (40, 7), "grey").save("photo.png")
    config, choices, words = composition([*TINY, "tracking=none", "content=photo.png"])
    run(Job(config, tmp_path / "out", choices, words, quiet=True))
    going_on = typed(f"resume={tmp_path}/out", "optim.steps=4")
    start(going_on)
    assert Path(going_on.hydra.run.dir).absolute() == tmp_path / "out"
    Image.new("RGB", (40, 7), "red").save("photo.png")
    with pytest.raises(SystemExit):
        start(typed("resume=out", "optim.steps=4"))
    assert "content=photo.png is not the file" in capfd.readouterr().err
    with pytest.raises(SystemExit):
        start(typed("hydra.run.dir=out"))
    assert "holds a run" in capfd.readouterr().err


def test_a_run_s_store_is_opened_before_it_starts(
    tmp_path: Path, new_database: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(new_database, "mlflow.db")
    Path("notes.txt").write_text("mine")
    asked = ("hydra.run.dir=out", "tracking=mlflow", "tracking.experiment=birds")
    start = preflight.Preflight().on_run_start
    timeline.begin()
    start(typed(*asked, f"tracking.uri=sqlite:///{tmp_path}/mlflow.db"))
    assert list(timeline.parts())[-1] == "the store's answer"
    timeline.begin()
    with closing(sqlite3.connect("mlflow.db")) as database:
        assert ("birds",) in database.execute("SELECT name FROM experiments").fetchall()
    with pytest.raises(SystemExit):
        start(typed(*asked, f"tracking.uri=sqlite:///{tmp_path}/notes.txt"))
    assert "is no SQLite database" in capfd.readouterr().err
