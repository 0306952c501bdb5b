"""A search's study on disk, for whoever has to do with it: the search, and each trial in whatever process it has."""

import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stx.errors import UserError
from stx.runs.files import STUDY

NAME = "stx"


def optuna() -> Any:
    """The package, which takes a second to import. Raises UserError where it is not installed."""
    try:
        import optuna
    except ImportError:
        raise UserError("hydra/sweeper: Optuna is not installed: pip install 'stx[optuna]'") from None
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    warnings.filterwarnings("ignore", category=optuna.exceptions.ExperimentalWarning)
    return optuna


def opened(folder: Path, objectives: int = 0) -> Any:
    """The study that a search's folder holds; with so many `objectives`, each as small as can be, a new one where there
    is none.

    Raises UserError for what is no study.
    """
    package, path = optuna(), folder / STUDY
    try:
        storage = package.storages.JournalStorage(package.storages.journal.JournalFileBackend(str(path)))
        pruner = package.pruners.MedianPruner()
        if NAME in package.get_all_study_names(storage) or not objectives:
            study = package.load_study(study_name=NAME, storage=storage, pruner=pruner)
            asked(study)
            return study
        directions = ["minimize"] * objectives
        return package.create_study(study_name=NAME, storage=storage, pruner=pruner, directions=directions)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path}: damaged, so nothing says what the search has tried ({error})") from None


def mended(folder: Path) -> None:
    """Cut off what a crash has torn: Optuna would write behind it and read neither."""
    path = folder / STUDY
    if path.exists() and (whole := path.read_bytes().rfind(b"\n") + 1) < path.stat().st_size:
        os.truncate(path, whole)


def trial(study: Any, number: int) -> Any:
    """A trial that is at work, to be told of."""
    return optuna().trial.Trial(study, asked(study)[number]._trial_id)


def asked(study: Any) -> Sequence[Any]:
    """All trials so far, by their numbers."""
    return study.get_trials(deepcopy=False)
