"""Policies for values that are not finite, with a fault at a chosen step and layer and with the thesis's overflow."""

import csv
import json
from pathlib import Path

import mlflow
import pytest

from conftest import SMALL, Command

FAULT = '''
from stx.stats import gram

CALLS = {"all": 0}

def faulty(features, *, channels, at):
    """Gram, but not a number in the evaluations `at`, at the layer with so many channels, of a picture of that size."""
    matrix = gram(features)
    if features.shape != (channels, 8, 12) or not features.requires_grad:
        return matrix
    CALLS["all"] += 1
    return matrix * float("nan") if CALLS["all"] in at else matrix
'''
OVERFLOW = ("+experiment=thesis/e06_gram_cooc_vector", "image_size.width=64", "image_size.height=48", "optim.steps=12")


@pytest.fixture
def faulty(stx: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    (tmp_path / "fault.py").write_text(FAULT)
    (tmp_path / "conf" / "style_stat").mkdir(parents=True)
    (tmp_path / "conf" / "style_stat" / "faulty.yaml").write_text("_target_: fault.faulty\nchannels: 256\nat: [6]\n")
    monkeypatch.setenv("STX_TRUST", "fault")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def run(*arguments: str) -> object:
        """A state a step, so that each is read before the next: the fault counts evaluations, not steps."""
        return stx(
            "--config-dir", "conf", *SMALL[:3], "style_stat=faulty", "loss_weights.calibrate=none", "optim=adam",
            "optim.steps=20",
            "guard.checkpoint_every=1", "hydra.run.dir=out", *arguments,
        )  # fmt: skip

    return run


def told(folder: Path) -> tuple[list[int], list[float], dict[str, str], str]:
    """Steps and event counts of losses.csv, the run's tags and its status."""
    with (folder / "losses.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    delivery = json.loads((folder / "mlflow.json").read_text())
    run = mlflow.MlflowClient(f"sqlite:///{folder.parent}/outputs/mlflow.db").get_run(delivery["run_id"])
    return (
        [int(row["step"]) for row in rows],
        [float(row["nan/events"]) for row in rows],
        run.data.tags,
        run.info.status,
    )


@pytest.mark.parametrize(("policy", "status"), [("stop", 0), ("raise", 1)])
def test_stop_and_raise_end_at_the_first_fault(faulty: Command, tmp_path: Path, policy: str, status: int) -> None:
    done = faulty(f"guard.on_nan={policy}")
    assert done.returncode == status, done.stderr
    steps, events, tags, _ = told(tmp_path / "out")
    assert (steps[-1], events[-1]) == (6, 1)
    assert tags["stx.outcome"] == "diverged"
    assert tags["stx.first_event"] == "step 6: style statistic at conv3_1"
    assert (tmp_path / "out" / "nan_events.csv").read_text() == "step,what\n6,style statistic at conv3_1\n"
    assert (tmp_path / "out" / "output.png").exists()


def test_continue_goes_on_and_lists_every_fault(faulty: Command, tmp_path: Path) -> None:
    done = faulty("guard.on_nan=continue", "style_stat.at=[6,9]")
    assert done.returncode == 0, done.stderr
    steps, events, tags, _ = told(tmp_path / "out")
    assert steps == list(range(1, 21))
    assert events[-1] >= 2  # Adam's state is not a number from the first fault on
    assert tags["stx.outcome"] == "diverged"


def test_backoff_goes_back_with_shorter_steps_and_finishes(faulty: Command, tmp_path: Path) -> None:
    done = faulty("guard.on_nan=backoff", "style_stat.at=[6,11]")
    assert done.returncode == 0, done.stderr
    steps, events, tags, status = told(tmp_path / "out")
    assert steps == list(range(1, 21))
    assert (events[4], events[5], events[10], events[-1]) == (0, 1, 2, 2)
    assert (tags["stx.outcome"], status) == ("finished", "FINISHED")
    assert tags["stx.first_event"] == "step 6: style statistic at conv3_1"
    assert (tmp_path / "out" / "nan_events.csv").read_text().count("\n") == 3
    assert "having gone back 2 times" in done.stderr


def test_backoff_gives_up_after_so_many_times(faulty: Command, tmp_path: Path) -> None:
    done = faulty("guard.on_nan=backoff", "guard.backoffs=2", f"style_stat.at={list(range(6, 30))}".replace(" ", ""))
    assert done.returncode == 0, done.stderr
    steps, events, tags, _ = told(tmp_path / "out")
    assert (steps[-1], events[-1]) == (8, 3)
    assert tags["stx.outcome"] == "diverged"


def test_backoff_with_the_overflow_of_the_thesis(stx: Command, tmp_path: Path) -> None:
    done = stx(*OVERFLOW, "guard.on_nan=backoff", "hydra.run.dir=out")
    assert done.returncode == 0, done.stderr
    steps, events, tags, _ = told(tmp_path / "out")
    assert tags["stx.first_event"].startswith("step 3: style loss at conv2")
    assert events[2] == 1
    assert steps[-1] > 3
