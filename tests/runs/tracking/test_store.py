"""What is read back from the store is what was written."""

import errno
import logging
import os
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import mlflow
import pytest
from servers import Answer, Asked, serving

from conftest import SERVER
from stx.config.schema import MlflowTracking
from stx.errors import UserError
from stx.loop.listener import Row
from stx.runs.tracking.reach import reachable
from stx.runs.tracking.store import Store, folder_of, ids, moved, open_store, opened
from stx.runs.tracking.stored import Run
from stx.runs.tracking.tracker import About, mlflow_run


@pytest.fixture
def uri(tmp_path: Path, new_database: Path) -> str:
    (tmp_path / "outputs").mkdir()
    shutil.copy(new_database, tmp_path / "outputs" / "mlflow.db")
    return f"sqlite:///{tmp_path / 'outputs' / 'mlflow.db'}"


@pytest.fixture
def store(uri: str) -> Store:
    return Store(uri, "stx")


def test_a_parent_is_taken_up_again_in_its_folder_only(store: Store, tmp_path: Path) -> None:
    first = store.parent("thesis", tmp_path / 'it\'s "here"')
    store.end(first, "finished", "FINISHED")
    ended = store.read(first.id)
    assert (ended.status, ended.tags["stx.outcome"]) == ("FINISHED", "finished")
    again = store.parent("thesis", tmp_path / 'it\'s "here"')
    assert again.id == first.id
    assert store.read(first.id).status == "RUNNING"
    assert store.parent("thesis", tmp_path / "there").id != first.id


def test_notes_and_attached_folders_come_back(store: Store, tmp_path: Path) -> None:
    run = store.parent("thesis", tmp_path)
    (tmp_path / "report" / "pictures").mkdir(parents=True)
    (tmp_path / "report" / "report.md").write_text("# Hello\n")
    store.note(run, {"verdict/reproduced": 3.0}, {"mlflow.note.content": "**three**"})
    store.attach(run, tmp_path / "report")
    read = store.read(run.id)
    assert read.history("verdict/reproduced") == [(0, 3.0)]
    (point,) = store.client.get_metric_history(run.id, "verdict/reproduced")
    assert abs(point.timestamp / 1000 - time.time()) < 600
    assert read.tags["mlflow.note.content"] == "**three**"
    assert read.artifact("report/report.md").read_text() == "# Hello\n"


def test_all_pages_of_a_search_are_read(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parents = {store.parent("thesis", tmp_path / str(number)).id for number in range(5)}
    real = store.client.search_runs
    monkeypatch.setattr(
        store.client, "search_runs", lambda *arguments, **keywords: real(*arguments, **keywords, max_results=2)
    )
    listed: list[Run] = store.runs("stx.batch", "thesis")
    assert {run.id for run in listed} == parents


def test_a_store_that_cannot_be_used_is_a_message() -> None:
    with pytest.raises(UserError, match=r"tracking\.uri=nowhere: no such server"), reachable("nowhere"):
        raise OSError("no such server\nand much more")


def test_a_deleted_experiment_is_named_with_its_cure(uri: str) -> None:
    number = open_store(uri, "stx")
    Store(uri, "stx").client.delete_experiment(number)
    with pytest.raises(UserError, match=f"restore --experiment-id {number}"):
        open_store(uri, "stx")


def test_a_batch_s_folder_remembers_its_run_of_every_store(
    store: Store, uri: str, tmp_path: Path, new_database: Path
) -> None:
    folder = tmp_path / "deep" / "batch"
    first = store.parent("thesis", folder)
    shutil.copy(new_database, tmp_path / "other.db")
    other = Store(f"sqlite:///{tmp_path / 'other.db'}", "stx").parent("thesis", folder)
    assert ids(folder) == {first.id, other.id}
    renamed = Store(uri, "another name").parent("thesis", folder)
    assert (renamed.id, renamed.experiment_id) == (first.id, first.experiment_id)
    elsewhere = Store(uri, "a third name")
    assert elsewhere.runs("stx.batch", "thesis") == []
    elsewhere.parent("thesis", folder)
    assert [run.id for run in elsewhere.runs("stx.batch", "thesis")] == [first.id]  # its members are looked for there
    folder.rename(tmp_path / "moved")
    assert store.parent("thesis", tmp_path / "moved").id == first.id
    assert store.read(first.id).tags["stx.folder"] == str(tmp_path / "moved")
    store.client.delete_run(first.id)
    assert store.parent("thesis", tmp_path / "moved").id not in (first.id, other.id)
    (tmp_path / "moved" / "batch.json").write_text("[]")
    assert ids(tmp_path / "moved") == ids(tmp_path) == set()


def test_a_run_s_folder_is_read_from_its_store(store: Store, uri: str, tmp_path: Path) -> None:
    run = store.parent("thesis", tmp_path / "batch")
    assert folder_of(run.id, uri) == tmp_path / "batch"
    shutil.copy(tmp_path / "outputs" / "mlflow.db", tmp_path / "read.db")
    with closing(sqlite3.connect(tmp_path / "read.db")) as database, database:
        database.execute("UPDATE experiments SET name = 'another' WHERE name = 'stx'")
    assert folder_of("f" * 32, f"sqlite:///{tmp_path}/read.db") is None
    names = {one.name for one in mlflow.MlflowClient(f"sqlite:///{tmp_path}/read.db").search_experiments()}
    assert names == {"Default", "another"}  # a store is only read
    bare = store.client.create_run(run.experiment_id).info.run_id
    assert folder_of(bare, uri) is None
    assert folder_of(run.id, f"sqlite:///{tmp_path}/none.db") is None
    assert not (tmp_path / "none.db").exists()
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match="is no SQLite database"):
        folder_of(run.id, f"sqlite:///{tmp_path}/notes.txt")
    shutil.copy(tmp_path / "outputs" / "mlflow.db", tmp_path / "later.db")
    with closing(sqlite3.connect(tmp_path / "later.db")) as database, database:
        database.execute("UPDATE alembic_version SET version_num = 'later'")
    with pytest.raises(UserError, match=r"tracking\.uri=sqlite:///.*later"):
        folder_of(run.id, f"sqlite:///{tmp_path}/later.db")


@pytest.mark.parametrize(
    ("before", "artifacts", "moves"),
    [("file:///gone/artifacts", True, True), ("file:///gone/artifacts", False, False), ("s3://gone", True, False),
     ("file:///", True, False)],
)  # fmt: skip
def test_addresses_of_artifacts_move_with_a_database_where_they_have_come_along(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, before: str, artifacts: bool, moves: bool
) -> None:
    addresses = [before, f"{before}/7/artifacts", "file:///elsewhere"]
    with sqlite3.connect(tmp_path / "mlflow.db") as database:
        for table, column in (("experiments", "artifact_location"), ("runs", "artifact_uri")):
            database.execute(f"CREATE TABLE {table} ({column} TEXT)")
            database.executemany(f"INSERT INTO {table} VALUES (?)", [[address] for address in addresses])
    if artifacts:
        (tmp_path / "artifacts").mkdir()
    moved(tmp_path / "mlflow.db", before)
    now = (tmp_path / "artifacts").as_uri()
    expected = [now, f"{now}/7/artifacts", "file:///elsewhere"] if moves else addresses
    with sqlite3.connect(tmp_path / "mlflow.db") as database:
        for query in ("SELECT artifact_location FROM experiments", "SELECT artifact_uri FROM runs"):
            assert [address for (address,) in database.execute(query)] == expected
    assert (f"the store has moved to {tmp_path}; " in caplog.text) == moves


def test_where_a_server_keeps_artifacts_is_its_own_affair() -> None:
    experiment = {"experiment_id": "7", "lifecycle_stage": "active", "artifact_location": "mlflow-artifacts:/7"}

    def answer(asked: Asked) -> Answer:
        if "get-by-name" not in asked.path:
            return Answer(200, {"experiment_id": "8"})
        if asked.path.endswith("=new"):
            return Answer(404, {"error_code": "RESOURCE_DOES_NOT_EXIST"})
        return Answer(200, {"experiment": experiment})

    with serving(answer) as served:
        assert opened(f"http://{served.place}", "stx") == "7"
        assert opened(f"http://{served.place}", "new") == "8"
    assert [asked.content for asked in served.asked if asked.method == "POST"] == [{"name": "new"}]


def test_an_experiment_that_somebody_makes_on_the_server_meanwhile_is_taken() -> None:
    experiment = {"experiment_id": "7", "lifecycle_stage": "active", "artifact_location": "mlflow-artifacts:/7"}
    made: list[str] = []

    def answer(asked: Asked) -> Answer:
        if "get-by-name" in asked.path:
            return (
                Answer(200, {"experiment": experiment})
                if made
                else Answer(404, {"error_code": "RESOURCE_DOES_NOT_EXIST"})
            )
        made.append(asked.path)
        return Answer(400, {"error_code": "RESOURCE_ALREADY_EXISTS"})

    with serving(answer) as served:
        assert opened(f"http://{served.place}", "stx") == "7"
    assert len(made) == 1


def test_a_store_that_was_opened_is_not_in_the_environment_of_who_comes_next(uri: str) -> None:
    before = dict(os.environ)
    Store(uri, "stx").parent("thesis", Path(uri.removeprefix("sqlite:///")).parent)
    assert dict(os.environ) == before


def test_what_others_log_of_a_store_is_not_shown(uri: str) -> None:
    for noisy in ("alembic", "mlflow", "mlflow.store.db.utils"):
        logging.getLogger(noisy).setLevel(logging.INFO)
    open_store(uri, "stx")
    assert not any(logging.getLogger(noisy).isEnabledFor(logging.INFO) for noisy in ("alembic.runtime", "mlflow.store"))
    assert not logging.getLogger("mlflow.store.db.utils").isEnabledFor(logging.ERROR)


def answer(uri: str, file: Path) -> None:
    file.write_text(open_store(uri, "stx"))


def test_processes_that_open_a_new_store_together_all_succeed(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path / 'new' / 'and deep' / 'mlflow.db'}"
    files = [tmp_path / str(number) for number in range(3)]
    started = [SERVER.Process(target=answer, args=(uri, file)) for file in files]
    for process in started:
        process.start()
    for process in started:
        process.join(120)
    assert [process.exitcode for process in started] == [0, 0, 0]
    assert {file.read_text() for file in files} == {open_store(uri, "stx")}


def write(uri: str, folder: Path, steps: int) -> None:
    """What a run tells, in a process of its own."""
    folder.mkdir()
    about = About(folder.name, {}, {}, "", "")
    tracking = MlflowTracking(
        name="mlflow", uri=uri, experiment="stx", points=0, offline_ok=False,
        pictures_every=0, measures_every=0, grad_norms_every=0, plots=True,
    )  # fmt: skip
    with mlflow_run(tracking, about, folder) as tracker:
        for start in range(1, steps + 1, 50):
            values = {f"loss/{number}": float(start) for number in range(12)}
            tracker.rows([Row(step, time.time(), values) for step in range(start, start + 50)])
        tracker.finish("finished", None)
        tracker.settle()


def test_a_folder_that_takes_no_file_is_said_at_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def refused(path: Path, *_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(Path, "touch", refused)
    with pytest.raises(UserError, match=r"tracking\.uri=sqlite:///.*Permission denied"):
        opened(f"sqlite:///{tmp_path / 'new' / 'and deep' / 'mlflow.db'}", "stx")


MANY = tuple(pytest.param(8, steps, marks=pytest.mark.slow) for steps in (100, 1000))


@pytest.mark.parametrize(("writers", "steps"), [(2, 50), *MANY])
def test_writers_at_once_lose_nothing(uri: str, tmp_path: Path, writers: int, steps: int) -> None:
    """So many processes, so many steps of a dozen metrics each, on one SQLite file."""
    open_store(uri, "stx")
    started = [SERVER.Process(target=write, args=(uri, tmp_path / f"run{number}", steps)) for number in range(writers)]
    for process in started:
        process.start()
    for process in started:
        process.join(200)
        assert process.exitcode == 0
    client = Store(uri, "stx").client
    runs = client.search_runs(["1"])
    assert len(runs) == writers
    for run in runs:
        for number in range(12):
            points = client.get_metric_history(run.info.run_id, f"loss/{number}")
            assert [point.step for point in points] == list(range(1, steps + 1))
