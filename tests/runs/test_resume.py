"""A run that was stopped, killed or cut off goes on as if nothing had happened: same pixels, same run, none twice."""

import csv
import json
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import mlflow
import numpy as np
import pytest
import yaml
from PIL import Image

from conftest import SHALLOW, SMALL, TINY, Command, Started
from stx import run as command
from stx.config.compose import composition
from stx.errors import UserError
from stx.runs import resume
from stx.runs.job import Job
from stx.runs.make import run

STEPS = 60
LONG = (*SMALL[:3], *SHALLOW, f"optim.steps={STEPS}", "guard.checkpoint_every=5", "tracking.pictures_every=20")


def folders(tmp_path: Path) -> list[Path]:
    return sorted(tmp_path.glob("outputs/runs/*/*"))


def pixels(folder: Path) -> np.ndarray:
    return np.asarray(Image.open(folder / "output.png"))


def stopped(tmp_path: Path, number: int, *arguments: str) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """A run that gets a signal as soon as it has a state to go on from."""
    before = set(folders(tmp_path))
    process = Started(tmp_path, "run", *LONG, *arguments)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        states = [
            folder for folder in folders(tmp_path) if folder not in before and (folder / "checkpoint.pt").exists()
        ]
        if states:
            break
        time.sleep(0.02)
    process.send_signal(number)
    return states[0], process.ended(60)


def stored_steps(tmp_path: Path, run_id: str, metric: str = "loss/total") -> list[int]:
    client = mlflow.MlflowClient(f"sqlite:///{tmp_path}/outputs/mlflow.db")
    return [point.step for point in client.get_metric_history(run_id, metric)]


@pytest.mark.parametrize(
    "optimiser", ["lbfgs", *(pytest.param(name, marks=pytest.mark.slow) for name in ("adam", "lbfgs_plain"))]
)
def test_a_killed_run_goes_on_to_the_same_pixels_in_the_same_run(stx: Command, tmp_path: Path, optimiser: str) -> None:
    settings = (f"optim={optimiser}", f"optim.steps={STEPS}", "init=noise")
    folder, killed = stopped(tmp_path, signal.SIGKILL, *settings)
    assert killed.returncode == -signal.SIGKILL
    done = stx("resume=last")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(folder.relative_to(tmp_path) / "output.png")
    whole = stx(*LONG, *settings, "tracking=none")
    assert whole.returncode == 0, whole.stderr
    np.testing.assert_array_equal(pixels(folder), pixels(tmp_path / Path(whole.stdout.strip()).parent))

    with (folder / "losses.csv").open(newline="") as file:
        resumed = [(row["step"], row["loss/total"]) for row in csv.DictReader(file)]
    with (tmp_path / Path(whole.stdout.strip()).parent / "losses.csv").open(newline="") as file:
        assert resumed == [(row["step"], row["loss/total"]) for row in csv.DictReader(file)]

    run_id = json.loads((folder / "mlflow.json").read_text())["run_id"]
    assert stored_steps(tmp_path, run_id) == list(range(1, STEPS + 1))
    losses = tmp_path / "outputs" / "artifacts" / run_id / "artifacts" / "losses.csv"
    assert losses.read_bytes() == (folder / "losses.csv").read_bytes()
    run = mlflow.MlflowClient(f"sqlite:///{tmp_path}/outputs/mlflow.db").get_run(run_id)
    assert (run.info.status, run.data.tags["stx.outcome"]) == ("FINISHED", "finished")
    images = mlflow.MlflowClient(f"sqlite:///{tmp_path}/outputs/mlflow.db").list_artifacts(run_id, "images")
    shown = [re.search(r"step[+%](\d+)[+%]", file.path)[1] for file in images if file.path.endswith(".png")]  # type: ignore[index]
    assert sorted(map(int, shown)) == [0, 20, 40, 60]
    assert len(folders(tmp_path)) == 2


def test_an_interrupted_run_says_how_to_go_on_and_does(stx: Command, tmp_path: Path) -> None:
    folder, ended = stopped(tmp_path, signal.SIGINT)
    assert ended.returncode == 130
    command = re.search(r"go on: stx run (resume=\S+)", ended.stderr)
    assert command, ended.stderr
    run_id = json.loads((folder / "mlflow.json").read_text())["run_id"]
    client = mlflow.MlflowClient(f"sqlite:///{tmp_path}/outputs/mlflow.db")
    assert client.get_run(run_id).data.tags["stx.outcome"] == "interrupted"
    done = stx(command[1])
    assert done.returncode == 0, done.stderr
    assert stored_steps(tmp_path, run_id) == list(range(1, STEPS + 1))
    assert client.get_run(run_id).info.status == "FINISHED"

    more = stx(f"resume={run_id}", f"optim.steps={STEPS + 20}")
    assert more.returncode == 0, more.stderr
    assert stored_steps(tmp_path, run_id) == list(range(1, STEPS + 21))
    assert len(stored_steps(tmp_path, run_id, "measure/pixels")) == 2


REFUSED = [
    ("resume=nowhere", "resume=nowhere: neither a run's folder nor the id of a run"),
    ("resume=last", "resume=mine: that run has finished its 3 steps"),
    ("resume=empty", "holds no run that has begun"),
    ("resume=mine optim.history=5", "optim.history is 20 in the run and 5 asked"),
    ("resume=mine optim=adam", "optim is lbfgs in the run and adam asked"),
    ("resume=mine optim.steps=2", "optim.steps is 3 in the run and 2 asked"),
    ("resume=mine style_stat=cooc_vector", "style_stat is moments_cooc in the run and cooc_vector asked"),
    ("resume=mine optim.stepps=9", "did you mean steps?"),
    ("resume=mine content=null optim.steps=9", "content is china in the run and null asked"),
    (
        "resume=mine masks.content=swirls masks.style=swirls optim.steps=9",
        "masks.content is null in the run and swirls",
    ),
    ("resume=mine", "that run has finished its 3 steps"),
    ("--multirun resume=mine", "leave out --multirun"),
    ("resume=broken optim.steps=9", "not a checkpoint of stx"),
    (" ".join([*TINY, "hydra.run.dir=mine"]), "holds a run; continue it with resume="),
]


def test_what_cannot_be_resumed_is_a_message(
    stx: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    done = stx(*TINY, "tracking=none", "hydra.run.dir=mine")
    assert done.returncode == 0, done.stderr
    (tmp_path / "empty").mkdir()
    shutil.copytree(tmp_path / "mine", tmp_path / "broken")
    (tmp_path / "broken" / "checkpoint.pt").write_bytes(b"PK\x03\x04 no")
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    monkeypatch.chdir(tmp_path)
    for typed, answer in REFUSED:
        monkeypatch.setattr(sys, "argv", ["stx", *typed.split(" ")])
        with pytest.raises(SystemExit) as left:
            command.main()
        said = capfd.readouterr()
        assert (left.value.code, said.out) == (2, ""), (typed, said.err)
        assert answer in said.err, typed
        assert "Error executing job" not in said.err, typed  # Hydra's own line
        assert len(said.err.splitlines()) <= 3
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def made(folder: Path, *typed: str) -> None:
    """As `stx run` does, in this process."""
    config, choices, overrides = composition(typed)
    run(Job(config, folder, choices, overrides, quiet=True))


def gone_on(folder: Path, *typed: str) -> None:
    run(resume.job(str(folder), typed, {"name": "mlflow"})._replace(quiet=True))


def test_a_run_that_has_converged_ends_and_says_so_and_goes_on_when_told_to(
    tmp_path: Path, new_database: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "outputs").mkdir()
    shutil.copy(new_database, tmp_path / "outputs" / "mlflow.db")
    out, store = tmp_path / "out", f"tracking.uri=sqlite:///{tmp_path}/outputs/mlflow.db"
    with caplog.at_level("INFO", "stx"):
        made(out, *SMALL[:3], *SHALLOW, "optim.steps=120", "optim.stop_at=0.9", store)
    assert "finished after 100 steps\nconverged: the loss falls no more (optim.stop_at)\n" in caplog.text
    with pytest.raises(UserError, match=r"ended at step 100 of 120, as its loss fell no more; .*: optim\.stop_at=null"):
        gone_on(out)
    gone_on(out, "optim.stop_at=null")
    run_id = json.loads((out / "mlflow.json").read_text())["run_id"]
    assert stored_steps(tmp_path, run_id) == list(range(1, 121))
    with pytest.raises(UserError, match="has finished its 120 steps"):  # what was asked the last time holds
        gone_on(out)


def test_what_an_earlier_resume_changed_is_what_the_next_one_is_compared_with(tmp_path: Path) -> None:
    def config() -> dict[str, object]:
        return yaml.safe_load((tmp_path / "config.yaml").read_text())["optim"]

    made(tmp_path, *SMALL[:3], *SHALLOW, "tracking=none", "optim.steps=3")
    gone_on(tmp_path, "optim.steps=6", "optim.stop_at=null")
    assert (config()["steps"], config()["stop_at"]) == (6, None)
    with pytest.raises(UserError, match=r"optim\.steps is 6 in the run and 5 asked"):
        gone_on(tmp_path, "optim.steps=5")
    gone_on(tmp_path, "optim.steps=8", "optim.stop_at=1e-3")
    assert (config()["steps"], config()["stop_at"]) == (8, 1e-3)


def test_the_newest_run_of_a_batch_is_continued_by_its_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "outputs" / "compare-quick" / "runs" / "a").mkdir(parents=True)
    (tmp_path / "outputs" / "compare-quick" / "batch.json").touch()
    (tmp_path / "outputs" / "latest").symlink_to("compare-quick/runs/a", target_is_directory=True)
    with pytest.raises(UserError) as refused:
        resume.job("last", [], {})
    assert "one of those in outputs/compare-quick; the command that began these continues them" in str(refused.value)
    assert str(refused.value).endswith("For this run alone: resume=outputs/compare-quick/runs/a")


@pytest.mark.parametrize(("record", "place"), [("sweep.json", "3"), ("sweep.json", "a/3"), ("batch.json", "runs/a")])
def test_one_of_many_runs_gets_no_more_steps_than_the_others(tmp_path: Path, record: str, place: str) -> None:
    folder = tmp_path / place
    folder.mkdir(parents=True)
    resume.refuse_unequal("mine", folder)
    (tmp_path / record).touch()
    with pytest.raises(UserError, match=f"resume=mine: optim.steps: that run is one of those in {tmp_path}, which are"):
        resume.refuse_unequal("mine", folder)
