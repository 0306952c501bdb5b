"""What reaches the store, read back from it."""

import json
import shutil
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import mlflow
import pytest
import torch
from PIL import Image

from stx.config.schema import MlflowTracking, NoTracking
from stx.loop.listener import Row, Start
from stx.runs.files import STORED
from stx.runs.tracking.courier import Courier
from stx.runs.tracking.journal import Journal, entries
from stx.runs.tracking.note import About
from stx.runs.tracking.points import Points
from stx.runs.tracking.tracker import SLIDER, JournalTracker, in_order, mlflow_run, now, tracked

ABOUT = About(
    "china-swirls-gram", {"style_stat": "gram", "optim.steps": 5}, {"stx.command": "c"}, "gram · china × swirls", "cmd"
)


NONE = NoTracking(name="none", pictures_every=0, measures_every=0, grad_norms_every=0, plots=True)


def store(uri: str) -> MlflowTracking:
    return MlflowTracking(
        name="mlflow", uri=uri, experiment="stx", points=0, offline_ok=False,
        pictures_every=0, measures_every=0, grad_norms_every=0, plots=True,
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
    assert run.data.tags["mlflow.note.content"].startswith("**finished**\n\ngram · china × swirls")
    for i in range(12):
        history = client.get_metric_history(run.info.run_id, f"loss/{i}")
        assert [(point.step, point.value) for point in history] == [(s, float(s * i)) for s in range(1, 301)]
    files = {file.path for file in client.list_artifacts(run.info.run_id)}
    assert {"config.yaml", "images"} <= files
    assert any("picture" in file.path for file in client.list_artifacts(run.info.run_id, "images"))
    assert (tmp_path / "outputs" / "artifacts" / run.info.run_id / "artifacts" / "config.yaml").is_file()


def test_a_long_run_s_metrics_have_so_many_points_and_the_last_step(uri: str, folder: Path) -> None:
    tracking = store(uri).model_copy(update={"points": 2})
    with mlflow_run(tracking, ABOUT._replace(steps=5), folder) as tracker:
        for row in rows(5):
            tracker.rows([row])
        tracker.finish("finished", None)
        tracker.settle()
    client = mlflow.MlflowClient(uri)
    (run,) = client.search_runs([client.get_experiment_by_name("stx").experiment_id])
    assert [point.step for point in client.get_metric_history(run.info.run_id, "loss/3")] == [1, 3, 5]


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
            raise ZeroDivisionError("no rows left")

    with pytest.raises(ZeroDivisionError):
        fails()
    (run,) = mlflow.MlflowClient(uri).search_runs(["1"])
    assert (run.info.status, run.data.tags["stx.outcome"]) == ("FAILED", "failed")
    assert run.data.tags["stx.error"] == "no rows left"
    assert run.data.tags["mlflow.note.content"].startswith("**failed**: `no rows left`")
    assert run.data.metrics["loss/1"] == 3
    assert mlflow.active_run() is None


def test_what_fails_behind_a_run_s_last_word_leaves_it_as_it_is(uri: str, folder: Path) -> None:
    def fails() -> None:
        with mlflow_run(store(uri), ABOUT, folder) as tracker:
            tracker.finish("finished", None)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert [end["outcome"] for end in told(folder, "end")] == ["finished"]


def test_no_tracking_takes_everything_and_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with tracked(NONE, ABOUT, tmp_path) as tracker:
        tracker.rows(rows(3))
        tracker.picture(torch.ones(3, 8, 8), 1)
        tracker.artifact(tmp_path / "nothing")
        tracker.finish("finished", None)
        tracker.settle()
    assert not list(tmp_path.iterdir())


def journal_of(folder: Path, every: int = 0) -> tuple[JournalTracker, Courier]:
    """A tracker whose courier has not set out."""
    journal = Journal(folder)
    courier: Any = Courier(folder, lambda entry, doubtful: None)  # type: ignore[arg-type]
    return JournalTracker(ABOUT, folder, journal, courier, Points(0, 3), every), courier


def told(folder: Path, kind: str) -> list[Any]:
    return [entry[kind] for entry, _ in entries(folder / "journal.jsonl", 0) if kind in entry]


def test_what_a_run_that_goes_on_tells_again_is_left_out(folder: Path) -> None:
    for last in (2, 3):
        tracker, _ = journal_of(folder, every=7)
        tracker.rows([Row(step, 1.5, {"a": 1.0, "loss/total": float(step)}) for step in range(1, last + 1)])
        for step in range(last + 1):
            tracker.picture(torch.full((3, 2, 2), step / 4), step)
            tracker.picture(torch.ones(3, 2, 2), step)
            tracker.measured({"measure/a": 1.0, "measure/b": float("nan")}, step)
            tracker.measured({"measure/a": 2.0, "measure/c": 3.0}, step)
        assert tracker.every == 7
    assert told(folder, "rows") == [
        [[1, 1500, {"loss/total": 1.0, "a": 1.0}], [2, 1500, {"loss/total": 2.0, "a": 1.0}]],
        [[3, 1500, {"loss/total": 3.0, "a": 1.0}]],
    ]
    pictures = told(folder, "picture")
    assert [(one["key"], one["step"]) for one in pictures] == [(SLIDER, step) for step in range(4)]
    assert [Image.open(folder / one["file"]).getpixel((1, 1))[0] for one in pictures] == [0, 64, 128, 191]  # type: ignore[index]
    measured = [(step, values) for ((step, _, values),) in told(folder, "measured")]
    assert measured == [
        (step, {name: value}) for step in range(4) for name, value in (("measure/a", 1), ("measure/c", 3))
    ]
    assert all(abs(one["at"] / 1000 - time.time()) < 600 for one in pictures)


def test_whether_a_gpu_s_step_is_a_graph_is_told_where_there_is_one(folder: Path) -> None:
    tracker, _ = journal_of(folder)
    for is_cuda in (False, True):
        image: Any = SimpleNamespace(is_cuda=is_cuda)
        tracker.begun(Start(None, image, 3, True))  # type: ignore[arg-type]
    ((step, _, values),) = told(folder, "measured")[0]
    assert (step, values, len(told(folder, "measured"))) == (3, {"time/cuda_graph": 1.0}, 1)


@pytest.mark.parametrize(
    ("uri", "where"),
    [
        ("http://bob:pw@host:5000/base", "http://host:5000/base/#/experiments/4/runs/r?"),
        ("sqlite:///outputs/mlflow.db", "http://127.0.0.1:5000/#/experiments/4/runs/r?"),
    ],
)
def test_where_a_run_can_be_seen_is_known_once_its_store_has_it(folder: Path, uri: str, where: str) -> None:
    tracker, _ = journal_of(folder)
    assert tracker.where == ""
    (folder / STORED).write_text(json.dumps({"run_id": "r", "experiment_id": 4, "uri": uri}))
    assert tracker.where.startswith(where)
    assert ("pw" in tracker.where, tracker.where.endswith(f"--backend-store-uri {uri}")) == (False, uri[0] == "s")


def test_metrics_are_told_kind_by_kind_and_the_time_is_in_milliseconds() -> None:
    names = ["b", "style_magnitude/conv1_1", "content_magnitude/conv2_1", "style_magnitude/conv2_1", "loss/style",
             "style_loss/conv2_1", "loss/prior", "style_loss/conv1_1", "a", "loss/content", "loss/total"]  # fmt: skip
    assert in_order(names) == [
        "loss/total", "loss/content", "loss/style", "loss/prior", "style_loss/conv2_1", "style_loss/conv1_1",
        "style_magnitude/conv1_1", "style_magnitude/conv2_1", "content_magnitude/conv2_1", "b", "a",
    ]  # fmt: skip
    assert abs(now() / 1000 - time.time()) < 600


def test_charts_of_a_run_that_has_ended_are_artifacts_and_on_its_page(uri: str, folder: Path) -> None:
    with mlflow_run(store(uri), ABOUT, folder) as tracker:
        tracker.finish("finished", None, "5 steps")
        (folder / "plots").mkdir()
        (folder / "plots" / "losses.png").write_bytes(b"a chart")
        tracker.plotted([folder / "plots" / "losses.png"])
        tracker.settle()
    client = mlflow.MlflowClient(uri)
    (run,) = client.search_runs(["1"])
    assert [file.path for file in client.list_artifacts(run.info.run_id, "plots")] == ["plots/losses.png"]
    shown = f"(get-artifact?path=plots/losses.png&run_uuid={run.info.run_id})"
    assert shown in run.data.tags["mlflow.note.content"]
    assert run.data.tags["mlflow.note.content"].startswith("**finished**: 5 steps\n")
    assert run.info.status == "FINISHED"


def test_a_run_opens_once_with_its_own_key_and_is_opened_again_after_that(uri: str, folder: Path) -> None:
    for about in (ABOUT._replace(id="key"), ABOUT):
        with mlflow_run(store(uri), about, folder) as tracker:
            tracker.finish("finished", None)
            tracker.settle()
    (opened,), (reopened,) = told(folder, "open"), told(folder, "reopen")
    assert (opened["key"], opened["experiment"], opened["uri"]) == ("key", "stx", uri)
    assert reopened["tags"]["stx.outcome"] == "running"
    (folder / "other").mkdir()
    with mlflow_run(store(uri), ABOUT, folder / "other"):
        assert len(told(folder / "other", "open")[0]["key"]) == 32
