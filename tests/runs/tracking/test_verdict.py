"""What each kind of failure means for a delivery: the errors are those that MLflow and others really raise."""

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlflow
import pytest
import requests
import sqlalchemy
from mlflow.entities import Metric
from mlflow.exceptions import MlflowException
from mlflow.protos import databricks_pb2 as codes
from PIL import Image
from requests import ConnectionError as NoConnection
from requests import Timeout
from servers import Answer, serving
from sqlalchemy.exc import OperationalError

from stx.errors import UserError
from stx.runs.tracking.verdict import Held, Verdict, reason, verdict


def raised(act: Callable[[], object]) -> Exception:
    try:
        act()
    except Exception as error:
        return error
    raise AssertionError("it works")


@pytest.mark.parametrize("code", ["INTERNAL_ERROR", "TEMPORARILY_UNAVAILABLE", "REQUEST_LIMIT_EXCEEDED", "ABORTED",
                                  "UNAUTHENTICATED", "PERMISSION_DENIED"])  # fmt: skip
def test_what_a_server_may_answer_otherwise_later_is_tried_again(code: str) -> None:
    if not hasattr(codes, code):
        pytest.skip(f"this MLflow has no {code}")
    expected = Verdict.NEVER if code == "ABORTED" else Verdict.AWAY  # a conflict, 409
    assert verdict(MlflowException("x", error_code=getattr(codes, code))) is expected


@pytest.mark.parametrize(
    "error",
    [NoConnection("refused"), Timeout("slow"), TimeoutError(), ConnectionResetError(), BrokenPipeError(),
     OSError(28, "No space left on device"), OperationalError("select", {}, sqlite3.OperationalError("locked")),
     RuntimeError("of some library")],
)  # fmt: skip
def test_networks_disks_and_locks_are_tried_again(error: Exception) -> None:
    assert verdict(error) is Verdict.AWAY


def test_what_a_store_says_of_its_runs(tmp_path: Path, new_database: Path) -> None:
    shutil.copy(new_database, tmp_path / "mlflow.db")
    client = mlflow.MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    experiment = client.create_experiment("stx", artifact_location=tmp_path.as_uri())
    run = client.create_run(experiment).info.run_id
    refused = raised(lambda: client.log_batch(run, [Metric("a & b", 1.0, 1, 1)]))
    assert verdict(refused) is Verdict.NEVER
    unknown = raised(lambda: client.log_batch("f" * 32, [Metric("a", 1.0, 1, 1)]))
    assert verdict(unknown) is Verdict.UNKNOWN
    client.delete_run(run)
    assert verdict(raised(lambda: client.log_batch(run, [Metric("a", 1.0, 1, 1)]))) is Verdict.DELETED
    client.delete_experiment(experiment)
    assert verdict(raised(lambda: client.create_run(experiment))) is Verdict.DELETED
    assert verdict(UserError("tracking.experiment=stx was deleted")) is Verdict.DELETED
    assert verdict(Held("another process has kept the store for a minute")) is Verdict.AWAY


def test_files_that_are_gone_or_no_pictures_are_set_aside(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    for act in (lambda: Image.open(tmp_path / "empty.png"), lambda: Image.open(tmp_path / "gone.png")):
        assert verdict(raised(act)) is Verdict.NEVER
    assert verdict(raised(lambda: tmp_path.read_bytes())) is Verdict.NEVER
    assert verdict(ValueError("no whole picture")) is Verdict.NEVER


def test_a_server_s_refusal_is_told_without_the_libraries_below() -> None:
    said = "API request to http://host:5000/api/2.0/mlflow/runs/log-batch failed with exception HTTPConnectionPool("
    said += "host='host', port=5000): Max retries exceeded (Caused by ResponseError('too many 503 error responses'))"
    assert reason(RuntimeError(said)) == "http://host:5000 answers with status 503"


def test_a_server_that_is_not_to_answer_to_a_name_is_no_matter_of_passwords() -> None:
    said = "Invalid Host header - possible DNS rebinding attack detected"  # as MLflow's
    with serving(lambda asked: Answer(403, said)) as server:
        client = mlflow.MlflowClient(f"http://{server.place}")
        refused = raised(lambda: client.get_experiment_by_name("stx"))
    assert verdict(refused) is Verdict.AWAY
    assert "--allowed-hosts" in reason(refused)


AWAY, NEVER, DELETED, UNKNOWN = Verdict.AWAY, Verdict.NEVER, Verdict.DELETED, Verdict.UNKNOWN


@pytest.mark.parametrize(
    ("status", "content", "expected"),
    [
        (500, {"error_code": "INTERNAL_ERROR", "message": "no"}, AWAY),
        (500, "<html>", AWAY),
        (502, "<html>", AWAY),
        (503, {"error_code": "TEMPORARILY_UNAVAILABLE", "message": "locked"}, AWAY),
        (504, "", AWAY),
        (429, {"error_code": "REQUEST_LIMIT_EXCEEDED", "message": "slower"}, AWAY),
        (429, "slower", AWAY),
        (408, "", AWAY),
        (401, "sign in", AWAY),
        (403, {"error_code": "PERMISSION_DENIED", "message": "not you"}, AWAY),
        (200, "<html>sign in to this network</html>", AWAY),
        (404, "<html>the proxy has no server</html>", AWAY),
        (404, {"error_code": "RESOURCE_DOES_NOT_EXIST", "message": "Run with id=x not found"}, UNKNOWN),
        (400, {"error_code": "INVALID_PARAMETER_VALUE", "message": "a name"}, NEVER),
        (400, {"error_code": "BAD_REQUEST", "message": "a name"}, NEVER),
        (400, {"error_code": "INVALID_PARAMETER_VALUE", "message": "x must be in the 'active' state"}, DELETED),
    ],
)
def test_what_a_server_answers(status: int, content: Any, expected: Verdict) -> None:
    with serving(lambda asked: Answer(status, content)) as server:
        client = mlflow.MlflowClient(f"http://{server.place}")
        assert verdict(raised(lambda: client.log_batch("0" * 32, [Metric("a", 1.0, 1, 1)]))) is expected


@pytest.mark.parametrize(("status", "expected"), [(413, NEVER), (422, NEVER), (401, AWAY), (503, AWAY), (429, AWAY)])
def test_what_a_store_of_artifacts_answers(status: int, expected: Verdict) -> None:
    with serving(lambda asked: Answer(status)) as server:
        assert verdict(raised(requests.put(f"http://{server.place}").raise_for_status)) is expected


@pytest.mark.parametrize("status", [302, 401, 403, 404, 407, 408, 423, 425, 429, 500, 503])
def test_what_another_try_may_change_is_tried_again(status: int) -> None:
    response = requests.Response()
    response.status_code = status
    assert verdict(requests.HTTPError(response=response)) is AWAY


@pytest.mark.parametrize("name", ["grün & α", "..", "a//b", "", "x" * 300, "caf\udce9"])
def test_a_name_or_a_text_that_a_store_refuses(tmp_path: Path, new_database: Path, name: str) -> None:
    client = mlflow.MlflowClient(f"sqlite:///{shutil.copy(new_database, tmp_path)}")
    run = client.create_run("0").info.run_id
    assert verdict(raised(lambda: client.log_batch(run, [Metric(name, 1.0, 1, 1)]))) is NEVER
    assert verdict(raised(lambda: client.set_tag(run, "a", "caf\udce9"))) is NEVER


def test_what_a_database_refuses_and_what_it_cannot_do_now(tmp_path: Path) -> None:
    path = tmp_path / "held.db"
    with sqlite3.connect(path) as holder:
        holder.executescript("create table t (x integer primary key); insert into t values (1)")
        holder.execute("begin exclusive")
        engine = sqlalchemy.create_engine(f"sqlite:///{path}", connect_args={"timeout": 0.01})
        with engine.connect() as connection:
            again = sqlalchemy.text("insert into t values (1)")
            assert verdict(raised(lambda: connection.execute(again))) is AWAY  # locked
            holder.rollback()
            assert verdict(raised(lambda: connection.execute(again))) is NEVER
    no_folder = sqlalchemy.create_engine(f"sqlite:///{tmp_path / 'nowhere' / 'x.db'}")
    assert verdict(raised(no_folder.connect)) is AWAY


def test_what_mlflow_wraps_is_judged_by_what_lies_below() -> None:
    def wrapped(code: int, below: Exception) -> None:
        raise MlflowException(str(below), error_code=code) from below

    pool = sqlalchemy.exc.TimeoutError("QueuePool limit of size 5 overflow 10 reached")
    assert verdict(raised(lambda: wrapped(codes.BAD_REQUEST, pool))) is AWAY
    assert verdict(raised(lambda: wrapped(codes.INTERNAL_ERROR, ValueError("no number")))) is NEVER
    assert verdict(raised(lambda: wrapped(codes.INVALID_PARAMETER_VALUE, KeyError("scheme")))) is NEVER


def test_a_reason_is_a_database_s_own_words_in_a_line() -> None:
    below = OperationalError("INSERT INTO runs ...", {"name": "x"}, sqlite3.OperationalError("disk I/O error"))

    def wrapped(error: Exception) -> None:
        raise MlflowException(f"(raised as a result of autoflush)\n{error}", error_code=codes.BAD_REQUEST) from error

    assert reason(raised(lambda: wrapped(below))) == "disk I/O error"
    locked = OperationalError("INSERT", {}, sqlite3.OperationalError("database is locked"))
    assert reason(raised(lambda: wrapped(locked))) == "another process holds the database"
    assert reason(ValueError("one\ntwo")) == "one"
    assert reason(TimeoutError()) == "TimeoutError"
    refused = "HTTPConnectionPool(host='127.0.0.1'): NewConnectionError('failed: [Errno 111] Connection refused')"
    asked = MlflowException(f"API request to http://127.0.0.1:9/api/2.0/mlflow/runs failed with exception {refused}")
    assert reason(asked) == "http://127.0.0.1:9 [Errno 111] Connection refused"
    assert reason(MlflowException("no", error_code=codes.PERMISSION_DENIED)).startswith("the server does not know who")
