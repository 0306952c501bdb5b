"""What came of a sweep's jobs, from their folders alone."""

import json
import math
from pathlib import Path
from typing import Any

import pytest

from stx.runs import identity
from stx.runs.identity import Identity
from stx.runs.task import Task
from stx.runs.tracking.parent import Failed
from stx.studies.sweep.results import Row, at_end, lost, nearest, read, summary, unbegun

CONFIG: Any = None


def task(folder: Path, number: int = 0, **values: str) -> Task:
    return Task(number, [], values, folder, CONFIG, f"{number}")


def row(number: int, style: float, content: float, outcome: str = "finished") -> Row:
    return Row(task(Path(f"{number}"), number), outcome, "", 1, {}, style, content, 1.0, "")


def test_a_job_is_read_from_its_folder(tmp_path: Path) -> None:
    assert read(task(tmp_path)).outcome == "waiting"
    record = Identity("1", [], {"style_stat": "gram"}, {}, {}, {}, outcome="finished", seconds=12.5)
    identity.write(tmp_path, record)
    (tmp_path / "losses.csv").write_text("step,loss/total,loss/content,loss/style\n1,9,4,5\n2,3,1,2\n")
    (tmp_path / "measures.json").write_text(json.dumps({"sliced_wasserstein": 0.25, "content": 0.75, "cfsd": 0.4}))
    (tmp_path / "baselines.json").write_text(json.dumps({"sliced_wasserstein": 0.5}))
    (tmp_path / "mlflow.json").write_text('{"run_id": "abc", "experiment_id": "7", "uri": "https://me:pw@host"}')
    got = read(task(tmp_path))
    assert (got.outcome, got.steps, got.seconds) == ("finished", 2, 12.5)
    assert (got.style, got.content, got.structure) == (0.5, 0.75, 0.4)
    assert got.losses == {"loss/total": 3, "loss/content": 1, "loss/style": 2}
    assert got.link == "https://host/#/experiments/7/runs/abc?workflowType=machine_learning"


def test_a_job_that_failed_says_why_and_a_damaged_one_too(tmp_path: Path) -> None:
    (tmp_path / "error.txt").write_text("no memory left\n\nTraceback")
    (tmp_path / "losses.csv").write_text("step,loss/total\n1,")  # cut off
    got = read(task(tmp_path))
    assert (got.outcome, got.message, got.steps) == ("failed", "no memory left", 1)
    assert math.isnan(got.style)
    (tmp_path / "error.txt").unlink()
    (tmp_path / "run.json").write_text("{")
    assert read(task(tmp_path)).outcome == "failed"
    assert "damaged" in read(task(tmp_path)).message


def test_a_job_that_diverged_says_at_which_step_and_what(tmp_path: Path) -> None:
    identity.write(tmp_path, Identity("1", [], {"style_stat": "gram"}, {}, {}, {}, outcome="diverged"))
    assert read(task(tmp_path)).message == ""
    (tmp_path / "nan_events.csv").write_text("step,what\n7,loss/style\n8,loss/style\n")
    assert read(task(tmp_path)).message == "not finite at step 7: loss/style"


def test_a_job_that_ended_is_not_failed_by_a_try_that_came_too_late(tmp_path: Path) -> None:
    identity.write(tmp_path, Identity("1", [], {"style_stat": "gram"}, {}, {}, {}, outcome="finished"))
    (tmp_path / "error.txt").write_text("another process is at work in this folder")
    assert (read(task(tmp_path)).outcome, read(task(tmp_path)).message) == ("finished", "")


def test_a_job_that_failed_before_its_tracker_was_told_anything_has_begun_no_run(tmp_path: Path) -> None:
    failed = [row(number, math.nan, math.nan, "failed")._replace(message="why") for number in range(2)]
    rows = [one._replace(task=task(tmp_path / f"{n}", n, **{"+seed": f"{n}"})) for n, one in enumerate(failed)]
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "journal.jsonl").touch()
    (job,) = unbegun([*rows, row(2, 0.2, 0.3)])
    assert job == Failed(rows[0].task.name, "why", tmp_path / "0", {"seed": "0"})


def test_at_the_end_of_a_sweep_a_job_without_an_end_is_lost() -> None:
    rows = [row(0, 0.2, 0.9), row(1, 0.5, 0.4, "running"), row(2, 0.5, 0.4, "waiting"), row(3, 0.5, 0.4, "pruned")]
    assert lost(rows) == []
    assert [(one.task.number, one.message) for one in lost(at_end(rows))] == [
        (1, "not at its end: running"),
        (2, "not at its end: waiting"),
    ]


def test_the_nearest_to_the_style_keeps_as_much_content_as_half_of_them() -> None:
    rows = [row(0, 0.2, 0.9), row(1, 0.5, 0.4), row(2, 0.4, 0.5), row(3, 0.1, 0.1, "diverged"), row(4, math.nan, 0.0)]
    best, middle = nearest(rows) or pytest.fail("none")
    assert (best.task.number, middle) == (2, 0.5)
    assert nearest(rows[3:]) is None
    assert [one.task.number for one in lost(rows)] == [3]
    assert summary(rows) == {"sweep/jobs": 5, "sweep/failed": 1, "sweep/style": 0.4, "sweep/content": 0.5}
    assert summary(rows[3:4]) == {"sweep/jobs": 1, "sweep/failed": 1}


def test_what_was_measured_at_a_reduced_size_is_not_ranked_against_what_was_measured_whole() -> None:
    small = row(0, 0.1, 0.3)._replace(reduced=True)
    whole = [row(1, 0.4, 0.4), row(2, 0.6, 0.3)]
    best = nearest([small, *whole])
    assert best
    assert best[0].task.number == 2
    alone = nearest([small])
    assert alone
    assert alone[0] == small


@pytest.mark.parametrize(
    ("at", "reduced"), [({"measured_at": "96 x 64"}, True), ({"measured_at": "whole"}, False), ({}, False)]
)
def test_a_job_s_record_says_whether_it_was_measured_whole(tmp_path: Path, at: dict[str, str], reduced: bool) -> None:
    identity.write(tmp_path, Identity("1", [], {"style_stat": "gram"}, {}, {}, at, outcome="finished"))
    assert read(task(tmp_path)).reduced is reduced
