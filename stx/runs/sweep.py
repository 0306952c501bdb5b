"""A sweep: its jobs, all checked before the first starts, and recognised by what their results depend on."""

import os
import shlex
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
from stx.runs.check import begin_store, check, reach_store
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
"""Seconds between two messages that say how many jobs have been checked."""


def plan(config: DictConfig) -> list[Task]:
    """The jobs of a sweep that is a plain product of its axes, checked.

    If the sweep is continued, a job keeps the number and the folder that it had. Raises UserError for the first job
    that could not run, or could not run in its folder.
    """
    place = Path(config.hydra.sweep.dir)
    before = recorded(place)
    if before and not config.sweep.resume:
        raise UserError(f"{place} holds a sweep; continue it with resume={place}, or name another: hydra.sweep.dir=...")
    refuse_within_a_run(place)
    own: Any = OmegaConf.to_container(config.hydra.overrides.hydra)
    asked = jobs_of_sweep(config, unfolded)
    refuse_twice(overrides_of(config))
    if not asked:
        raise UserError("--multirun: the sweep is empty, there is no job in it")
    asked = [[text for text in overrides if not key_of(text).startswith(OWN)] for overrides in asked]
    if not config.sweep.plan:
        begin_store(config)
    with at_work():
        refuse_otherwise(place, before, asked, overrides_of(config), own)
        tasks = all_checked(config, asked, before.get("jobs", ()))
    said = dict.fromkeys(line for task in tasks for line in ineffective(task.config, task.overrides))
    for line in (*said, swept_in_vain(task.config for task in tasks)):
        if line:
            say(f"stx: {line}")
    if not config.sweep.plan:  # which starts nothing: reaching a store that is a file would create it
        for config_ in {task.config.tracking: task.config for task in tasks}.values():
            reach_store(config_)
    return tasks


def all_checked(config: DictConfig, asked: Sequence[list[str]], before: Sequence[Mapping[str, Any]]) -> list[Task]:
    """The jobs that are `asked` for, each once; those from `before` keep number and folder. Raises UserError."""
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
            again[as_another(one.values, same.values) or shlex.join(overrides)] = None
        taken.add(same.folder.resolve())
        if time.monotonic() - told > OFTEN:
            say(f"stx: {len(tasks)} of {len(asked)} jobs have been checked; the first starts when all have")
            told = time.monotonic()
    if again:
        say(f"stx: duplicate jobs, run once: {some_of(list(again))}")
    return list(tasks.values())


def as_another(values: Mapping[str, str], others: Mapping[str, str]) -> str:
    """The values in which a duplicate job differs from the job that it repeats, as "key=value as key=other"."""
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
    """One job, checked, in a folder that no other job has `taken`. Raises UserError.

    `given` pictures are as for `check`.
    """
    from stx.runs.digest import digest  # late: they import torch
    from stx.runs.identity import refuse_taken

    own: Any = OmegaConf.to_container(sweep.hydra.overrides.hydra)  # unresolved, with the ${...} in them
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
            if folder.resolve() in taken:  # be it through a link
                raise UserError(f"{folder} is another job's too: let hydra.sweep.subdir tell them apart")
            refuse_taken(folder, PLACE)
    except (UserError, HydraException) as error:
        why = explain_hydra(error, None) if isinstance(error, HydraException) else str(error)
        raise UserError(f"{why}\n(in the job {' '.join(overrides)}; none was started)") from None
    return Task(number, overrides, values, folder, job, key)


def axes(jobs: Sequence[Sequence[str]]) -> list[dict[str, str]]:
    """For each job, its values of the options in which the jobs differ, by key; empty where it sets none."""
    values = [{key_of(text): text.partition("=")[2] for text in job} for job in jobs]
    keys = [key for key in dict.fromkeys(chain(*values)) if len({job.get(key) for job in values}) > 1]
    return [{key: job.get(key, "") for key in keys} for job in values]


def by_axes(tasks: Sequence[Task]) -> list[Task]:
    """The same tasks, with their values on the axes recomputed: the options in which these tasks differ."""
    values = axes([task.overrides for task in tasks])
    return [task._replace(values=own) for task, own in zip(tasks, values, strict=True)]


def refuse_within_a_run(folder: Path) -> None:
    """Raise UserError for a sweep in a run's folder, or below it: resume= would be ambiguous there."""
    for place in (folder.absolute(), *folder.absolute().parents):
        if (place / RUN).is_file():
            raise UserError(f"{place} holds a run; name another folder for the sweep: hydra.sweep.dir=...")


def refuse_twice(typed: Sequence[str]) -> None:
    """Raise UserError if an axis is set twice, as Hydra would silently take the last, or is one of the sweep's own
    options."""
    for text in typed:
        if key_of(text).startswith(OWN) and stands_for_several(text):
            raise UserError(f"{text}: {key_of(text)} applies to the whole sweep and cannot be an axis; give one value")
    for key in map(key_of, typed):
        same = [text for text in typed if key_of(text) == key]
        if len(same) > 1 and any(stands_for_several(one) or is_axis(one) for one in same):
            both = " and ".join(same)
            raise UserError(f"{both}: {key} is given twice; give all of its values in one, {key}=a,b,c")


def folder_of_job(sweep: DictConfig, whole: DictConfig, number: int) -> Path:
    """The folder in which Hydra's launcher will run a job."""
    OmegaConf.copy_cache(sweep, whole)  # so that ${now:...} is the same time
    with read_write(whole), open_dict(whole):
        whole.hydra.job.num = number
        whole.hydra.job.id = f"{number}"
        whole.hydra.sweep.dir = escaped(str(sweep.hydra.sweep.dir))  # a continued sweep stays where it was
        return Path(whole.hydra.sweep.dir) / str(whole.hydra.sweep.subdir)


def refuse_somebody_s(folder: Path, names: Sequence[str] = ()) -> None:
    """Raise UserError if a sweep's settings, or its files of these names, would overwrite a file that is no sweep's."""
    settings = folder / SETTINGS
    if settings.is_file() and settings.read_bytes()[:6] == b"hydra:":
        return
    for path in (settings, *(folder / name for name in names)):
        if os.path.lexists(path):
            raise UserError(f"{path} would be overwritten; name another folder: {PLACE}=...")
