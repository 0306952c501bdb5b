"""A trial that is cut short where earlier ones had come further."""

from pathlib import Path

import pytest
from optuna.trial import TrialState

from conftest import SHALLOW, SMALL
from stx.config.compose import composition
from stx.loop.listener import Listener
from stx.runs import identity
from stx.runs.files import MEASURES
from stx.runs.job import Job
from stx.runs.make import run
from stx.runs.pruning import Pruner, merit, pruner
from stx.runs.study import all_trials, opened

BOUND = 0.8


def measured(style: float, content: float) -> dict[str, float]:
    names = ("measure/sliced_wasserstein", "measure/content", "baseline/sliced_wasserstein")
    return dict(zip(names, (2 * style, content, 2.0), strict=True))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Of a search whose five first trials were at 0.5 of the style at step 10, within the bound, and a last is at
    work."""
    study = opened(tmp_path, 1)
    for value in (0.3, 0.4, 0.5, 0.6, 0.7):
        one = study.ask()
        one.report(value, 10)
        one.set_constraint("content", -0.1)
        study.tell(one, value)
    study.ask()
    return tmp_path


def watcher(folder: Path, steps: int = 20) -> Pruner:
    return Pruner(folder, 5, BOUND, steps)


@pytest.mark.parametrize(("style", "content", "enough"), [(0.45, 0.3, False), (0.55, 0.3, True), (0.1, 1.2, True)])
def test_a_run_behind_the_median_at_its_step_has_had_enough(
    folder: Path, style: float, content: float, enough: bool
) -> None:
    watching = watcher(folder)
    watching.observed(measured(style, content), 10)
    assert watching.enough is enough
    assert all_trials(opened(folder))[5].intermediate_values == {10: pytest.approx(merit(style, content, BOUND))}


def test_trials_that_left_the_photograph_end_no_other(folder: Path) -> None:
    study = opened(folder)
    for _ in range(9):  # ahead of all others in style
        one = study.ask()
        one.report(0.05, 10)
        one.set_constraint("content", 0.2)
        study.tell(one, 0.05)
    watching = watcher(folder)
    watching.observed(measured(0.45, 0.3), 10)
    assert not watching.enough


def test_nothing_is_cut_short_behind_its_last_step_and_what_is_measured_again_is_told_once(folder: Path) -> None:
    watching = watcher(folder, steps=10)
    for _ in range(2):  # of a run that goes on behind an earlier state
        watching.observed(measured(0.9, 0.3), 10)
    assert not watching.enough
    assert opened(folder).tell(5, state=TrialState.PRUNED).value == pytest.approx(0.9)


def test_a_run_that_nobody_searches_is_watched_by_nobody() -> None:
    assert not pruner({})


class Enough(Listener):
    def observed(self, measured: dict[str, float], step: int) -> None:  # type: ignore[override]
        assert {"measure/content", "baseline/sliced_wasserstein"} <= measured.keys()
        self.enough = step == 2


def test_a_run_that_is_cut_short_keeps_its_picture_and_its_measures_and_is_not_finished(tmp_path: Path) -> None:
    typed = [*SMALL, *SHALLOW, "tracking=none", "tracking.measures_every=1", "optim.steps=6", "optim.pyramid=[3]"]
    config, choices, overrides = composition(typed)
    result = run(Job(config, tmp_path / "run", choices, overrides, quiet=True), Enough())
    record = identity.read(tmp_path / "run")
    assert record
    assert (result.outcome, record.outcome) == ("pruned", "pruned")
    assert result.measured["measure/content"] > 0
    assert (tmp_path / "run" / MEASURES).exists()
    assert (tmp_path / "run" / "losses.csv").read_text().splitlines()[-1].startswith("2,")
