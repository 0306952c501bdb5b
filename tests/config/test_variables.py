"""MLflow's variables say where runs are told of, as long as nothing that was typed does."""

from pathlib import Path

import pytest
from omegaconf import DictConfig

from stx.config.command import say_once
from stx.config.compose import compose, composition, task
from stx.config.schema import MlflowTracking, validate
from stx.config.variables import say_taken, without_variables

TEAM = "http://bob:s3 cret@team:5000"


@pytest.fixture(autouse=True)
def team(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", TEAM)
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "12")
    say_once.cache_clear()


def store(*typed: str) -> tuple[str, str]:
    tracking = composition(typed).config.tracking
    assert isinstance(tracking, MlflowTracking)
    return tracking.uri, tracking.experiment


def composed(*typed: str) -> DictConfig:
    return task(compose(typed))


def test_a_variable_stands_where_nothing_is_typed() -> None:
    assert store() == ("http://bob:s3%20cret@team:5000", "12")
    assert store("tracking.uri=http://mine:1") == ("http://mine:1", "12")
    assert store("tracking.experiment=mine")[1] == "mine"


def test_an_experiment_s_yaml_counts_as_typed(tmp_path: Path) -> None:
    (tmp_path / "experiment").mkdir()
    (tmp_path / "experiment" / "mine.yaml").write_text("# @package _global_\ntracking: {uri: http://yaml:1}\n")
    assert store(f"hydra.searchpath=[{tmp_path}]", "+experiment=mine")[0] == "http://yaml:1"


def test_without_them_it_is_what_the_yaml_says(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = validate(without_variables(composed())).tracking
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_NAME"):
        monkeypatch.delenv(name)
    assert kept == validate(composed()).tracking
    assert store() == (f"sqlite:///{Path.cwd()}/outputs/mlflow.db", "stx")


def test_what_was_typed_is_kept_even_where_it_names_the_variable() -> None:
    typed = without_variables(composed("tracking.uri=${oc.env:MLFLOW_TRACKING_URI}", "tracking.experiment=mine"))
    assert (typed.tracking.uri, typed.tracking.experiment) == (TEAM, "mine")


def test_what_is_taken_is_said_once_and_without_a_password(capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        say_taken(composed())
    experiment = "tracking.experiment=12 (from MLFLOW_EXPERIMENT_NAME)"
    said = f"stx: tracking.uri=http://bob:***@team:5000 (from MLFLOW_TRACKING_URI), {experiment}\n"
    assert capsys.readouterr().err == said
    say_taken(composed("tracking.uri=http://mine:1"))
    assert capsys.readouterr().err == f"stx: {experiment}\n"
    say_taken(composed("tracking=none"))
    assert capsys.readouterr().err == ""
