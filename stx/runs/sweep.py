"""A sweep: its jobs, checked before the first, and known again by what their results depend on."""

import json
import os
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import starmap
from pathlib import Path
from typing import Any, NamedTuple

from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from stx import atomic
from stx.config.command import say
from stx.config.compose import HydraException, at_work, compose, jobs_of_sweep, key_of, override, overrides_of, value_of
from stx.config.effects import ineffective, swept_in_vain
from stx.config.refusals import explain_hydra
from stx.config.schema import Config
from stx.config.secrets import taken_out
from stx.errors import UserError
from stx.runs.check import check, reach_store
from stx.runs.files import SETTINGS, SWEEP

FORMAT = 1
OWN = "sweep."
"""What options of the sweep itself begin with, which no job has."""


class Task(NamedTuple):
    """One job, as its launcher is to have it."""

    number: int
    overrides: list[str]
    values: dict[str, str]
    """What it has of each axis, as typed."""
    folder: Path
    config: Config
    digest: str
    """Of all that its result depends on."""

    @property
    def name(self) -> str:
        """By the values of its axes; of a number, which says nothing by itself, with the last word of its key."""
        return " ".join(starmap(named, self.values.items())) or f"job {self.number}"


def plan(config: DictConfig) -> list[Task]:
    """The jobs of a plain product. Raises UserError for the first that could not run, or not in its folder.

    Where the sweep goes on, a job keeps the number and the folder that it had.
    """
    asked = jobs_of_sweep(config)
    refuse_twice(overrides_of(config))
    if not asked:
        raise UserError("--multirun: the sweep is empty, there is no job in it")
    asked = [[text for text in overrides if not key_of(text).startswith(OWN)] for overrides in asked]
    before = recorded(Path(config.hydra.sweep.dir)) if config.sweep.resume else {}
    kept: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for one in before.get("jobs", ()):
        kept[one["digest"]].append((one["number"], one["folder"]))
    tasks: list[Task] = []
    numbers = iter(range(1 + max((one["number"] for one in before.get("jobs", ())), default=-1), 10**9))
    with at_work():
        for overrides, values in zip(asked, axes(asked), strict=True):
            tasks.append(checked(config, overrides, values, kept, numbers, tasks))
    said = dict.fromkeys(line for task in tasks for line in ineffective(task.config, task.overrides))
    for line in (*said, swept_in_vain(task.config for task in tasks)):
        if line:
            say(f"stx: {line}")
    for config_ in {task.config.tracking: task.config for task in tasks}.values():
        reach_store(config_)
    return tasks


def checked(
    sweep: DictConfig,
    overrides: list[str],
    values: dict[str, str],
    kept: Mapping[str, list[tuple[int, str]]],
    numbers: Any,
    others: Sequence[Task],
) -> Task:
    from stx.runs.digest import digest  # late: they import torch
    from stx.runs.identity import refuse_taken

    own: Any = OmegaConf.to_container(sweep.hydra.overrides.hydra)  # with the ${...} in them
    place = Path(sweep.hydra.sweep.dir)
    try:
        whole = compose([*own, *overrides], sweep.hydra.job.config_name)
        job, inputs = check(whole, place)
        key = digest(job, inputs)
        if job.resume is not None:
            raise UserError("resume= goes on with one run: leave out --multirun")
        if kept.get(key):
            number, name = kept[key].pop(0)
            folder = place / name
        else:
            number = next(numbers)
            folder = folder_of_job(sweep, whole, number)
            if any(folder.resolve() == other.folder.resolve() for other in others):  # by a link, too
                raise UserError(f"{folder} is another job's too: let hydra.sweep.subdir tell them apart")
            refuse_taken(folder)
    except (UserError, HydraException) as error:
        why = explain_hydra(error, None) if isinstance(error, HydraException) else str(error)
        why = why.replace("hydra.run.dir=", "hydra.sweep.dir=")
        raise UserError(f"{why}\n(in the job {' '.join(overrides)}; none was started)") from None
    return Task(number, overrides, values, folder, job, key)


def axes(jobs: Sequence[Sequence[str]]) -> list[dict[str, str]]:
    """Of each job, what it sets otherwise than another one, by key."""
    values = [{key_of(text): text.partition("=")[2] for text in job} for job in jobs]
    keys = [key for key in values[0] if len({job.get(key) for job in values}) > 1]
    return [{key: job[key] for key in keys} for job in values]


def named(key: str, value: str) -> str:
    return shown(value) if re.match(r"['\"]?[^\W\d]", value) else f"{key.rpartition('.')[2]}={shown(value)}"


def shown(value: str) -> str:
    """Of a path its end alone, of a number what tells it apart."""
    if re.fullmatch(r"-?\d+\.\d{5,}(e[-+]?\d+)?", value):
        return f"{float(value):.4g}"
    return value.strip("'\"").rpartition("/")[2] or value


def refuse_twice(typed: Sequence[str]) -> None:
    """Raise UserError where an axis is set twice: Hydra would take the last and not say so."""
    for key in map(key_of, typed):
        same = [text for text in typed if key_of(text) == key]
        if len(same) > 1 and any(map(swept, same)):
            both = " and ".join(same)
            raise UserError(f"{both}: {key} is given twice; give all of its values in one, {key}=a,b,c")


def folder_of_job(sweep: DictConfig, whole: DictConfig, number: int) -> Path:
    """Where Hydra's launcher will let a job work."""
    OmegaConf.copy_cache(sweep, whole)  # the same ${now:...}
    with read_write(whole), open_dict(whole):
        whole.hydra.job.num = number
        whole.hydra.job.id = f"{number}"
        return Path(whole.hydra.sweep.dir) / str(whole.hydra.sweep.subdir)


def refuse_somebody_s(folder: Path) -> None:
    """Raise UserError where a sweep's settings would be written over what is no sweep's."""
    path = folder / SETTINGS
    if path.is_file() and path.read_bytes()[:6] == b"hydra:":
        return
    if os.path.lexists(path):
        raise UserError(f"{path} would be written over; name another folder: hydra.sweep.dir=...")


def workers_of(config: DictConfig) -> list[str]:
    """What was typed of Hydra's own part that goes on with a sweep: its sweeper and its launcher."""
    own: Any = OmegaConf.to_container(config.hydra.overrides.hydra)
    parts = ("hydra/sweeper", "hydra.sweeper.", "hydra/launcher", "hydra.launcher.")
    jobs = [text for text in overrides_of(config) if key_of(text) == "sweep.jobs"]
    return [*(text for text in own if key_of(text).startswith(parts)), *jobs]


def write(folder: Path, tasks: Sequence[Task], typed: Sequence[str], workers: Sequence[str] = ()) -> None:
    """Which jobs the sweep has, with those that it had before and does not have now; who works them."""
    jobs = [
        {"number": task.number, "folder": os.path.relpath(task.folder, folder), "digest": task.digest,
         "overrides": task.overrides, "values": task.values}
        for task in tasks
    ]  # fmt: skip
    others = [one for one in recorded(folder).get("jobs", ()) if one["digest"] not in {task.digest for task in tasks}]
    asked = taken_out([text for text in typed if not key_of(text).startswith(OWN)])
    record = {"format": FORMAT, "overrides": asked, "workers": list(workers), "jobs": [*jobs, *others]}
    atomic.write(folder / SWEEP, json.dumps(record, indent=2))


def recorded(folder: Path) -> dict[str, Any]:
    """What a sweep's folder says of it; nothing where it holds none. Raises UserError for one that cannot be read."""
    path = folder / SWEEP
    if not path.is_file():
        return {}
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        if record["format"] != FORMAT:
            raise UserError(f"{path}: written by a later version of stx (format {record['format']})")
        if not all({"number", "folder", "digest", "overrides", "values"} <= one.keys() for one in record["jobs"]):
            raise ValueError("its jobs are incomplete")
    except UserError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(f"{path}: damaged, so that nothing says which sweep {folder} holds ({error})") from None
    return record


def taken_up(typed: list[str]) -> list[str]:
    """The command line of the sweep that resume= names, with what is typed beside it; any other as it is."""
    named = [text for text in typed if key_of(text) == "resume"]
    if len(named) != 1:
        return typed
    folder = Path(os.path.expanduser(value_of(named[0])))
    if not (record := recorded(folder)):
        return typed
    rest = [text for text in typed if text not in (*named, "--multirun", "-m")]
    again = {key_of(text) for text in rest}
    before = [text for text in (*record.get("workers", ()), *record["overrides"]) if key_of(text) not in again]
    return [*before, *rest, "sweep.resume=true", override("hydra.sweep.dir", str(folder)), "--multirun"]


def earlier(typed: Sequence[str], below: Path) -> Path:
    """The folder of the newest sweep below a folder that had the same overrides, but for the values of its axes.

    Raises UserError where there is none.
    """
    folders = sorted((path.parent for path in below.rglob(SWEEP)), key=lambda folder: (folder / SWEEP).stat().st_mtime)
    for folder in reversed(folders):
        if apart_from_values(recorded(folder)["overrides"]) == apart_from_values(typed):
            return folder
    raise UserError(
        f"sweep.resume=true: no sweep below {below}/ was started by this command; name its folder: hydra.sweep.dir=..."
    )


def apart_from_values(typed: Sequence[str]) -> list[str]:
    """Overrides in an order of their own, of those that are swept over the key alone."""
    return sorted(key_of(text) if swept(text) else text for text in typed if not key_of(text).startswith(OWN))


def swept(text: str) -> bool:
    """Whether an override may stand for several values."""
    return bool({",", "("} & set(text.partition("=")[2]))
