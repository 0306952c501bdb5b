"""A search's trials in its study."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.trial import TrialState

from stx.config.compose import Varied, composition
from stx.errors import UserError
from stx.runs.files import STUDY
from stx.runs.study import all_trials
from stx.runs.task import Task
from stx.studies.sweep import trials
from stx.studies.sweep.results import Row

SPACE: Mapping[str, Any] = {"beta": FloatDistribution(1, 100, log=True), "stat": CategoricalDistribution(["a", "b"])}
AXES = [Varied("beta", "tag(log, interval(1,100))"), Varied("stat", "a,b")]
BOUND = 0.5
NOW = trials.described(AXES, BOUND, "of all else")
FRONT = trials.described(AXES, None, "of all else")


def row(style: float, content: float, outcome: str = "finished") -> Row:
    task = Task(0, [], {}, Path(), composition([]).config, "")
    return Row(task, outcome, "", 1, {}, style, content, 1.0, "")


def answered(one: Any) -> Row:
    """What comes of a trial: the larger beta, the nearer to the style and the further from the photograph."""
    beta = math.log10(one.params["beta"]) / 2
    return row(1 - beta, beta)


def search(folder: Path, count: int, now: Mapping[str, Any] = NOW) -> Any:
    study = trials.taken_up(folder, now)
    for number in range(len(all_trials(study)), count):
        one = trials.ask(study, SPACE, 7, number)
        trials.tell(study, number, answered(one), now["content_at_most"])
    return study


def test_a_search_that_goes_on_asks_what_it_would_have_asked(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    unbroken = search(tmp_path / "one", 14)
    search(tmp_path / "two", 4)
    search(tmp_path / "two", 11)  # where the sampler learns
    broken = search(tmp_path / "two", 14)
    assert [one.params for one in all_trials(broken)] == [one.params for one in all_trials(unbroken)]
    assert len({str(one.params) for one in all_trials(broken)}) == 14


def test_a_trial_that_was_half_asked_when_its_search_was_killed_is_asked_to_the_end(tmp_path: Path) -> None:
    whole = all_trials(search(tmp_path, 3))[2]
    lines = (tmp_path / STUDY).read_bytes().splitlines(keepends=True)
    for cut in range(1, len(lines)):
        (tmp_path / STUDY).write_bytes(b"".join(lines[:cut]) + lines[cut][:9])
        study = trials.taken_up(tmp_path, NOW)
        for number in trials.left(study) or [len(all_trials(study))]:
            assert trials.ask(study, SPACE, 7, number).params.keys() == SPACE.keys()
    assert trials.ask(study, SPACE, 7, 2).params == whole.params


def test_what_has_no_picture_to_be_judged_has_failed_and_the_search_goes_on(tmp_path: Path) -> None:
    study = trials.taken_up(tmp_path, NOW)
    ends = [row(0.4, 0.4, "failed"), row(0.4, 0.4, "diverged"), row(math.nan, 0.4), row(0.6, 0.4)]
    for number, end in enumerate(ends):
        trials.ask(study, SPACE, 7, number)
        trials.tell(study, number, end, BOUND)
    assert [one.state for one in all_trials(study)] == [TrialState.FAIL] * 3 + [TrialState.COMPLETE]
    assert trials.best(study, BOUND) == [3]


def test_the_best_is_the_nearest_to_the_style_of_those_near_enough_to_the_photograph(tmp_path: Path) -> None:
    study = trials.taken_up(tmp_path, NOW)
    assert trials.best(study, BOUND) == []
    for number, end in enumerate([row(0.1, 0.9), row(0.5, 0.5), row(0.6, 0.3), row(0.2, 0.3, "pruned")]):
        trials.ask(study, SPACE, 7, number)
        trials.tell(study, number, end, BOUND)
        assert trials.best(study, BOUND) == ([1] if number else [])
    assert all_trials(study)[3].state == TrialState.PRUNED


def test_the_front_has_what_no_other_trial_beats_in_both(tmp_path: Path) -> None:
    study = trials.taken_up(tmp_path, FRONT)
    for number, end in enumerate([row(0.1, 0.9), row(0.5, 0.5), row(0.6, 0.6)]):
        trials.ask(study, SPACE, 7, number)
        trials.tell(study, number, end, None)
    assert sorted(trials.best(study, None)) == [0, 1]


def test_a_trial_of_an_earlier_one_s_values_ends_as_that_did(tmp_path: Path) -> None:
    space = {"stat": CategoricalDistribution(["a", "b"])}
    study = trials.taken_up(tmp_path, NOW)
    for number in range(3):  # of two values, so that one comes twice
        one = trials.ask(study, space, 7, number)
        if other := trials.twin(study, one):
            trials.tell_alike(study, number, other)
            again = all_trials(study)[number]
            assert (again.values, again.constraints) == (other.values, other.constraints)
        else:
            trials.tell(study, number, row(0.5, number), BOUND)
    assert again.number


def test_what_failed_once_is_tried_again_where_its_values_come_again(tmp_path: Path) -> None:
    space = {"stat": CategoricalDistribution(["a"])}
    study = trials.taken_up(tmp_path, NOW)
    for number, outcome in enumerate(("failed", "finished", "finished")):
        one = trials.ask(study, space, 7, number)
        twin = trials.twin(study, one)
        assert (twin.number if twin else None) == (1 if number == 2 else None)
        trials.tell(study, number, row(0.5, 0.1, outcome), BOUND)


@pytest.mark.parametrize(
    ("other", "answer"),
    [
        (trials.described(AXES[:1], BOUND, "of all else"), "it has stat=a,b, and no stat is typed"),
        (trials.described([AXES[0], Varied("stat", "a,c")], BOUND, "of all else"), "and stat=a,c is typed"),
        (trials.described(AXES, 0.7, "of all else"), "content_at_most=0.5, and hydra.sweeper.content_at_most=0.7"),
        (FRONT, "hydra.sweeper.content_at_most=null is typed"),
        (trials.described(AXES, BOUND, "of another photograph"), "what is not searched"),
    ],
)
def test_a_study_of_another_search_is_refused(tmp_path: Path, other: Mapping[str, Any], answer: str) -> None:
    search(tmp_path, 1)
    before = (tmp_path / STUDY).read_bytes()
    trials.refuse_another(tmp_path, NOW, 9)
    with pytest.raises(UserError, match=answer):
        trials.refuse_another(tmp_path, other, 9)
    assert (tmp_path / STUDY).read_bytes() == before
