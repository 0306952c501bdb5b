"""What a stopped run is taken up as: found, compared with what was typed, refused; without a step taken."""

import json
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from conftest import TINY
from stx.config.compose import Composition, composition
from stx.config.secrets import STORE, VARIABLE
from stx.errors import UserError
from stx.loop.listener import Row
from stx.runs import identity, resume
from stx.runs.files import JOURNAL, LOSSES, STORED
from stx.runs.identity import Identity
from stx.runs.job import Job
from stx.runs.table import losses_table
from stx.runs.tracking.journal import Journal
from stx.runs.tracking.store import Store

TYPED = [*TINY, "tracking=none", "optim.stop_at=null"]
NOWHERE = {"name": "none"}


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@cache
def composed(*overrides: str) -> Composition:
    return composition([*TYPED, *overrides])


def left(folder: Path, *overrides: str, outcome: str = "running", done: int = 0) -> Identity:
    """What a run of three steps has left behind `done` of them, without pictures."""
    config, choices, typed = composed(*overrides)
    record = Identity("f" * 32, typed, choices, config.model_dump(mode="json", by_alias=True), {}, {}, outcome=outcome)
    folder.mkdir(parents=True)
    identity.write(folder, record)
    if done:
        losses_table(folder / LOSSES)([Row(step, 0.0, {"loss/total": 1.0}) for step in range(1, done + 1)])
    return record


def taken_up(folder: Path, *given: str) -> Job:
    return resume.job(str(folder), list(given), NOWHERE)


def test_a_run_goes_on_as_it_was_but_for_what_may_change(tmp_path: Path) -> None:
    record = left(tmp_path / "run", "optim.history=5")
    same = taken_up(tmp_path / "run", "resume=run", "optim._target_=stx.loop.optimisers.LBFGS", "optim.steps=3")
    assert same.config == composed("optim.history=5").config
    job = taken_up(tmp_path / "run", "optim.steps=7", "optim.stop_at=0.5", "guard.keep_state=true")
    changed = ["optim.history=5", "optim.steps=7", "optim.stop_at=0.5", "guard.keep_state=true"]
    assert job.config == composed(*changed).config
    assert (job.folder.absolute(), job.overrides, job.choices) == (tmp_path / "run", record.overrides, record.choices)
    assert job.resumed == identity.read(tmp_path / "run") == record._replace(resumed=[])


@pytest.mark.parametrize("given", ["optim.history=50", "optim.steps=2"])
def test_what_may_not_change_is_refused_with_both_values(tmp_path: Path, given: str) -> None:
    left(tmp_path / "run")
    key, _, value = given.partition("=")
    with pytest.raises(UserError, match=rf"run: {key} is .* in the run and {value} asked"):
        taken_up(tmp_path / "run", given)


def test_a_file_may_have_another_name_where_the_record_says_what_was_in_it(tmp_path: Path) -> None:
    record = left(tmp_path / "run")
    with pytest.raises(UserError, match=r"run: content is \w+ in the run and flower asked"):
        taken_up(tmp_path / "run", "content=flower")
    identity.write(tmp_path / "run", record._replace(files={"content": "0" * 64}))
    assert taken_up(tmp_path / "run", "content=flower").config.content == "flower"
    with pytest.raises(UserError, match=r"run: seed is 0 in the run and 1 asked"):
        taken_up(tmp_path / "run", "content=flower", "seed=1")


def test_what_another_option_has_not_and_what_it_has_beside_are_both_asked_for() -> None:
    before = resume.settings(TYPED)
    changed = resume.changed_settings(before, TYPED, ["optim=adam"])
    assert changed["optim"] == ("lbfgs", "adam")
    assert changed["optim.history"] == (20, None)
    assert changed["optim.lr"][0] is None
    assert changed["optim._target_"] == ("stx.loop.optimisers.LBFGS", "stx.loop.optimisers.Adam")
    assert "optim.steps" not in changed  # it was typed, and holds for either
    assert resume.changed_settings(before, TYPED, []) == {}


FINISHED = [
    (3, [], [], "has finished its 3 steps; give more"),
    (0, [], [], "has finished its 3 steps; give more"),
    (2, [], ["optim.steps=9"], "ended at step 2 of 3, where its optimiser stalled"),
    (2, ["optim.stop_at=0.1"], [], "ended at step 2 of 3, as its loss fell no more"),
    (3, [], ["optim.steps=9"], ""),
    (2, ["optim.stop_at=0.1"], ["optim.stop_at=null"], ""),
]


@pytest.mark.parametrize(("done", "overrides", "given", "refusal"), FINISHED)
def test_a_run_that_has_ended_goes_on_only_where_it_may_go_further(
    tmp_path: Path, done: int, overrides: list[str], given: list[str], refusal: str
) -> None:
    left(tmp_path / "run", *overrides, outcome="finished", done=done)
    if not refusal:
        assert taken_up(tmp_path / "run", *given).resumed
        return
    with pytest.raises(UserError, match=refusal):
        taken_up(tmp_path / "run", *given)


@pytest.mark.parametrize("outcome", ["running", "interrupted", "diverged"])
def test_a_run_that_has_not_finished_goes_on_without_a_word(tmp_path: Path, outcome: str) -> None:
    left(tmp_path / "run", outcome=outcome, done=2)
    assert taken_up(tmp_path / "run").folder.absolute() == tmp_path / "run"


def test_how_a_run_of_before_ended_is_the_last_word_of_its_journal(tmp_path: Path) -> None:
    record = left(tmp_path / "run", outcome="")
    assert resume.ended(tmp_path / "run", record) == ""
    (tmp_path / "run" / JOURNAL).touch()
    assert resume.ended(tmp_path / "run", record) == ""
    journal = Journal(tmp_path / "run")
    journal.write("rows", [[1, 0, {}]])
    assert resume.ended(tmp_path / "run", record) == ""
    journal.write("end", {"outcome": "diverged"})
    journal.close()
    assert resume.ended(tmp_path / "run", record) == "diverged"
    assert resume.ended(tmp_path / "run", record._replace(outcome="running")) == ""


def test_a_run_is_found_by_its_folder_and_by_its_id_below_outputs(tmp_path: Path) -> None:
    for number in (1, 2):
        folder = tmp_path / "outputs" / "runs" / f"{number}"
        left(folder)
        (folder / STORED).write_text(json.dumps({"run_id": f"{number}" * 32, "experiment_id": "1", "uri": "u"}))
    assert resume.find("outputs/runs/1", NOWHERE) == Path("outputs/runs/1")
    for number in (1, 2):
        assert resume.find(f"{number}" * 32, NOWHERE) == Path(f"outputs/runs/{number}")
    with pytest.raises(UserError, match="neither a run's folder nor the id of a run"):
        resume.find("3" * 32, {"name": "mlflow", "uri": f"sqlite:///{tmp_path}/none.db", "experiment": "stx"})
    with pytest.raises(UserError, match=r"runs holds no run that has begun"):
        taken_up(tmp_path / "outputs" / "runs")


def test_a_refusal_names_the_newest_run_by_its_folder_and_any_other_as_it_was_typed(tmp_path: Path) -> None:
    folder = tmp_path / "outputs" / "run"
    left(folder, outcome="finished", done=3)
    (folder / STORED).write_text(json.dumps({"run_id": "1" * 32, "experiment_id": "1", "uri": "u"}))
    (tmp_path / "outputs" / "latest").symlink_to("run")
    for typed, named in (("last", "outputs/run"), ("1" * 32, "1" * 32)):
        with pytest.raises(UserError, match=f"^resume={named}: that run has finished its 3 steps") as refused:
            resume.job(typed, [], NOWHERE)
        assert (resume.BEGUN in str(refused.value)) == (typed == "last")


def test_a_run_is_found_by_its_id_in_the_store_as_long_as_its_folder_is_there(
    tmp_path: Path, new_database: Path
) -> None:
    shutil.copy(new_database, tmp_path / "mlflow.db")
    store: dict[str, Any] = {"name": "mlflow", "uri": f"sqlite:///{tmp_path}/mlflow.db", "experiment": "stx"}
    run = Store(store["uri"], "stx").parent("thesis", tmp_path / "run")
    assert resume.find(run.id, store) == tmp_path / "run"
    shutil.rmtree(tmp_path / "run")
    with pytest.raises(UserError, match="neither a run's folder nor the id of a run"):
        resume.find(run.id, store)


def test_the_store_is_where_the_run_left_it_or_where_it_moved_to_or_as_typed(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path}/outputs/mlflow.db"
    record = left(tmp_path / "outputs" / "run", "tracking=mlflow", f"tracking.uri={uri}")
    identity.write(tmp_path / "outputs" / "run", record._replace(store_from_here="../mlflow.db"))
    (tmp_path / "outputs" / "mlflow.db").touch()
    assert taken_up(tmp_path / "outputs" / "run").config.tracking.uri == uri
    (tmp_path / "outputs").rename(tmp_path / "moved")
    assert taken_up(tmp_path / "moved" / "run").config.tracking.uri == uri.replace("/outputs/", "/moved/")
    typed = taken_up(tmp_path / "moved" / "run", "tracking.uri=http://127.0.0.1:9")
    assert typed.config.tracking.uri == "http://127.0.0.1:9"


@pytest.mark.parametrize("variable", ["http://bob:other@team:5000", "", "http://a:b@c?password=d"])
def test_a_run_goes_on_in_its_own_store_whatever_the_variable_says_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(VARIABLE, "mine")
    began = ("tracking=mlflow", "tracking.offline_ok=true", "tracking.uri=http://bob:***@mine:5000")
    left(tmp_path / "run", *began)
    monkeypatch.setenv(STORE, variable)
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", variable)
    for given in ((), ("optim.steps=7",), ("tracking.offline_ok=false",)):
        tracking = taken_up(tmp_path / "run", *given).config.tracking
        assert tracking.uri == "http://bob:mine@mine:5000"  # type: ignore[union-attr]
        assert tracking.experiment == "stx"  # type: ignore[union-attr]


def test_files_are_those_where_the_run_began_and_of_the_same_names_here_where_there_are_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = left(tmp_path / "run", "content=photo.png", "style=painting.png")
    for folder in ("began", "now"):
        (tmp_path / folder).mkdir()
    for name in ("began/photo.png", "began/painting.png", "now/photo.png", "now/painting.png"):
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path / "now")
    for begun_in, there in (("began", "../began/"), ("gone", ""), ("", "")):
        identity.write(tmp_path / "run", record._replace(begun_in=begun_in and str(tmp_path / begun_in)))
        config = taken_up(tmp_path / "run").config
        assert (config.content, config.style) == (f"{there}photo.png", f"{there}painting.png")


def test_a_picture_is_delivered_where_it_was_asked_for_or_where_it_is_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = left(tmp_path / "run", "output.file=out.jpg")._replace(begun_in=str(tmp_path))
    identity.write(tmp_path / "run", record)
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    assert taken_up(tmp_path / "run").config.output.file == "../out.jpg"
    given = ("output.file=other.png", "output.bits=16", "output.timelapse=gif", "output.metadata=false")
    output = taken_up(tmp_path / "run", *given).config.output
    assert (output.file, output.bits, output.timelapse, output.metadata) == ("other.png", 16, "gif", False)
    with pytest.raises(UserError, match=r"output\.bits=16: other\.jpg has room for 8"):
        taken_up(tmp_path / "run", "output.file=other.jpg", "output.bits=16")


def test_a_run_of_before_delivers_what_it_is_asked_for_now(tmp_path: Path) -> None:
    record = left(tmp_path / "run")
    config = {section: values for section, values in record.config.items() if section != "output"}
    identity.write(tmp_path / "run", record._replace(config=config))
    assert not taken_up(tmp_path / "run").config.output.metadata
    assert taken_up(tmp_path / "run", "output.file=other.png").config.output.file == "other.png"


def test_several_styles_are_found_again_from_another_folder(tmp_path: Path) -> None:
    (tmp_path / "begun").mkdir()
    for name in ("a", "b"):
        (tmp_path / "begun" / f"{name}.png").touch()
    record = left(tmp_path / "run", "style=[a.png,swirls,b.png]")
    identity.write(tmp_path / "run", record._replace(begun_in=str(tmp_path / "begun")))
    assert taken_up(tmp_path / "run").config.style == ["begun/a.png", "swirls", "begun/b.png"]


def test_a_picture_that_is_not_there_any_more_is_named_with_its_run_and_may_be_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").touch()
    record = left(tmp_path / "run", "content=photo.jpg")
    identity.write(tmp_path / "run", record._replace(files={"content": "0" * 64}))
    (tmp_path / "photo.jpg").rename(tmp_path / "moved.jpg")
    with pytest.raises(
        UserError, match=r"^resume=.*run: its content, photo\.jpg, is not there any more; put it back, or"
    ):
        taken_up(tmp_path / "run")
    assert taken_up(tmp_path / "run", "content=moved.jpg").config.content == "moved.jpg"
