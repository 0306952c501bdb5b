"""The words of a command of many runs."""

import pytest

from stx.config.own_options import launcher_options, own_options
from stx.errors import UserError

NAMES = ("photographs", "tolerance", "runs", "pictures")


def test_own_options_are_told_from_those_of_the_runs_and_the_last_one_counts() -> None:
    typed = ["runs=3", "seed=1", "runs=4", "tracking.pictures_every=5", "+style_stat.radius=2", "~prior"]
    assert own_options(typed, NAMES) == ({"runs": "4"}, ["seed=1", *typed[3:]])


@pytest.mark.parametrize(
    ("typed", "meant"), [("tolerence=1", "tolerance"), ("photo=a.png", "photographs"), ("run=3", "runs")]
)
def test_a_misspelt_option_of_the_command_is_answered_with_its_name(typed: str, meant: str) -> None:
    with pytest.raises(UserError, match=rf"^there is no option {typed.partition('=')[0]} \(did you mean {meant}\?\)$"):
        own_options([typed], NAMES)


@pytest.mark.parametrize("typed", ["contnet=china", "steps=3", "beta=1", "seeed=1", "tracking.picture_every=3"])
def test_all_other_mistakes_are_left_to_the_check_of_the_runs(typed: str) -> None:
    assert own_options([typed], NAMES) == ({}, [typed])


def test_the_launcher_has_options_of_its_own_and_those_of_a_sweep_or_one_run_are_refused() -> None:
    launcher, others = ["hydra/launcher=joblib", "hydra.launcher.n_jobs=2", "sweep.jobs=2"], ["seed=1"]
    assert launcher_options([*launcher, *others]) == (launcher, others)
    for typed in ("sweep.plan=true", "sweep.resume=true", "live=true"):
        with pytest.raises(UserError, match=typed):
            launcher_options([typed])
