"""Which runs are meant, whoever knows of them: a store, or their folders alone."""

import json
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from conftest import TINY
from stx.config.compose import composition
from stx.config.schema import MlflowTracking, NoTracking
from stx.errors import UserError
from stx.runs import identity
from stx.runs.files import RUN
from stx.runs.identity import Identity
from stx.runs.job import Job
from stx.runs.make import run
from stx.runs.selection import folders_of_runs, near, selected
from stx.runs.shown import Shown
from stx.runs.tracking.store import Store


class Stored(NamedTuple):
    """Two parents, one in the other, with a run each, and a run by itself."""

    folder: Path
    uri: str
    outer: str
    inner: str


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory, new_database: Path) -> Stored:
    folder = tmp_path_factory.mktemp("stored")
    shutil.copy(new_database, folder / "mlflow.db")
    uri = f"sqlite:///{folder / 'mlflow.db'}"
    store = Store(uri, "stx")
    outer, inner = store.parent("outer", folder / "outer").id, store.parent("inner", folder / "inner").id
    store.client.set_tag(inner, "mlflow.parentRunId", outer)
    store.client.create_experiment("empty")
    for name, parent, statistic in (("a", outer, "gram"), ("b", inner, "mean_std"), ("c", "", "gram")):
        config, choices, typed = composition(
            [*TINY, f"style_stat={statistic}", f"tracking.uri={uri}", "tracking.pictures_every=2"]
        )
        tags = {"mlflow.parentRunId": parent} if parent else {}
        run(Job(config, folder / "runs" / name, choices, typed, tags, quiet=True, name=name))
    return Stored(folder, uri, outer, inner)


def tracking(uri: str, experiment: str = "stx") -> MlflowTracking:
    told = composition([f"tracking.uri={uri}", f"tracking.experiment={experiment}"]).config.tracking
    assert isinstance(told, MlflowTracking)
    return told


NO_STORE = NoTracking(name="none", pictures_every=0, measures_every=0, grad_norms_every=0, plots=False)


def names(runs: list[Shown]) -> list[str]:
    return [run.name for run in runs]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("", ["a", "b", "c"]),
        ("stx", ["a", "b", "c"]),
        ("empty", []),
        ("{outer}", ["a", "b"]),
        ("{inner}", ["b"]),
        ("params.style_stat = 'gram'", ["a", "c"]),
        ("metrics.`loss/total` > 1e30", []),
        ("tags.`stx.batch` = 'inner'", ["inner"]),  # a parent, where nothing else is meant
    ],
)
def test_experiments_parents_and_filters_are_told_apart(stored: Stored, asked: str, expected: list[str]) -> None:
    asked = asked.format(outer=stored.outer, inner=stored.inner)
    assert names(selected(asked, tracking(stored.uri)).runs) == expected


def test_the_id_of_a_run_is_that_run_and_of_a_deleted_one_says_how_it_comes_back(stored: Stored) -> None:
    (only,) = [one for one in selected("stx", tracking(stored.uri)).runs if one.name == "c"]
    assert names(selected(only.id, tracking(stored.uri)).runs) == ["c"]
    client = Store(stored.uri, "stx").client
    client.delete_run(only.id)
    try:
        assert names(selected("stx", tracking(stored.uri)).runs) == ["a", "b"]
        with pytest.raises(UserError, match=f"mlflow runs restore --run-id {only.id}"):
            selected(only.id, tracking(stored.uri))
    finally:
        client.restore_run(only.id)


def test_a_run_is_the_same_whether_its_store_or_its_folder_shows_it(stored: Stored) -> None:
    of_store = {one.name: one for one in selected("stx", tracking(stored.uri)).runs}
    of_folder = {one.folder.name: one for one in selected(str(stored.folder / "runs"), NO_STORE).runs if one.folder}
    assert of_store.keys() == of_folder.keys() == {"a", "b", "c"}
    for name, one in of_store.items():
        other = of_folder[name]
        for field in ("id", "outcome", "message", "params", "command", "link", "folder"):
            assert getattr(one, field) == getattr(other, field), field
        assert {metric: one.metrics[metric] for metric in other.metrics} == pytest.approx(other.metrics)
        assert one.picture() == other.picture() == stored.folder / "runs" / name / "output.png"
        assert one.along() == other.along() == {step: f"pictures/step-{step:06d}.png" for step in (0, 2, 3)}
        assert one.losses() == other.losses()
        assert [step for step, _ in one.losses()["loss/total"]] == [1, 2, 3]


def test_where_the_folder_is_gone_the_store_has_pictures_and_losses(stored: Stored, tmp_path: Path) -> None:
    before = {one.name: one for one in selected("stx", tracking(stored.uri)).runs}["a"]
    assert before.folder
    expected, losses = before.picture("output.png").read_bytes(), before.losses()  # type: ignore[union-attr]
    before.folder.rename(tmp_path / "a")
    try:
        after = {one.name: one for one in selected("stx", tracking(stored.uri)).runs}["a"]
        assert after.folder is None
        assert after.picture("output.png").read_bytes() == expected  # type: ignore[union-attr]
        assert list(after.along()) == [0, 2, 3]
        assert after.picture(after.along()[2])
        assert after.picture("none.png") is None
        assert {name: [step for step, _ in points] for name, points in after.losses().items()} == {
            name: [step for step, _ in points] for name, points in losses.items()
        }
    finally:
        (tmp_path / "a").rename(before.folder)


def test_a_run_and_a_batch_are_known_by_their_ids_without_their_store(
    stored: Stored, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = stored.folder.parent / "elsewhere"
    shutil.copytree(stored.folder / "runs", root / "outputs" / "batch" / "runs")
    (root / "outputs" / "batch" / "batch.json").write_text(json.dumps({"format": 1, "runs": ["f" * 32]}))
    monkeypatch.chdir(root)
    one = next(one for one in selected("outputs", NO_STORE).runs if one.folder and one.folder.name == "b")
    assert [one.folder for one in selected(one.id, NO_STORE).runs] == [Path("outputs/batch/runs/b")]
    assert len(selected("f" * 32, tracking(stored.uri)).runs) == 3
    assert selected("outputs/batch/runs/b", NO_STORE).runs[0].id == one.id


def test_a_store_s_copies_of_a_run_s_files_are_no_further_runs(tmp_path: Path) -> None:
    kept, gone = (tmp_path / "artifacts" / "1" / (sign * 32) / "artifacts" for sign in "ab")
    for folder in (tmp_path / "runs" / "a", tmp_path / "artifacts" / "mine", kept, gone):
        folder.mkdir(parents=True)
        (folder / RUN).touch()
    address = {"run_id": "a" * 32, "experiment_id": "1", "uri": "sqlite:///mlflow.db"}
    (tmp_path / "runs" / "a" / "mlflow.json").write_text(json.dumps(address))
    assert [*folders_of_runs(tmp_path)] == [gone, tmp_path / "artifacts" / "mine", tmp_path / "runs" / "a"]


def test_a_sweep_s_jobs_are_in_their_order_those_that_wait_or_failed_too(tmp_path: Path) -> None:
    jobs = [
        {"number": n, "folder": f"{n}", "digest": f"{n}", "overrides": [], "values": {"loss_weights.beta": f"{n}"}}
        for n in (0, 1, 2, 10)
    ]
    (tmp_path / "sweep.json").write_text(json.dumps({"format": 1, "overrides": [], "workers": [], "jobs": jobs}))
    for number in (0, 1, 2):
        (tmp_path / f"{number}").mkdir()
    record = Identity("7", ["seed=1"], {"style_stat": "gram"}, {}, {}, {})
    identity.write(tmp_path / "2", record)  # killed
    identity.write(tmp_path / "0", record._replace(outcome="diverged"))
    (tmp_path / "0" / "nan_events.csv").write_text("step,what\n7,loss/style\n")
    (tmp_path / "0" / "losses.csv").write_text("step,loss/total\n6,5.5\n7,nan\n8,")
    (tmp_path / "1" / "error.txt").write_text("no memory\n\nTraceback")
    choice = selected(str(tmp_path), NO_STORE)
    assert (choice.asked, choice.sweep) == (f"Sweep {tmp_path}", True)
    assert not selected(str(tmp_path / "1"), NO_STORE).sweep
    (tmp_path / "study.journal").touch()
    assert not selected(str(tmp_path), NO_STORE).sweep  # a search, whose answer is another matter
    assert [(one.outcome, one.message) for one in choice.runs] == [
        ("diverged", "not finite at step 7: loss/style"),
        ("failed", "no memory"),
        ("interrupted", "its process is gone"),
        ("waiting", ""),
    ]
    assert [one.name for one in choice.runs] == ["beta=0", "beta=1", "beta=2", "beta=10"]
    assert selected(str(tmp_path / "1"), NO_STORE).runs[0].name == "beta=1"
    first, *others = choice.runs
    assert others[0].params == {"loss_weights.beta": "1"}
    assert (first.params, first.command) == ({"style_stat": "gram"}, "stx run seed=1")
    assert first.metrics == {"loss/total": 5.5}
    assert [step for step, _ in first.losses()["loss/total"]] == [6, 7]
    assert first.events() == [(7, "loss/style")]
    assert all((one.picture(), one.along(), one.losses(), one.link) == (None, {}, {}, "") for one in others)
    (tmp_path / "sweep.json").write_text("{")
    assert [*folders_of_runs(tmp_path)] == [tmp_path / "0", tmp_path / "1", tmp_path / "2"]


def test_a_folder_without_runs_takes_no_experiment_s_name_and_one_with_runs_does(
    stored: Stored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "stx").mkdir()
    assert selected("stx", tracking(stored.uri)).asked == "Experiment stx"
    shutil.copytree(stored.folder / "runs" / "a", tmp_path / "stx" / "a")
    assert selected("stx", tracking(stored.uri)).asked == "Runs in stx"


def test_what_is_no_run_is_said(stored: Stored, tmp_path: Path) -> None:
    for asked, told, said in (
        (
            "stxx",
            tracking(stored.uri),
            r"stxx: neither a folder with runs in it nor an experiment .*did you mean stx\?",
        ),
        ("0" * 32, tracking(stored.uri), "0000: neither a folder with runs"),
        ("params.style_stat == 3", tracking(stored.uri), r"params\.style_stat == 3: MLflow cannot read this filter"),
        ("", tracking(stored.uri, "sxt"), r"tracking\.experiment=sxt: .*mlflow\.db has no such experiment \(did you"),
        ("", tracking(f"sqlite:///{tmp_path}/none.db"), r"tracking\.uri=.*none\.db: there is no such file"),
        ("stx", NO_STORE, "stx: not a folder of runs; without a store"),
        (str(tmp_path), NO_STORE, "not a folder of runs"),
    ):
        with pytest.raises(UserError, match=said):
            selected(asked, told)
    assert not (tmp_path / "none.db").exists()


def test_a_misspelt_folder_of_runs_is_answered_with_its_name(
    stored: Stored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "outputs" / "sweeps" / "0").mkdir(parents=True)
    (tmp_path / "outputs" / "sweeps" / "0" / RUN).touch()
    (tmp_path / "outputs" / "empty").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    hint = " (did you mean {}?)"
    assert near("outputs/sweep") == hint.format("outputs/sweeps")
    assert near(f"{tmp_path}/outputs/sweep") == near("~/outputs/sweep") == hint.format(tmp_path / "outputs" / "sweeps")
    assert near("outputs/mine") == near(f"{tmp_path}/outputs/mine") == ""  # however long a path both share
    assert near("outputs/empt") == near("outputs/sweeps") == near("nowhere/sweep") == near("params.beta = '3'") == ""
    for uri in (stored.uri, "sqlite:///none.db"):
        with pytest.raises(UserError, match=r"\(did you mean outputs/sweeps\?\)"):
            selected("outputs/sweep", tracking(uri))
    with pytest.raises(UserError, match="; there is no folder elsewhere/compare-quick here"):
        selected("elsewhere/compare-quick", tracking(stored.uri))
