"""What a store has of a run, read back."""

import shutil
from functools import partial
from pathlib import Path

import pytest

from stx.runs.tracking.store import Store
from stx.runs.tracking.stored import copies, paged


@pytest.fixture
def store(tmp_path: Path, new_database: Path) -> Store:
    (tmp_path / "outputs").mkdir()
    shutil.copy(new_database, tmp_path / "outputs" / "mlflow.db")
    return Store(f"sqlite:///{tmp_path / 'outputs' / 'mlflow.db'}", "stx")


def test_histories_are_in_the_order_of_steps(store: Store, tmp_path: Path) -> None:
    run = store.parent("thesis", tmp_path)
    for step in (3, 1, 2):
        store.client.log_metric(run.id, "loss/total", 10.0 * step, step=step)
    assert store.read(run.id).history("loss/total") == [(1, 10.0), (2, 20.0), (3, 30.0)]
    assert store.read(run.id).history("nothing") == []


def test_baselines_are_read_from_their_file_and_from_the_metrics_of_earlier_runs(store: Store, tmp_path: Path) -> None:
    (tmp_path / "baselines.json").write_text('{"gram": 0.5}')
    run = store.parent("thesis", tmp_path)
    assert store.read(run.id).baselines == {}
    store.client.log_artifact(run.id, str(tmp_path / "baselines.json"))
    assert store.read(run.id).baselines == {"gram": 0.5}
    store.client.log_metric(run.id, "baseline/gram", 0.25)
    assert store.read(run.id).baselines == {"gram": 0.25}


def test_a_file_of_a_store_that_is_elsewhere_is_copied_into_one_folder_a_run(store: Store, tmp_path: Path) -> None:
    run = store.parent("thesis", tmp_path)
    (tmp_path / "a.txt").write_text("mine")
    store.client.log_artifact(run.id, str(tmp_path / "a.txt"))
    here = store.read(run.id)
    assert here.artifact("a.txt").is_relative_to(tmp_path / "outputs" / "artifacts")
    elsewhere = store.read(run.id)
    elsewhere.artifacts = "mlflow-artifacts:/1"
    with pytest.raises(FileNotFoundError):
        here.artifact("none.txt")
    assert elsewhere.artifact("a.txt").parent == copies(run.id) == copies(run.id)
    assert elsewhere.artifact("a.txt").read_text() == "mine"


def test_all_pages_of_an_answer_are_read(store: Store, tmp_path: Path) -> None:
    runs = {store.parent(name, tmp_path / name).id for name in "abc"}
    several = [*paged(partial(store.client.search_runs, [store.experiment_id], max_results=1))]
    assert (len(several), {run.info.run_id for run in several}) == (3, runs)
    experiments = [*paged(partial(store.client.search_experiments, max_results=1))]
    assert {one.name for one in experiments} == {"Default", "stx"}
