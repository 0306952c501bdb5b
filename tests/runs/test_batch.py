"""A batch: one parent, finished members kept, failed ones listed, nothing started that cannot run."""

import shutil
from pathlib import Path

import pytest
from filelock import FileLock

from conftest import SHALLOW
from stx.errors import OutOfMemory, UserError
from stx.runs import member as module
from stx.runs.batch import Batch, Ended, batch
from stx.runs.job import Job
from stx.runs.launcher import hired
from stx.runs.plan import Member

SMALL = ["model=vgg19_random", "image_size.width=48", "image_size.height=32", "optim.steps=2", *SHALLOW]

FIRST = "moments_cooc"
"""What the first member asks for: the default."""


@pytest.fixture
def store(tmp_path: Path, new_database: Path) -> str:
    shutil.copy(new_database, tmp_path / "mlflow.db")
    return f"tracking.uri=sqlite:///{tmp_path / 'mlflow.db'}"


def members(store: str, *extra: str) -> list[Member]:
    return [
        Member("one", [*SMALL, store, *extra]),
        Member("two", [*SMALL, store, "style_stat=cooc_vector", *extra]),
    ]


def work(members: list[Member], folder: Path) -> tuple[Batch, list[Ended]]:
    with batch("trial", members, folder) as trial:
        return trial, list(trial.work())


def test_members_are_children_of_one_parent_and_are_not_run_twice(store: str, tmp_path: Path) -> None:
    trial, first = work(members(store), tmp_path / "out")
    assert [(ended.name, ended.outcome, ended.message) for ended in first] == [
        ("one", "finished", ""),
        ("two", "finished", ""),
    ]
    runs = {name: trial.run_of(name) for name in ("one", "two")}
    assert all(run and run.tags["mlflow.parentRunId"] == trial.parent.id for run in runs.values())
    assert trial.store.read(trial.parent.id).status == "FINISHED"
    pictures = sorted((tmp_path / "out" / "runs").glob("*/output.png"))
    assert [picture.parent.name.partition("-")[0] for picture in pictures] == ["one", "two"]
    assert not any((picture.parent / "checkpoint.pt").exists() for picture in pictures)

    again, second = work(members(store), tmp_path / "out")
    assert again.parent.id == trial.parent.id
    assert [ended.message for ended in second] == ["kept", "kept"]
    assert len(trial.store.runs("mlflow.parentRunId", trial.parent.id)) == 2


def test_a_run_of_another_batch_that_is_named_is_not_made_again(store: str, tmp_path: Path) -> None:
    trial, _ = work(members(store)[:1], tmp_path / "out")
    earlier = {trial.planned["one"].recipe: trial.run_of("one")}
    for making, expected in ((False, [("one", "kept")]), (True, [("one", "kept"), ("two", "")])):
        with batch("trial", members(store), tmp_path / "other", earlier=earlier, making=making) as other:  # type: ignore[arg-type]
            assert [(ended.name, ended.message) for ended in other.work()] == expected
    with (
        pytest.raises(UserError, match="none of its 1 runs is one of these 2"),
        batch("trial", members(store, "seed=3"), tmp_path / "third", earlier=earlier),  # type: ignore[arg-type]
    ):
        pass
    assert not (tmp_path / "third").exists()


def test_another_setting_is_another_run_and_leaves_the_old_one(store: str, tmp_path: Path) -> None:
    trial, _ = work(members(store)[:1], tmp_path)
    _, changed = work(members(store, "seed=1", "init=noise")[:1], tmp_path)
    assert [ended.message for ended in changed] == [""]
    assert len(trial.store.runs("mlflow.parentRunId", trial.parent.id)) == 2
    assert len(list((tmp_path / "runs").glob("one-*/output.png"))) == 2


def test_another_picture_under_the_same_path_is_another_run(store: str, tmp_path: Path) -> None:
    from PIL import Image

    photo = tmp_path / "photo.png"
    Image.new("RGB", (64, 48), "red").save(photo)
    work(members(store, f"content={photo}")[:1], tmp_path)
    Image.new("RGB", (64, 48), "blue").save(photo)
    _, changed = work(members(store, f"content={photo}")[:1], tmp_path)
    assert [ended.message for ended in changed] == [""]


def test_a_member_that_fails_is_listed_and_tried_again(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = module.run

    def breaks(job: object) -> Path:
        if job.choices["style_stat"] != "cooc_vector":  # type: ignore[attr-defined]
            raise ZeroDivisionError("on purpose")
        return real(job)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "run", breaks)
    _, ended = work(members(store), tmp_path)
    assert [(one.outcome, one.message) for one in ended] == [
        ("failed", "ZeroDivisionError: on purpose"),
        ("finished", ""),
    ]
    (told,) = (tmp_path / "runs").glob("one-*/error.txt")
    assert "Traceback" in told.read_text()
    monkeypatch.setattr(module, "run", real)
    _, again = work(members(store), tmp_path)
    assert [(one.outcome, one.message) for one in again] == [("finished", ""), ("finished", "kept")]


def test_a_member_without_memory_is_tried_again_behind_the_others(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    real, tried = module.run, list[str]()

    def full(job: Job) -> Path:
        tried.append(job.choices["style_stat"])
        if tried in ([FIRST], [FIRST, "cooc_vector", FIRST]):
            raise OutOfMemory("cuda has no memory left\nresume=...")
        return real(job)  # type: ignore[return-value]

    monkeypatch.setattr(module, "run", full)
    _, ended = work(members(store), tmp_path)
    assert tried == [FIRST, "cooc_vector", FIRST]
    assert [(one.name, one.outcome, one.message) for one in ended] == [
        ("two", "finished", ""),
        ("one", "failed", "cuda has no memory left"),
    ]
    assert "one: cuda has no memory left; tried again after the others" in caplog.messages
    _, again = work(members(store), tmp_path)
    assert [(one.name, one.outcome) for one in again] == [("one", "finished"), ("two", "finished")]


def test_a_diverged_member_counts_as_ended(store: str, tmp_path: Path) -> None:
    overflow = [*SMALL[1:3], store, "+experiment=thesis/e06_gram_cooc_vector", "optim.steps=9"]
    overflow += ["image_size.width=64", "image_size.height=48"]
    _, ended = work([Member("overflow", overflow)], tmp_path)
    assert [(one.outcome, one.message) for one in ended] == [("diverged", "")]  # before it had a state to throw away
    assert not list((tmp_path / "runs").glob("*/error.txt"))
    _, again = work([Member("overflow", overflow)], tmp_path)
    assert [one.message for one in again] == ["kept"]


def test_what_a_killed_batch_left_running_goes_on_in_its_run(store: str, tmp_path: Path) -> None:
    trial, _ = work(members(store)[:1], tmp_path)
    run = trial.run_of("one")
    assert run
    trial.store.client.set_tag(run.id, "stx.outcome", "running")
    trial.store.client.update_run(run.id, status="RUNNING")
    again, ended = work(members(store)[:1], tmp_path)
    assert [one.message for one in ended] == [""]
    left = again.store.read(run.id)
    assert (left.status, left.tags["stx.outcome"]) == ("FINISHED", "finished")
    assert len(again.store.runs("mlflow.parentRunId", again.parent.id)) == 1


def test_a_launcher_of_hydra_s_makes_the_runs_of_a_batch(store: str, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for messages in (["", ""], ["kept", "kept"]):
        with hired(["hydra/launcher=basic"], out) as crew, batch("trial", members(store), out, crew) as trial:
            ended = list(trial.work())
        assert [(one.name, one.outcome) for one in ended] == [("one", "finished"), ("two", "finished")]
        assert [one.message for one in ended] == messages
    assert not list(out.rglob("checkpoint.pt"))
    runs = [trial.run_of(name) for name in ("one", "two")]
    assert all(run and run.tags["mlflow.parentRunId"] == trial.parent.id for run in runs)


@pytest.mark.parametrize("launcher", [[], ["hydra/launcher=basic"]])
def test_a_member_that_is_made_and_cannot_be_brought_to_the_store_is_said_and_not_made_again(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, launcher: list[str]
) -> None:
    one = members(store)[:1]
    first, _ = work(one, tmp_path / "out")
    run = first.run_of("one")
    assert run
    first.store.client.delete_run(run.id)
    monkeypatch.setattr("stx.runs.batch.deliver", lambda *_: "the store is full")
    before = (tmp_path / "out").rglob("losses.csv")
    stamps = {path: path.stat().st_mtime_ns for path in before}
    with hired(launcher, tmp_path / "out") as crew, batch("trial", one, tmp_path / "out", crew) as trial:
        (ended,) = trial.work()
    assert ended.outcome == "failed"
    assert ended.message.startswith("made, but not in the store: the store is full; stx sync ")
    assert {path: path.stat().st_mtime_ns for path in stamps} == stamps


def test_one_bad_member_keeps_all_from_starting(store: str, tmp_path: Path) -> None:
    bad = Member("bad", [*SMALL, store, "content=nowhere.png"])
    with pytest.raises(UserError, match=r"nowhere\.png(.|\n)*\(in bad; none was started\)"):
        work([*members(store), bad], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_batch_needs_a_store(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="tracking=none"):
        work([Member("one", [*SMALL, "tracking=none"])], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_two_batches_do_not_share_a_folder(store: str, tmp_path: Path) -> None:
    with FileLock(str(tmp_path / ".lock")), pytest.raises(UserError, match="another process is at work"):
        work(members(store), tmp_path)


@pytest.mark.parametrize(
    ("error", "status", "outcome"),
    [(KeyboardInterrupt, "KILLED", "interrupted"), (ZeroDivisionError, "FAILED", "failed")],
)
def test_what_breaks_a_batch_off_marks_the_parent_and_passes(
    store: str,
    tmp_path: Path,
    error: type[BaseException],
    status: str,
    outcome: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    opened = None

    def broken_off() -> None:
        nonlocal opened
        with batch("trial", members(store), tmp_path) as opened:
            raise error

    with pytest.raises(error) as raised:
        broken_off()
    assert opened
    parent = opened.store.read(opened.parent.id)
    assert (parent.status, parent.tags["stx.outcome"]) == (status, outcome)
    assert ("the same command goes on from here" in str(raised.value)) == (outcome == "interrupted")
    assert not caplog.text  # it is said once


def test_members_that_are_added_are_made_and_no_other_is_made_again(
    store: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[str] = []

    def breaks(job: Job) -> Path:
        made.append(job.folder.name.partition("-")[0])
        raise ZeroDivisionError

    monkeypatch.setattr(module, "run", breaks)
    one, two = members(store)
    with batch("trial", [one], tmp_path) as trial:
        assert [ended.name for ended in trial.work()] == ["one"]
        trial.add([two])
        assert [ended.name for ended in trial.work()] == ["two"]
    assert made == ["one", "two"]


def test_a_member_whose_folder_is_damaged_takes_no_other_along(store: str, tmp_path: Path) -> None:
    with batch("trial", members(store), tmp_path) as trial:
        place = trial.planned["one"].job.folder
        place.mkdir(parents=True)
        (place / "run.json").touch()
        ended = list(trial.work())
    assert [one.outcome for one in ended] == ["failed", "finished"]
    assert "damaged" in ended[0].message


def test_an_option_without_effect_is_said_once(store: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with batch("trial", members(store, "guard.shrink=0.25"), tmp_path):
        pass
    assert [record.message for record in caplog.records if "no effect" in record.message] == [
        "guard.shrink=0.25 has no effect: guard.on_nan=stop never goes back"
    ]
