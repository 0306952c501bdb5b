"""How a run ended, and what there is to say of it, by its store and by its folder."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from filelock import FileLock

from stx.runs import identity
from stx.runs.identity import Identity
from stx.runs.shown import GONE, of_folder, of_store

RECORD = Identity("7", ["seed=1", "tracking.uri=http://me:***@host"], {"style_stat": "gram"}, {}, {}, {})


def told(status: str = "FINISHED", **tags: str) -> Any:
    return SimpleNamespace(
        id="1" * 32, name="a run", experiment_id="1", status=status, tags=tags, params={"a": "b"}, started=5.0,
        latest={"loss/total": 2.0, "loss/style": float("nan")},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("run", "outcome", "message"),
    [
        (told("FINISHED"), "finished", ""),  # by something else than stx
        (told("KILLED"), "interrupted", ""),
        (told("SCHEDULED"), "waiting", ""),
        (told("FINISHED", **{"stx.outcome": "diverged", "stx.first_event": "step 3: loss/style"}), "diverged",
         "not finite at step 3: loss/style"),
        (told("RUNNING", **{"stx.outcome": "running", "stx.folder": "/nowhere/at/all"}), "running", ""),
        (told("FAILED", **{"stx.outcome": "failed", "stx.error": "a full disk"}), "failed", "a full disk"),
        (told("FINISHED", **{"stx.outcome": "finished", "stx.error": "a full disk"}), "finished", ""),
    ],
)  # fmt: skip
def test_a_run_of_a_store_is_shown_as_its_tags_say_or_its_status(run: Any, outcome: str, message: str) -> None:
    one = of_store(run, "http://host")
    assert (one.outcome, one.message, one.folder) == (outcome, message, None)
    assert one.metrics == {"loss/total": 2.0}
    assert one.link == f"http://host/#/experiments/1/runs/{'1' * 32}?workflowType=machine_learning"


def test_a_folder_is_a_stored_run_s_only_if_it_says_so(tmp_path: Path) -> None:
    run = told("RUNNING", **{"stx.outcome": "running", "stx.folder": str(tmp_path)})
    address = {"run_id": "2" * 32, "experiment_id": "1", "uri": "http://host"}
    (tmp_path / "mlflow.json").write_text(json.dumps(address))
    assert of_store(run, "http://host").folder is None
    (tmp_path / "mlflow.json").write_text(json.dumps({**address, "run_id": run.id}))
    one = of_store(run, "http://host")
    assert (one.folder, one.outcome, one.message) == (tmp_path, "interrupted", GONE)
    (tmp_path / "error.txt").write_text("a full disk\n\nTraceback")
    run.tags["stx.outcome"] = "failed"
    assert of_store(run, "http://host").message == "a full disk"


def test_a_folder_s_run_is_running_while_its_process_holds_it(tmp_path: Path) -> None:
    assert of_folder(tmp_path / "none").outcome == "waiting"
    identity.write(tmp_path, RECORD)
    assert (of_folder(tmp_path).outcome, of_folder(tmp_path).message) == ("interrupted", GONE)
    with FileLock(tmp_path / ".lock"):
        assert of_folder(tmp_path).outcome == "running"
    identity.write(tmp_path, RECORD._replace(outcome="finished"))
    (tmp_path / "error.txt").write_text("another process is at work")  # of a try that came too late
    one = of_folder(tmp_path)
    assert (one.outcome, one.message, one.id, one.name) == ("finished", "", "7", tmp_path.name)
    assert one.command == "stx run seed=1 'tracking.uri=http://me:***@host'"
    (tmp_path / "run.json").write_text("{")
    assert of_folder(tmp_path).outcome == "failed"
    assert "damaged" in of_folder(tmp_path).message or "another process" in of_folder(tmp_path).message


def test_a_folder_in_which_nobody_can_look_whether_it_is_in_use_says_what_its_record_says(tmp_path: Path) -> None:
    identity.write(tmp_path, RECORD)
    (tmp_path / ".lock").mkdir()  # as in a folder of somebody else's: no lock can be had
    assert (of_folder(tmp_path).outcome, of_folder(tmp_path).message) == ("running", "")


def test_why_a_run_failed_is_read_as_far_as_it_is_text(tmp_path: Path) -> None:
    (tmp_path / "error.txt").write_bytes(b"no memory \xff\nTraceback")
    assert (of_folder(tmp_path).outcome, of_folder(tmp_path).message) == ("failed", "no memory \ufffd")
