"""A sweep: its jobs, checked before the first, and known again by what their results depend on."""

import os
import time
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from stx.config.command import say
from stx.config.compose import (
    HydraException,
    at_work,
    compose,
    escaped,
    jobs_of_sweep,
    key_of,
    overrides_of,
    stands_for_several,
)
from stx.config.effects import ineffective, swept_in_vain
from stx.config.refusals import explain_hydra
from stx.errors import UserError, some_of
from stx.runs.axes import Photograph, is_axis, unfolded, with_others
from stx.runs.check import check, reach_store
from stx.runs.files import RUN, SETTINGS
from stx.runs.naming import named, told_apart
from stx.runs.sweep_before import refuse_otherwise
from stx.runs.sweep_record import OWN, recorded
from stx.runs.task import Task

if TYPE_CHECKING:
    from PIL.Image import Image

PLACE = "hydra.sweep.dir"
"""The option that names a sweep's folder."""
OFTEN = 10.0
"""Seconds between two lines of how many jobs have been checked."""


def plan(config: DictConfig) -> list[Task]:
    """The jobs of a plain product. Raises UserError for the first that could not run, or not in its folder.

    Where the sweep goes on, a job keeps the number and the folder that it had.
    """
    place = Path(config.hydra.sweep.dir)
    if recorded(place) and not config.sweep.resume:
        raise UserError(f"{place} holds a sweep; continue it with resume={place}, or name another: hydra.sweep.dir=...")
    refuse_within_a_run(place)
    before = recorded(place)
    own: Any = OmegaConf.to_container(config.hydra.overrides.hydra)
    asked = jobs_of_sweep(config, unfolded)
    refuse_twice(overrides_of(config))
    if not asked:
        raise UserError("--multirun: the sweep is empty, there is no job in it")
    asked = [[text for text in overrides if not key_of(text).startswith(OWN)] for overrides in asked]
    with at_work():
        refuse_otherwise(place, before, asked, overrides_of(config), own)
        tasks = all_checked(config, asked, before.get("jobs", ()))
    said = dict.fromkeys(line for task in tasks for line in ineffective(task.config, task.overrides))
    for line in (*said, swept_in_vain(task.config for task in tasks)):
        if line:
            say(f"stx: {line}")
    for config_ in {task.config.tracking: task.config for task in tasks}.values():
        reach_store(config_)
    return tasks


def all_checked(config: DictConfig, asked: Sequence[list[str]], before: Sequence[Mapping[str, Any]]) -> list[Task]:
    """The jobs that are `asked`, each once, with the numbers and folders that those `before` had. Raises UserError."""
    kept: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for job in before:
        kept[job["digest"]].append((job["number"], job["folder"]))
    numbers = iter(range(1 + max((job["number"] for job in before), default=-1), 10**9))
    tasks: dict[str, Task] = {}
    again: dict[str, None] = {}
    taken, told, photograph = set[Path](), time.monotonic(), Photograph()
    for overrides, values in zip(asked, axes(asked), strict=True):
        try:
            one = checked(config, overrides, values, kept, numbers, taken, photograph.of(overrides))
        except UserError as error:
            raise UserError(with_others(str(error), overrides, asked)) from None
        same = tasks.setdefault(one.digest, one)
        if same is not one:
            again[as_another(one.values, same.values)] = None
        taken.add(same.folder.resolve())
        if time.monotonic() - told > OFTEN:
            say(f"stx: {len(tasks)} of {len(asked)} jobs have been checked; the first starts when all have")
            told = time.monotonic()
    if again:
        say(f"stx: duplicate jobs, run once: {some_of(list(again))}")
    return list(tasks.values())


def as_another(values: Mapping[str, str], others: Mapping[str, str]) -> str:
    """By what a job looks like another one than that which it is."""
    pairs = [(key, told_apart([value, others[key]])) for key, value in values.items() if value != others[key]]
    return " ".join(f"{named(key, labels[values[key]])} as {named(key, labels[others[key]])}" for key, labels in pairs)


def checked(
    sweep: DictConfig,
    overrides: list[str],
    values: dict[str, str],
    kept: Mapping[str, list[tuple[int, str]]],
    numbers: Any,
    taken: Collection[Path],
    given: Mapping[str, "Image"] = MappingProxyType({}),
) -> Task:
    """One job, in a folder that is none of those that others have `taken`. Pictures that are `given` are as for
    `check`. Raises UserError."""
    from stx.runs.digest import digest  # late: they import torch
    from stx.runs.identity import refuse_taken

    own: Any = OmegaConf.to_container(sweep.hydra.overrides.hydra)  # with the ${...} in them
    place = Path(sweep.hydra.sweep.dir)
    try:
        whole = compose([*own, *overrides], sweep.hydra.job.config_name)
        job, inputs = check(whole, place, given=given, option=PLACE)
        key = digest(job, inputs)
        if job.resume is not None:
            raise UserError("resume= continues one run: leave out --multirun")
        if kept.get(key):
            number, name = kept[key].pop(0)
            folder = place / name
        else:
            number = next(numbers)
            folder = folder_of_job(sweep, whole, number)
            if not folder.absolute().is_relative_to(place.absolute()) or ".." in folder.parts[len(place.parts) :]:
                raise UserError(f"hydra.sweep.subdir={whole.hydra.sweep.subdir} leads out of the sweep's folder")
            if folder.resolve() in taken:  # by a link, too
                raise UserError(f"{folder} is another job's too: let hydra.sweep.subdir tell them apart")
            refuse_taken(folder, PLACE)
    except (UserError, HydraException) as error:
        why = explain_hydra(error, None) if isinstance(error, HydraException) else str(error)
        raise UserError(f"{why}\n(in the job {' '.join(overrides)}; none was started)") from None
    return Task(number, overrides, values, folder, job, key)


def axes(jobs: Sequence[Sequence[str]]) -> list[dict[str, str]]:
    """Of each job, what it sets otherwise than another one, by key."""
    values = [{key_of(text): text.partition("=")[2] for text in job} for job in jobs]
    keys = [key for key in dict.fromkeys(chain(*values)) if len({job.get(key) for job in values}) > 1]
    return [{key: job.get(key, "") for key in keys} for job in values]


def by_axes(tasks: Sequence[Task]) -> list[Task]:
    """The same, each with what it sets otherwise than another one of them."""
    values = axes([task.overrides for task in tasks])
    return [task._replace(values=own) for task, own in zip(tasks, values, strict=True)]


def refuse_within_a_run(folder: Path) -> None:
    """Raise UserError for a sweep in a run's folder, or below it: what resume= means there would be anybody's guess."""
    for place in (folder.absolute(), *folder.absolute().parents):
        if (place / RUN).is_file():
            raise UserError(f"{place} holds a run; name another folder for the sweep: hydra.sweep.dir=...")


def refuse_twice(typed: Sequence[str]) -> None:
    """Raise UserError where an axis is set twice: Hydra would take the last and not say so; and for one of the sweep's
    own options."""
    for text in typed:
        if key_of(text).startswith(OWN) and stands_for_several(text):
            raise UserError(f"{text}: {key_of(text)} applies to the whole sweep and cannot be an axis; give one value")
    for key in map(key_of, typed):
        same = [text for text in typed if key_of(text) == key]
        if len(same) > 1 and any(stands_for_several(one) or is_axis(one) for one in same):
            both = " and ".join(same)
            raise UserError(f"{both}: {key} is given twice; give all of its values in one, {key}=a,b,c")


def folder_of_job(sweep: DictConfig, whole: DictConfig, number: int) -> Path:
    """Where Hydra's launcher will let a job work."""
    OmegaConf.copy_cache(sweep, whole)  # the same ${now:...}
    with read_write(whole), open_dict(whole):
        whole.hydra.job.num = number
        whole.hydra.job.id = f"{number}"
        whole.hydra.sweep.dir = escaped(str(sweep.hydra.sweep.dir))  # of one that goes on, where it had been
        return Path(whole.hydra.sweep.dir) / str(whole.hydra.sweep.subdir)


def refuse_somebody_s(folder: Path, names: Sequence[str] = ()) -> None:
    """Raise UserError where a sweep's settings, or one of the files that have these names in its folder, would be
    written over what is no sweep's."""
    settings = folder / SETTINGS
    if settings.is_file() and settings.read_bytes()[:6] == b"hydra:":
        return
    for path in (settings, *(folder / name for name in names)):
        if os.path.lexists(path):
            raise UserError(f"{path} would be overwritten; name another folder: {PLACE}=...")
