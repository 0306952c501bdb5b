"""A sweep that goes on: its options stay as they were, and so does what its jobs have made."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from PIL import Image

from stx.config.compose import at_work, multirun, override
from stx.errors import UserError
from stx.runs import identity, sweep, sweep_before, sweep_record
from stx.runs.task import Task

TINY = ["model=vgg19_random", "image_size.width=32", "image_size.height=32", "tracking=none"]


def planned(folder: Path, *typed: str) -> list[Task]:
    with at_work():
        config, _ = multirun([*TINY, override("hydra.sweep.dir", str(folder)), *typed])
        return sweep.plan(config)


def begun(folder: Path, *typed: str) -> list[Task]:
    tasks = planned(folder, *typed)
    sweep_record.write(folder, tasks, [*TINY, *typed])
    return tasks


def ended(task: Task) -> None:
    """As far as a record says so."""
    config = task.config.model_dump(mode="json", by_alias=True)
    choices = {"style_stat": "gram"}
    task.folder.mkdir()
    identity.write(task.folder, identity.Identity("1", task.overrides, choices, config, {}, {}, outcome="finished"))


@pytest.mark.parametrize(
    ("now", "answer"),
    [
        (
            ["optim.steps=2"],
            "optim.steps is 4 in that sweep and 2 asked for; a sweep continues unchanged, .* optim.steps=2 out",
        ),
        (["optim.steps=9"], "optim.steps is 4 in that sweep and 9 asked"),
        (["optim.steps=4", "tile=true"], "tile is false in that sweep and true asked"),
        (["optim.steps=4", "optim=adam"], "optim is lbfgs in that sweep and adam asked"),
        ([], r"optim\.steps is 4 in that sweep and \d+ asked for; .*\ngive optim\.steps=4 again, or begin a new sweep"),
        (["optim.steps=4", "content=flower"], "content is china in that sweep and flower asked"),
    ],
)
def test_an_option_that_is_no_axis_stays_as_it_was(tmp_path: Path, now: Sequence[str], answer: str) -> None:
    begun(tmp_path, "seed=0,1", "init=noise", "optim.steps=4")
    record = (tmp_path / "sweep.json").read_bytes()
    with pytest.raises(UserError, match=rf"(?s)resume={tmp_path}: {answer}"):
        planned(tmp_path, "seed=0,1", "init=noise", *now, "sweep.resume=true")
    assert (tmp_path / "sweep.json").read_bytes() == record


def test_axes_grow_and_options_that_change_no_result_may_be_others(tmp_path: Path) -> None:
    begun(tmp_path, "seed=0,1", "init=noise", "pooling=max")
    more = ["seed=0,1,2", "pooling=max,avg", "init=noise", "live=8642", "output.quality=80", "sweep.resume=true"]
    assert len(planned(tmp_path, *more)) == 6


def test_the_same_photograph_elsewhere_is_the_same(tmp_path: Path) -> None:
    for name in ("a.png", "moved.png", "b.png"):
        Image.new("RGB", (40, 40), "blue" if name == "b.png" else "red").save(tmp_path / name)
    sweeps = tmp_path / "sweep"
    sweeps.mkdir()
    before = begun(sweeps, "seed=0,1", "init=noise", f"content={tmp_path}/a.png")
    again = planned(sweeps, "seed=0,1", "init=noise", f"content={tmp_path}/moved.png", "sweep.resume=true")
    assert [task.digest for task in again] == [task.digest for task in before]
    with pytest.raises(UserError, match=r"content is .*a\.png in that sweep and .*b\.png asked"):
        planned(sweeps, "seed=0,1", "init=noise", f"content={tmp_path}/b.png", "sweep.resume=true")


def test_jobs_whose_picture_was_taken_out_keep_their_results_and_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos, sweeps = tmp_path / "photos", tmp_path / "sweep"
    photos.mkdir()
    sweeps.mkdir()
    for name, colour in (("a.png", "red"), ("b.png", "blue"), ("c.png", "white")):
        Image.new("RGB", (40, 40), colour).save(photos / name)
    for task in begun(sweeps, f"content={photos}/")[:2]:
        ended(task)
    (photos / "b.png").unlink()
    (photos / "c.png").unlink()
    record = sweep_record.recorded(sweeps)
    tasks = planned(sweeps, f"content={photos}/", "sweep.resume=true")
    others = sweep_before.kept(sweeps, record, tasks)
    assert [(task.number, task.folder.name) for task in (*tasks, *others)] == [(0, "0"), (1, "1")]
    assert [task.name for task in sweep.by_axes([*tasks, *others])] == ["a.png", "b.png"]
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith("stx: 2 jobs of this sweep are not asked for now: ")
    assert "b.png (gone), c.png (gone)" in said
    assert said.endswith("What has been made stays in its table; of 1 there are results")
    sweep_record.write(sweeps, tasks, [])
    assert len(json.loads((sweeps / "sweep.json").read_text())["jobs"]) == 3


def test_a_photograph_that_has_changed_is_said_where_its_jobs_are_made_anew(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photograph, sweeps = tmp_path / "a.png", tmp_path / "sweep"
    sweeps.mkdir()
    typed = ["seed=0,1", "init=noise", f"content={photograph}"]
    Image.new("RGB", (40, 40), "red").save(photograph)
    begun(sweeps, *typed)
    Image.new("RGB", (40, 40), "blue").save(photograph)
    record = sweep_record.recorded(sweeps)
    tasks = planned(sweeps, *typed, "sweep.resume=true")
    assert [task.number for task in tasks] == [2, 3]
    assert not sweep_before.kept(sweeps, record, tasks)  # none has come to its end
    assert "seed=0 (a file that it names has changed, or the device), seed=1" in capsys.readouterr().err
