"""A search's study on disk, used by the search and by each of its trials, in whatever process that runs."""

import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stx.config.regular import regular
from stx.errors import UserError
from stx.runs.files import STUDY

NAME = "stx"


def optuna() -> Any:
    """The Optuna package, which takes a second to import. Raises UserError if it is not installed."""
    try:
        import optuna
    except ImportError:
        raise UserError("hydra/sweeper: Optuna is not installed: pip install 'stx[optuna]'") from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    return optuna


def opened(folder: Path, objectives: int = 0) -> Any:
    """The study in a search's folder; if there is none, a new one with that many `objectives`, all to be minimised.

    Raises UserError if the file holds no study and there are no objectives to begin one, or if it is damaged.
    """
    package, path = optuna(), folder / STUDY
    if path.exists():
        regular(path)
    try:
        storage = package.storages.JournalStorage(package.storages.journal.JournalFileBackend(str(path)))
        pruner = package.pruners.MedianPruner()
        if NAME in package.get_all_study_names(storage) or not objectives:
            study = package.load_study(study_name=NAME, storage=storage, pruner=pruner)
            all_trials(study)
            return study
        directions = ["minimize"] * objectives
        return package.create_study(study_name=NAME, storage=storage, pruner=pruner, directions=directions)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path}: damaged, so nothing says what the search has tried ({error})") from None


def mended(folder: Path) -> None:
    """Cut off a last line that a crash has torn: Optuna would append to it, and then could read neither."""
    path = folder / STUDY
    if path.exists() and (whole := regular(path).read_bytes().rfind(b"\n") + 1) < path.stat().st_size:
        os.truncate(path, whole)


def trial(study: Any, number: int) -> Any:
    """A running trial, for reporting its values."""
    return optuna().trial.Trial(study, all_trials(study)[number]._trial_id)


def all_trials(study: Any) -> Sequence[Any]:
    """All trials so far, in the order of their numbers."""
    return study.get_trials(deepcopy=False)
