"""The record of a sweep in its folder, and the command that continues a sweep."""

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

from omegaconf import DictConfig, OmegaConf
from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from stx import atomic
from stx.config import search_path
from stx.config.command import say
from stx.config.compose import key_of, override, overrides_of, stands_for_several, value_of
from stx.config.formats import version_of
from stx.config.secrets import taken_out
from stx.errors import UserError
from stx.runs.files import STUDY, SWEEP, whole_of
from stx.runs.latest import LAST, newest
from stx.runs.task import Task

FORMAT = 1
OWN = "sweep."
"""Prefix of the sweep's own options, which no job has."""


def inside(folder: str) -> str:
    """Return `folder`. Raises ValueError if it leads out of the sweep's."""
    if os.path.isabs(folder) or Path(os.path.normpath(folder)).parts[:1] == ("..",):
        raise ValueError(f"{folder} is not in the sweep's folder")
    return folder


class Job(BaseModel):
    """A job of a sweep, as it is recorded."""

    model_config = ConfigDict(strict=True)
    number: int
    folder: Annotated[str, AfterValidator(inside)]
    """Relative to the sweep's."""
    digest: str
    overrides: list[str]
    values: dict[str, str]


class Record(BaseModel):
    model_config = ConfigDict(strict=True)
    overrides: list[str]
    workers: list[str] = []
    jobs: list[Job]


ANEW = ("hydra.sweep.dir", "hydra.mode", "hydra.sweeper.member")
"""Options of Hydra's own that are set anew when a sweep is continued."""


def workers_of(config: DictConfig) -> list[str]:
    """The typed overrides that say how a sweep is worked: Hydra's own, such as its launcher and search path, which
    --config-dir stands for too, and sweep.jobs. A continued sweep keeps them."""
    own: Any = OmegaConf.to_container(config.hydra.overrides.hydra)
    jobs = [text for text in overrides_of(config) if key_of(text) == "sweep.jobs"]
    kept = [text for text in own if key_of(text) not in (*ANEW, search_path.OPTION)]
    return [*search_path.of_hydra(config.hydra), *kept, *jobs]


def write(folder: Path, tasks: Sequence[Task], typed: Sequence[str], workers: Sequence[str] = ()) -> None:
    """Record which jobs the sweep has, including those that it had before and lacks now, and who works them."""
    jobs = [
        {"number": task.number, "folder": os.path.relpath(task.folder, folder), "digest": task.digest,
         "overrides": task.overrides, "values": task.values}
        for task in tasks
    ]  # fmt: skip
    again = {task.digest for task in tasks}
    others = [one for one in recorded(folder).get("jobs", ()) if one["digest"] not in again]
    asked = taken_out([text for text in typed if not key_of(text).startswith(OWN)])
    record = {"format": FORMAT, "overrides": asked, "workers": list(workers), "jobs": [*jobs, *others]}
    atomic.write(folder / SWEEP, json.dumps(record, indent=2))


def recorded(folder: Path) -> dict[str, Any]:
    """The record of the sweep in a folder; empty if it holds none. Raises UserError if the record cannot be read."""
    path = folder / SWEEP
    if not path.is_file():
        return {}
    try:
        record = json.loads(path.read_text(encoding="utf-8-sig"))
        if (version := version_of(record["format"])) != FORMAT:
            raise UserError(f"{path}: written by a later version of stx (format {version})")
        Record.model_validate(record)
    except UserError:
        raise
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        why = what_is_wrong(error) if isinstance(error, ValidationError) else error
        raise UserError(f"{path}: damaged, so nothing says which sweep {folder} holds ({why})") from None
    return record


def what_is_wrong(error: ValidationError) -> str:
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}"


def taken_up(typed: list[str]) -> list[str]:
    """The command line that continues the sweep named by resume=, with whatever else is typed; any other as it is."""
    named = [text for text in typed if key_of(text) == "resume"]
    if len(named) != 1:
        return typed
    folder = folder_of(value_of(named[0]))
    if not (record := recorded(folder)):
        return typed
    rest = [text for text in typed if text not in (*named, "--multirun", "-m")]
    again = {key_of(text) for text in rest}
    if any(text.startswith(("--config-dir", "-cd")) for text in rest):  # it says anew where options are looked for
        again.add(search_path.OPTION)
    other = tuple(f"{key.replace('/', '.')}." for key in ("hydra/launcher", "hydra/sweeper") if key in again)
    before = [
        text
        for text in (*record.get("workers", ()), *record["overrides"])
        if key_of(text) not in again and not (other and key_of(text).startswith(other))
    ]
    return [*before, *rest, "sweep.resume=true", override("hydra.sweep.dir", str(folder)), "--multirun"]


def folder_of(name: str) -> Path:
    """The folder that resume= names; for the newest run that of its sweep, if it is a job of one."""
    with suppress(UserError):  # there is no newest run
        if name == LAST and (sweep := whole_of(newest(), SWEEP)):
            say(f"resume=last: the newest run is a job of the sweep in {sweep}, which goes on")
            return sweep
    return Path(os.path.expanduser(name))


def earlier(typed: Sequence[str], below: Path, search: bool = False) -> Path:
    """The folder of the newest sweep, or search, with the same overrides apart from the values of its axes.

    It is looked for below a folder. Raises UserError if there is none.
    """
    folders = sorted((path.parent for path in below.rglob(SWEEP)), key=lambda folder: (folder / SWEEP).stat().st_mtime)
    for folder in reversed(folders):
        with suppress(UserError):  # a damaged one does not hide the others
            same = apart_from_values(recorded(folder)["overrides"]) == apart_from_values(typed)
            if same and (folder / STUDY).exists() == search:
                return folder
    what = "search" if search else "sweep"
    newest = next((folder for folder in reversed(folders) if (folder / STUDY).exists() == search), None)
    named = f"the newest continues with resume={newest}" if newest else "name its folder: hydra.sweep.dir=..."
    raise UserError(f"sweep.resume=true: no {what} below {below}/ was started by this command; {named}")


def apart_from_values(typed: Sequence[str]) -> list[str]:
    """Overrides without the sweep's own, sorted; of those that are swept over, the key alone."""
    return sorted(
        key_of(text) if stands_for_several(text) else text for text in typed if not key_of(text).startswith(OWN)
    )
