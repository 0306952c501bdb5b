"""The run that stands for a sweep: a store that is away costs its numbers, never the sweep."""

import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from stx.config.compose import composition
from stx.runs.tracking.experiments import Experiments
from stx.runs.tracking.parent import Failed, Parent, parent


class Away:
    """A store that answers nothing, and whose errors say as little."""

    def __getattr__(self, name: str) -> Any:
        raise TimeoutError


def test_a_store_that_fails_in_mid_sweep_is_said_once_and_ends_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run: Any = SimpleNamespace(id="abc", experiment_id="7")
    store: Any = Away()
    stands = Parent(store, run, "https://me:secret@host", "sweep", "sweep.resume=true")
    stands.show([tmp_path / "sweep.html"], {"stx.command": "it"})
    stands.measured({"sweep/jobs": 1})
    stands.end("finished", "FINISHED")
    assert caplog.messages == [
        "the sweep's own run in the store could not be updated (TimeoutError); sweep.resume=true sends it again"
    ]
    assert "secret" not in stands.where


def test_a_job_that_began_no_run_is_in_the_store_as_failed_until_a_later_try_runs(
    tmp_path: Path, new_database: Path
) -> None:
    shutil.copy(new_database, tmp_path / "mlflow.db")
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    tracking: Any = composition([f"tracking.uri='{uri}'", "tracking.experiment=mine"]).config.tracking
    stands = parent([tracking], tmp_path / "sweep", "seed, 2 jobs")
    job = Failed("seed=1", "no memory `left`", tmp_path / "sweep" / "1", {"seed": "1", "odd key!": "2"})
    stands.lost([job, job._replace(name="seed=2")])
    stands.lost([job])  # the other one has run since
    (run,) = Experiments(uri).runs("mine")
    assert (run.name, run.status, run.tags["stx.outcome"]) == ("seed=1", "FAILED", "failed")
    assert run.tags["stx.error"] == "no memory `left`"
    assert run.tags["mlflow.note.content"] == "**failed** before it began: `` no memory `left` ``"
    assert run.params == {"seed": "1", "odd key_21": "2"}
    assert run.tags["mlflow.parentRunId"] == stands.tags["mlflow.parentRunId"]
