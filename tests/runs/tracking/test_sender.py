"""A journal's way into a real store: one that is new, lost, moved, or that somebody has deleted from."""

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow
import pytest
from filelock import FileLock
from PIL import Image

from conftest import SERVER
from stx.config.schema import MlflowTracking
from stx.loop.listener import Row
from stx.runs.files import DELIVERED, JOURNAL, LOCK, STORED, UNDELIVERED
from stx.runs.tracking import courier, sender
from stx.runs.tracking.courier import delivered, pending
from stx.runs.tracking.sender import addresses, deliver
from stx.runs.tracking.tracker import About, mlflow_run


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(courier, "FIRST_WAIT", 0.05)
    monkeypatch.setattr(sender, "PATIENCE", sender.PATIENCE / 10)


@pytest.fixture
def uri(tmp_path: Path, new_database: Path) -> str:
    return database(tmp_path / "outputs", new_database)


def database(folder: Path, new_database: Path) -> str:
    folder.mkdir()
    shutil.copy(new_database, folder / "mlflow.db")
    return f"sqlite:///{folder}/mlflow.db"


def told(folder: Path, uri: str, steps: range = range(1, 6), between: Callable[[], None] = lambda: None) -> str:
    """A small run of the tracker's, and what happens `between` its first steps and the rest; its id in the store."""
    folder.mkdir(exist_ok=True)
    (folder / "config.yaml").write_text("seed: 0\n")
    tracking = MlflowTracking(
        name="mlflow", uri=uri, experiment="stx", points=0, offline_ok=False, pictures_every=0, measures_every=0,
        grad_norms_every=0, plots=True,
    )  # fmt: skip
    about = About("run", {"seed": 0}, {"stx.folder": str(folder)}, "gram", "c", id=f"key-{folder.name}")
    with mlflow_run(tracking, about, folder) as tracker:
        rows = [Row(step, float(step), {"loss/total": 1.0 / step}) for step in steps]
        tracker.rows(rows[:2])
        between()
        tracker.rows(rows[2:])
        tracker.artifact(folder / "config.yaml")
        tracker.finish("finished", None)
        tracker.settle()
    return addresses(folder)[0]["run_id"] if addresses(folder) else ""


def seen(uri: str, run_id: str) -> tuple[str, list[int], list[str]]:
    client = mlflow.MlflowClient(uri)
    steps = [point.step for point in client.get_metric_history(run_id, "loss/total")]
    return client.get_run(run_id).info.status, sorted(steps), [file.path for file in client.list_artifacts(run_id)]


WHOLE = ("FINISHED", [1, 2, 3, 4, 5], ["config.yaml"])


def runs_in(uri: str) -> list[Any]:
    client = mlflow.MlflowClient(uri)
    return list(client.search_runs([client.get_experiment_by_name("stx").experiment_id]))


def test_journals_that_cannot_be_read_say_why(tmp_path: Path) -> None:
    (tmp_path / JOURNAL).write_text(json.dumps({"open": {"format": 99, "uri": "sqlite:///none.db"}}) + "\n")
    assert "journal.jsonl: written by a later version of stx (format 99)" in deliver(tmp_path)
    (tmp_path / JOURNAL).write_text(json.dumps({"rows": []}) + "\n")
    assert "journal.jsonl: it does not say which run it is" in deliver(tmp_path)


def test_a_store_that_does_not_know_the_run_is_told_all_of_it(tmp_path: Path, uri: str, new_database: Path) -> None:
    first = told(tmp_path / "run", uri)
    other = database(tmp_path / "other", new_database)
    assert deliver(tmp_path / "run", other) == ""
    second = addresses(tmp_path / "run")[0]["run_id"]
    assert second != first
    assert seen(uri, first) == seen(other, second) == WHOLE
    assert mlflow.MlflowClient(other).get_run(second).data.tags["stx.outcome"] == "finished"
    assert deliver(tmp_path / "run", uri) == ""  # back again: it is known there
    assert [address["run_id"] for address in addresses(tmp_path / "run")] == [first, second]
    assert (seen(uri, first), len(runs_in(uri))) == (WHOLE, 1)


def test_a_store_that_was_emptied_is_told_all_of_it_by_the_next_process(
    tmp_path: Path, uri: str, new_database: Path
) -> None:
    told(tmp_path / "run", uri)
    shutil.copy(new_database, tmp_path / "outputs" / "mlflow.db")
    run_id = told(tmp_path / "run", uri, range(4, 8))
    assert seen(uri, run_id) == ("FINISHED", [1, 2, 3, 4, 5, 6, 7], ["config.yaml"])


def test_a_store_that_is_emptied_in_mid_run_is_told_all_of_it(tmp_path: Path, uri: str) -> None:
    folder = tmp_path / "run"

    def emptied() -> None:
        while delivered(folder) < (folder / JOURNAL).stat().st_size:
            time.sleep(0.01)
        with sqlite(uri) as connection:
            for table in ("metrics", "latest_metrics", "params", "tags", "runs"):
                connection.execute(f"DELETE FROM {table}")  # names of this file

    run_id = told(folder, uri, between=emptied)
    assert (seen(uri, run_id), len(runs_in(uri)), len(addresses(folder))) == (WHOLE, 1, 2)


def test_a_run_that_is_deleted_in_mid_run_ends_well_and_says_how_to_have_it(
    tmp_path: Path, uri: str, caplog: pytest.LogCaptureFixture
) -> None:
    folder, client = tmp_path / "run", mlflow.MlflowClient(uri)

    def deleted() -> None:
        while not addresses(folder):
            time.sleep(0.01)
        client.delete_run(addresses(folder)[0]["run_id"])

    run_id = told(folder, uri, between=deleted)
    assert "must be in the 'active' state" in caplog.text
    assert f"deliver the rest: stx sync {folder}" in caplog.text
    client.restore_run(run_id)
    assert deliver(folder) == ""
    assert seen(uri, run_id) == WHOLE


def sqlite(uri: str) -> Any:
    import sqlite3

    return sqlite3.connect(uri.removeprefix("sqlite:///"))


def test_a_deleted_run_is_left_alone_and_sent_again_as_a_new_one_when_that_is_asked(tmp_path: Path, uri: str) -> None:
    folder, client = tmp_path / "run", mlflow.MlflowClient(uri)
    first = told(folder, uri)
    client.delete_run(first)
    (folder / DELIVERED).unlink()
    trouble = deliver(folder)
    assert f"its run {first} was deleted in the store: mlflow runs restore" in trouble
    assert "stx sync --again" in trouble
    assert pending(folder) == [folder]
    assert runs_in(uri) == []
    assert deliver(folder, again=True) == ""
    assert seen(uri, addresses(folder)[0]["run_id"]) == WHOLE
    assert pending(folder) == []


def test_more_than_a_store_takes_at_once_gets_there_in_parts_with_what_is_said_of_it_later(
    tmp_path: Path, uri: str
) -> None:
    run_id = told(tmp_path / "run", uri, range(1, 1004))
    assert deliver(tmp_path / "run", tags={"stx.batch": "trial of {run_id}"}) == ""
    assert seen(uri, run_id)[1] == list(range(1, 1004))
    assert mlflow.MlflowClient(uri).get_run(run_id).data.tags["stx.batch"] == f"trial of {run_id}"
    assert not (tmp_path / "run" / UNDELIVERED).exists()


def test_again_stores_nothing_twice(tmp_path: Path, uri: str) -> None:
    run_id = told(tmp_path / "run", uri)
    assert deliver(tmp_path / "run", again=True) == ""
    assert (seen(uri, run_id), len(runs_in(uri))) == (WHOLE, 1)


def test_a_run_that_the_store_made_too_late_is_taken_away_again(tmp_path: Path, uri: str) -> None:
    run_id = told(tmp_path / "run", uri)
    client = mlflow.MlflowClient(uri)
    key = client.get_run(run_id).data.tags["stx.key"]
    late = client.create_run(client.get_run(run_id).info.experiment_id, tags={"stx.key": key}).info.run_id
    assert deliver(tmp_path / "run", uri, again=True) == ""
    assert [run.info.run_id for run in runs_in(uri)] == [run_id]
    assert client.get_run(late).info.lifecycle_stage == "deleted"
    assert seen(uri, run_id)[1] == list(range(1, 6))


def test_what_no_store_can_take_is_set_aside_and_named_and_the_rest_goes_on(
    tmp_path: Path, uri: str, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "run"
    run_id = told(folder, uri)
    for name, content in (("empty.png", b""), ("half.png", half_a_picture(tmp_path))):
        (folder / name).write_bytes(content)
    entries = [
        {"picture": {"key": "picture", "step": 1, "file": "empty.png", "at": 1}},
        {"picture": {"key": "picture", "step": 2, "file": "half.png", "at": 1}},
        {"artifact": "gone.txt"},
        {"rows": [[6, 6, {"a": "no number"}]]},
        {"rows": [[7, 7, {"loss/total": 0.1, "a & b": 1.0}]]},
    ]
    with (folder / JOURNAL).open("a") as journal:
        journal.writelines(json.dumps(entry) + "\n" for entry in entries)
    assert deliver(folder) == ""
    assert seen(uri, run_id) == ("FINISHED", [1, 2, 3, 4, 5, 7], ["config.yaml"])
    aside = [json.loads(line)["what"] for line in (folder / UNDELIVERED).read_text().splitlines()]
    assert aside == ["picture empty.png", "picture half.png", "artifact gone.txt", "rows of step 6"]
    assert "gone.txt is gone" in caplog.text
    assert deliver(folder, again=True) == ""
    assert len((folder / UNDELIVERED).read_text().splitlines()) == 4
    assert pending(folder) == []


def half_a_picture(folder: Path) -> bytes:
    Image.effect_noise((64, 64), 90).save(folder / "noise.png")
    whole = (folder / "noise.png").read_bytes()
    return whole[: len(whole) // 2]


def test_a_torn_last_line_is_dropped_at_once(tmp_path: Path, uri: str) -> None:
    run_id = told(tmp_path / "run", uri)
    whole = (tmp_path / "run" / JOURNAL).read_bytes()
    (tmp_path / "run" / JOURNAL).write_bytes(whole + b'{"rows": [[6')
    assert pending(tmp_path) == [tmp_path / "run"]
    assert deliver(tmp_path / "run") == ""
    assert (tmp_path / "run" / JOURNAL).read_bytes() == whole
    assert seen(uri, run_id) == WHOLE


def test_a_run_that_is_at_work_is_left_to_itself(tmp_path: Path, uri: str) -> None:
    told(tmp_path / "run", uri)
    with FileLock(str(tmp_path / "run" / LOCK)):
        assert "another process is at work" in deliver(tmp_path / "run")


def test_an_answer_that_is_lost_behind_the_new_run_makes_no_second_one(
    tmp_path: Path, uri: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, lost = mlflow.MlflowClient.create_run, []

    def create_run(self: Any, *arguments: Any) -> Any:
        run = real(self, *arguments)
        if not lost:
            lost.append(run)
            raise mlflow.exceptions.MlflowException("500: internal error")
        return run

    monkeypatch.setattr(mlflow.MlflowClient, "create_run", create_run)
    run_id = told(tmp_path / "run", uri)
    assert [run.info.run_id for run in runs_in(uri)] == [run_id] == [lost[0].info.run_id]


def test_where_runs_of_before_went_is_still_read(tmp_path: Path, uri: str) -> None:
    folder = tmp_path / "run"
    run_id = told(folder, uri)
    address = json.loads((folder / STORED).read_text())
    del address["earlier"]
    (folder / STORED).write_text(json.dumps(address))
    (folder / DELIVERED).write_text(json.dumps({"bytes": (folder / JOURNAL).stat().st_size}))
    assert pending(folder) == []
    told(folder, uri, range(6, 8))
    assert seen(uri, run_id) == ("FINISHED", [1, 2, 3, 4, 5, 6, 7], ["config.yaml"])


def test_a_database_that_moved_with_its_artifacts_says_where_those_are_now(tmp_path: Path, uri: str) -> None:
    run_id = told(tmp_path / "run", uri)
    (tmp_path / "outputs").rename(tmp_path / "moved")
    later = uri.replace("/outputs/", "/moved/")
    process = SERVER.Process(target=told, args=(tmp_path / "run", later, range(6, 7)))  # MLflow keeps addresses
    process.start()
    process.join(120)
    assert seen(later, run_id) == ("FINISHED", [1, 2, 3, 4, 5, 6], ["config.yaml"])
    assert (tmp_path / "moved" / "artifacts" / run_id / "artifacts" / "config.yaml").exists()
    assert not (tmp_path / "outputs").exists()


def test_names_that_are_not_utf_8_and_names_that_mlflow_refuses_are_spelt_out(tmp_path: Path, uri: str) -> None:
    folder = tmp_path / "run"
    run_id = told(folder, uri)
    tags = {"stx.folder": "/caf\udce9", "a & b": "c"}
    run = {"name": "caf\udce9", "params": {"content": "caf\udce9.png", "@": "d"}, "tags": tags, "at": 1}
    opening = {"open": {"format": 1, **run, "key": "another", "uri": uri, "experiment": "stx"}}
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / JOURNAL).write_text(f"{json.dumps(opening)}\n")
    assert deliver(tmp_path / "other") == ""
    (other,) = [run for run in runs_in(uri) if run.info.run_id != run_id]
    assert other.info.run_name == "caf\\udce9"
    assert other.data.params == {"content": "caf\\udce9.png", "_40": "d"}
    assert (other.data.tags["stx.folder"], other.data.tags["a _26 b"]) == ("/caf\\udce9", "c")
    assert not (tmp_path / "other" / UNDELIVERED).exists()


def test_an_experiment_that_is_deleted_in_mid_run_ends_no_run_and_loses_nothing(tmp_path: Path, uri: str) -> None:
    folder, client = tmp_path / "run", mlflow.MlflowClient(uri)

    def deleted() -> None:
        while not addresses(folder):
            time.sleep(0.01)
        client.delete_experiment(addresses(folder)[0]["experiment_id"])

    run_id = told(folder, uri, between=deleted)
    number = addresses(folder)[0]["experiment_id"]
    assert f"mlflow experiments restore --experiment-id {number}" in deliver(folder)
    client.restore_experiment(number)
    assert deliver(folder) == ""
    assert seen(uri, run_id) == WHOLE
    assert not (folder / UNDELIVERED).exists()
