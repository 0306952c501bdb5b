"""The runs that somebody asks for, by an experiment, by a sweep or another parent, by a filter, or by a folder."""

import math
import os
from collections.abc import Mapping, Sequence
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

from stx.config.schema import MlflowTracking, NoTracking
from stx.errors import UserError, did_you_mean
from stx.pictures.listing import natural
from stx.runs.files import BATCH, ERROR, RUN, STUDY, SWEEP
from stx.runs.latest import OUTPUTS
from stx.runs.shown import Shown, of_folder, of_store
from stx.runs.sweep_record import recorded
from stx.runs.tracking.experiments import CONDITION, ID, Experiments
from stx.runs.tracking.reach import reachable
from stx.runs.tracking.sender import addresses, folder_of_address
from stx.runs.tracking.store import ids
from stx.runs.tracking.stored import Run


class Selection(NamedTuple):
    asked: str
    """How the request was understood, in words."""
    runs: list[Shown]
    """Those of a sweep in the order of its jobs, all others oldest first."""
    sweep: bool = False
    """Whether they are all the jobs of a sweep, one of which may be its best. False for a search, which has an answer
    of its own."""


def selected(asked: str, tracking: MlflowTracking | NoTracking) -> Selection:
    """The runs that `asked` names.

    It is a folder that holds runs; else an experiment; the id of a run, which stands for its children if it has some;
    or an MLflow filter on tracking's experiment. If it is empty, that whole experiment is meant. Raises UserError if it
    is none of these.
    """
    folder = Path(os.path.expanduser(asked))
    if asked and (folders := folders_of_runs(folder)):
        return in_folder(folder, folders)
    if ID.fullmatch(asked) and (here := folder_of(asked)) and (folders := folders_of_runs(here)):
        return in_folder(here, folders)
    if isinstance(tracking, NoTracking):
        raise UserError(f"{asked or 'tracking=none'}: not a folder of runs; without a store nothing else can be named")
    try:
        experiments = Experiments(tracking.uri)
    except UserError as error:
        raise UserError(f"{asked}: no folder with runs in it{near(asked)}; {error}" if asked else str(error)) from None
    with reachable(tracking.uri):
        what, runs = in_store(asked, tracking.experiment, experiments)
    return Selection(what, [of_store(run, experiments.uri) for run in runs])


def in_store(asked: str, experiment: str, experiments: Experiments) -> tuple[str, list[Run]]:
    """How the request was understood, in words, and the runs. Raises UserError, and whatever a store raises."""
    if not asked or asked in experiments.ids:
        return f"Experiment {asked or experiment}", experiments.runs(asked or experiment)
    if ID.fullmatch(asked) and (runs := experiments.below(asked)):
        return f"Run {asked}" if [run.id for run in runs] == [asked] else f"Runs below {asked}", runs
    if CONDITION.search(asked):
        return f"Runs of {experiment} with {asked}", experiments.runs(experiment, asked)
    hint = did_you_mean(asked, experiments.ids) or near(asked)
    if not hint and os.sep in asked and not os.path.exists(os.path.expanduser(asked)):
        hint = f"; there is no folder {asked} here"
    raise UserError(
        f"{asked}: neither a folder with runs in it nor an experiment or the id of a run in {experiments.uri}{hint}\n"
        "a filter is MLflow's, in quotes: \"params.style_stat = 'gram'\""
    )


def folder_of(run_id: str) -> Path | None:
    """The folder below outputs/ of the run, sweep or other batch that has this id in any store."""
    batches = (path.parent for path in OUTPUTS.rglob(BATCH))
    return next((folder for folder in batches if run_id in ids(folder)), None) or folder_of_address(run_id, OUTPUTS)


def in_folder(folder: Path, folders: Mapping[Path, Mapping[str, str]]) -> Selection:
    runs = [of_folder(each, values) for each, values in folders.items()]
    whole = (folder / SWEEP).is_file()
    asked, search = f"{'Sweep' if whole else 'Runs in'} {folder}", (folder / STUDY).exists()
    return Selection(asked, runs if whole else in_time(runs), whole and not search)


def folders_of_runs(folder: Path) -> dict[Path, Mapping[str, str]]:
    """The folders, at or below this one, of runs, of runs that failed before they began, and of a sweep's waiting jobs;
    each with its job's values on the axes of its sweep."""
    if not os.path.isdir(folder):  # no error for a name that is too long, as a filter may be
        return {}
    places = [path.parent for name in (RUN, ERROR) for path in folder.rglob(name)]
    runs: dict[Path, Mapping[str, str]] = {place: {} for place in without_copies(places)}
    for path in {*folder.rglob(SWEEP), *folder.parent.glob(SWEEP)}:
        with suppress(UserError):  # jobs that have begun are found without the record
            jobs = {path.parent / job["folder"]: job["values"] for job in recorded(path.parent)["jobs"]}
            runs |= {place: values for place, values in jobs.items() if place.is_relative_to(folder)}
    return dict(sorted(runs.items(), key=lambda run: [natural(part) for part in run[0].parts]))


def without_copies(places: Sequence[Path]) -> list[Path]:
    """Folders of runs, without those in which a store keeps copies of the files of a run that is among them itself."""
    copies = {place for place in places if place.name == "artifacts" and ID.fullmatch(place.parent.name)}
    ids = {one["run_id"] for place in places if place not in copies for one in addresses(place)} if copies else set()
    return [place for place in places if place not in copies or place.parent.name not in ids]


def near(asked: str) -> str:
    """A hint at a folder with runs that has a similar name, where this one was looked for; empty if it exists."""
    folder = Path(os.path.expanduser(asked))
    try:
        names = [] if folder.exists() else [each.name for each in folder.parent.iterdir() if each.is_dir()]
    except OSError:  # there is no such place
        return ""
    nearest = [folder.parent / name for name in get_close_matches(folder.name, names, 1, 0.75)]
    return "".join(f" (did you mean {each}?)" for each in nearest if folders_of_runs(each))


def in_time(runs: Sequence[Shown]) -> list[Shown]:
    """Oldest first; runs whose start is unknown come last."""
    return sorted(runs, key=lambda run: run.started or math.inf)
