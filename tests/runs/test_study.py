"""A search's study on disk."""

import sys
from pathlib import Path

import pytest

from stx.errors import UserError
from stx.runs.files import STUDY
from stx.runs.study import all_trials, mended, opened, optuna, trial


def test_a_torn_line_costs_nothing_but_itself(tmp_path: Path) -> None:
    study = opened(tmp_path, 1)
    study.ask()
    whole = (tmp_path / STUDY).read_bytes()
    (tmp_path / STUDY).write_bytes(whole + b'{"op_code":4,"wor')
    mended(tmp_path)
    assert (tmp_path / STUDY).read_bytes() == whole
    opened(tmp_path).ask()
    assert len(all_trials(opened(tmp_path))) == 2


def test_to_open_a_study_changes_nothing_of_it(tmp_path: Path) -> None:
    opened(tmp_path, 1)
    before = (tmp_path / STUDY).read_bytes()
    for objectives in (0, 1):
        opened(tmp_path, objectives)
    assert (tmp_path / STUDY).read_bytes() == before


def test_a_damaged_study_is_named(tmp_path: Path) -> None:
    opened(tmp_path, 1).ask()
    (tmp_path / STUDY).write_bytes(b"not a study\n" + (tmp_path / STUDY).read_bytes())
    with pytest.raises(UserError, match=r"study\.journal: damaged, so nothing says what the search has tried"):
        opened(tmp_path)


def test_another_process_tells_the_same_study(tmp_path: Path) -> None:
    study = opened(tmp_path, 1)
    number = study.ask().number
    trial(opened(tmp_path), number).report(0.5, 3)  # with eyes of its own, as a member has them
    assert all_trials(study)[number].intermediate_values == {3: 0.5}


def test_without_optuna_its_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(UserError, match=r"Optuna is not installed: pip install 'stx\[optuna\]'"):
        optuna()
