"""What reaches the store, read back from it."""

import shutil
import time
from pathlib import Path

import mlflow
import pytest
import torch

from stx.config.schema import MlflowTracking, NoTracking
from stx.loop.listener import Row
from stx.runs.tracking.tracker import About, mlflow_run, tracked

ABOUT = About(
    "china-swirls-gram", {"style_stat": "gram", "optim.steps": 5}, {"stx.command": "c"}, "gram · china × swirls", "cmd"
)


NONE = NoTracking(name="none", pictures_every=0, measures_every=0, grad_norms_every=0)


def store(uri: str) -> MlflowTracking:
    return MlflowTracking(
        name="mlflow", uri=uri, experiment="stx", points=0, offline_ok=False,
        pictures_every=0, measures_every=0, grad_norms_every=0,
    )  # fmt: skip


@pytest.fixture
def uri(tmp_path: Path, new_database: Path) -> str:
    (tmp_path / "outputs").mkdir()
    shutil.copy(new_database, tmp_path / "outputs" / "mlflow.db")
    return f"sqlite:///{tmp_path / 'outputs' / 'mlflow.db'}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "run").mkdir()
    return tmp_path / "run"


def rows(count: int) -> list[Row]:
    return [Row(step, time.time(), {f"loss/{i}": float(step * i) for i in range(12)}) for step in range(1, count + 1)]


def test_rows_pictures_files_and_the_outcome_are_in_the_store(uri: str, folder: Path, tmp_path: Path) -> None:
    (folder / "config.yaml").write_text("seed: 0\n")
    with mlflow_run(store(uri), ABOUT, folder) as tracker:
        tracker.rows(rows(300))
        tracker.picture(torch.ones(3, 8, 8), 10)
        tracker.artifact(folder / "config.yaml")
        tracker.finish("finished", None)
        tracker.settle()
    client = mlflow.MlflowClient(uri)
    (run,) = client.search_runs([client.get_experiment_by_name("stx").experiment_id])
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "china-swirls-gram"
    assert run.data.params == {"style_stat": "gram", "optim.steps": "5"}
    assert run.data.tags["stx.outcome"] == "finished"
    assert run.data.tags["mlflow.note.content"].startswith("**finished** · gram · china × swirls")
    for i in range(12):
        history = client.get_metric_history(run.info.run_id, f"loss/{i}")
        assert [(point.step, point.value) for point in history] == [(s, float(s * i)) for s in range(1, 301)]
    files = {file.path for file in client.list_artifacts(run.info.run_id)}
    assert {"config.yaml", "images"} <= files
    assert any("picture" in file.path for file in client.list_artifacts(run.info.run_id, "images"))
    assert (tmp_path / "outputs" / "artifacts" / run.info.run_id / "artifacts" / "config.yaml").is_file()


def test_values_that_are_not_finite_are_gaps(uri: str, folder: Path) -> None:
    with mlflow_run(store(uri), ABOUT, folder) as tracker:
        tracker.rows(
            [Row(s, time.time(), {"loss/total": v}) for s, v in ((1, 2.0), (2, float("inf")), (3, float("nan")))]
        )
        tracker.finish("diverged", "step 2: loss total")
        tracker.settle()
    client = mlflow.MlflowClient(uri)
    (run,) = client.search_runs(["1"])
    assert [point.step for point in client.get_metric_history(run.info.run_id, "loss/total")] == [1]


@pytest.mark.parametrize(
    ("outcome", "status"), [("diverged", "FINISHED"), ("interrupted", "KILLED"), ("failed", "FAILED")]
)
def test_how_a_run_ended_is_told(uri: str, folder: Path, outcome: str, status: str) -> None:
    with mlflow_run(store(uri), ABOUT, folder) as tracker:
        tracker.finish(outcome, "step 3: style loss at conv1_1" if outcome == "diverged" else None)
        tracker.settle()
    (run,) = mlflow.MlflowClient(uri).search_runs(["1"])
    assert (run.info.status, run.data.tags["stx.outcome"]) == (status, outcome)
    if outcome == "diverged":
        assert run.data.tags["stx.first_event"] == "step 3: style loss at conv1_1"


def test_an_exception_marks_the_run_failed_and_passes(uri: str, folder: Path) -> None:
    def fails() -> None:
        with mlflow_run(store(uri), ABOUT, folder) as tracker:
            tracker.rows(rows(3))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    (run,) = mlflow.MlflowClient(uri).search_runs(["1"])
    assert (run.info.status, run.data.tags["stx.outcome"]) == ("FAILED", "failed")
    assert run.data.metrics["loss/1"] == 3
    assert mlflow.active_run() is None


def test_no_tracking_takes_everything_and_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with tracked(NONE, ABOUT, tmp_path) as tracker:
        tracker.rows(rows(3))
        tracker.picture(torch.ones(3, 8, 8), 1)
        tracker.artifact(tmp_path / "nothing")
        tracker.finish("finished", None)
        tracker.settle()
    assert not list(tmp_path.iterdir())
