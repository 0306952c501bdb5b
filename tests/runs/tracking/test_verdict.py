"""What each kind of failure means for a delivery: the errors are those that MLflow and others really raise."""

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import mlflow
import pytest
from mlflow.entities import Metric
from mlflow.exceptions import MlflowException
from mlflow.protos import databricks_pb2 as codes
from PIL import Image
from requests import ConnectionError as NoConnection
from requests import Timeout
from sqlalchemy.exc import OperationalError

from stx.errors import UserError
from stx.runs.tracking.verdict import Verdict, verdict


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


def test_files_that_are_gone_or_no_pictures_are_set_aside(tmp_path: Path) -> None:
    (tmp_path / "empty.png").touch()
    for act in (lambda: Image.open(tmp_path / "empty.png"), lambda: Image.open(tmp_path / "gone.png")):
        assert verdict(raised(act)) is Verdict.NEVER
    assert verdict(raised(lambda: tmp_path.read_bytes())) is Verdict.NEVER
    assert verdict(ValueError("no whole picture")) is Verdict.NEVER
