"""Optuna's plots of a search."""

from pathlib import Path

import pytest
from PIL import Image

from stx.runs.study import opened
from stx.studies.sweep.findings import plots


@pytest.mark.parametrize(
    ("objectives", "names"),
    [
        (1, ["history-style", "importances-style", "along-the-way"]),
        (2, ["front", "history-style", "importances-style", "history-content", "importances-content"]),
    ],
)
def test_a_search_has_optuna_s_plots(tmp_path: Path, objectives: int, names: list[str]) -> None:
    study = opened(tmp_path, objectives)
    assert plots(study, tmp_path, True) == []  # before the first has ended
    for _ in range(5):
        one = study.ask()
        value = one.suggest_float("beta", 1, 10)
        if objectives == 1:
            one.report(value, 3)
        study.tell(one, [value, 1 / value][:objectives])
    drawn = plots(study, tmp_path, True)
    assert [path.name for _, path in drawn] == [f"search-{name}.png" for name in names]
    for _, path in drawn:
        with Image.open(path) as picture:
            assert len(picture.convert("RGB").getcolors(10**6) or ()) > 10
    assert plots(study, tmp_path, False) == drawn


def test_trials_that_are_all_alike_end_no_search(tmp_path: Path) -> None:
    study = opened(tmp_path, 1)
    for _ in range(3):
        one = study.ask()
        one.suggest_categorical("stat", ["gram"])
        study.tell(one, 0.5)
    assert plots(study, tmp_path, True)
