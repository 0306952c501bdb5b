"""A run in the form in which it is shown, read from its folder or from its store."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from stx.config.restored import restored
from stx.errors import UserError, first_line
from stx.runs import describe, identity
from stx.runs.files import CONTENT, OUTPUT, in_use
from stx.runs.identity import Identity
from stx.runs.member import ENDED, failure
from stx.runs.naming import job_name, run_name
from stx.runs.params import params
from stx.runs.sources import LOSS, Files, InFolder, InStore, diverged, events
from stx.runs.tracking import page
from stx.runs.tracking.sender import addresses, newest_address
from stx.runs.tracking.store import MEASURED_AT, WHY
from stx.runs.tracking.stored import Run

OF_STATUS = {"FINISHED": "finished", "FAILED": "failed", "KILLED": "interrupted", "RUNNING": "running"}
"""Outcomes by MLflow's status, for runs that something other than stx has recorded."""
GONE = "its process is gone"


@dataclass(frozen=True)
class Shown:
    id: str
    """The id in its store, or its own id if it has no store."""
    name: str
    outcome: str
    """finished, diverged, pruned, failed, interrupted, running or waiting."""
    message: str
    """What went wrong, in one line; empty if nothing did."""
    params: Mapping[str, str]
    metrics: Mapping[str, float]
    """The last finite value of each metric."""
    tags: Mapping[str, str]
    """The tags in its store; empty if it was read from its folder."""
    command: str
    """The command that makes it again; empty if it was not recorded."""
    link: str
    """Where its store shows it, with a second line if something has to be done first; empty if it has no store."""
    started: float
    """Seconds since 1970; 0 if unknown."""
    folder: Path | None
    """Its folder, if that is on this machine."""
    files: Files
    reduced: bool = False
    """Whether it was measured at a smaller size than its own, for lack of memory."""
    place: str = ""
    """The folder that file names in its command are relative to; empty if it was not recorded."""

    @property
    def style(self) -> float:
        """Held-out style distance, as a share of the photograph's own; NaN if it was not measured."""
        return self.metrics.get("measure/style_distance", math.nan)

    @property
    def content(self) -> float:
        """Held-out content distance; NaN if it was not measured."""
        return self.metrics.get("measure/content", math.nan)

    def picture(self, name: str = OUTPUT) -> Path | None:
        """The path of one of its pictures, or of any other of its files; None if it has none of that name."""
        return self.files.file(name)

    def along(self) -> dict[int, str]:
        """Names of its pictures along the way, by step."""
        return self.files.along()

    def losses(self) -> dict[str, list[tuple[int, float]]]:
        """(step, value) of each of LOSS that it has. What was not finite is NaN in a folder, and missing in a store."""
        return {name: points for name in LOSS if (points := self.files.history(name))}

    def events(self) -> list[tuple[int, str]]:
        """What was not finite, and at which step."""
        return events(self.files)


def of_store(run: Run, uri: str) -> Shown:
    """A run of the store at `uri`, an address without a password. Its files come from its folder if that is on this
    machine."""
    folder = Path(run.tags["stx.folder"]) if "stx.folder" in run.tags else None
    here = folder if folder and any(one["run_id"] == run.id for one in addresses(folder)) else None
    files = InFolder(here) if here else InStore(run)
    outcome, message = run.tags.get("stx.outcome") or OF_STATUS.get(run.status, "waiting"), ""
    if outcome == "running" and here and left(here):
        outcome, message = "interrupted", GONE
    elif outcome == "failed":
        message = (failure(here) if here else "") or run.tags.get(WHY, "")
    elif event := run.tags.get("stx.first_event"):
        message = f"not finite at {event}"
    return Shown(
        id=run.id,
        name=run.name,
        outcome=outcome,
        message=message,
        params=run.params,
        metrics={name: value for name, value in run.latest.items() if math.isfinite(value)},
        tags=run.tags,
        command=run.tags.get("stx.command", ""),
        link=page.of_run(uri, run.experiment_id, run.id),
        started=run.started,
        folder=here,
        files=files,
        reduced=MEASURED_AT in run.tags,
        place=run.tags.get("stx.begun_in", ""),
    )


def of_folder(folder: Path, values: Mapping[str, str] = MappingProxyType({})) -> Shown:
    """The run in a folder: one that has not begun is waiting, and one whose record is damaged has failed.

    `values` are the values of a sweep's job on the axes, after which it is named as everywhere else.
    """
    message, files, record = failure(folder), InFolder(folder), None
    try:
        record = identity.read(folder)
    except UserError as error:
        message = first_line(error)
    outcome, message = came_to(folder, record.outcome if record else "waiting", message)
    if outcome == "diverged":
        message = diverged(files)
    name, params = described(record, files) if record else ("", {})
    stored = newest_address(folder)
    return Shown(
        id=stored.get("run_id") or (record.id if record else ""),
        name=job_name(values) or name or folder.name,
        outcome=outcome,
        message=message,
        params=params or {key.lstrip("+"): value for key, value in values.items()},
        metrics=files.last(),
        tags={},
        command=describe.recorded(record) if record else "",
        link=page.of_run(stored["uri"], stored["experiment_id"], stored["run_id"]) if stored else "",
        started=began(folder),
        folder=folder,
        files=files,
        reduced=reduced(record),
        place=record.begun_in if record else "",
    )


def came_to(folder: Path, outcome: str, message: str) -> tuple[str, str]:
    """The outcome of a folder's run, and the message that goes with it."""
    if outcome in ENDED:
        return outcome, ""  # the message is of another attempt, which came too late
    if message:
        return "failed", message
    if outcome == "running" and left(folder):
        return "interrupted", GONE
    return outcome, ""


def reduced(record: Identity | None) -> bool:
    """Whether a run was measured at a smaller size than its own."""
    return record is not None and record.machine.get("measured_at", "whole") != "whole"


def left(folder: Path) -> bool:
    """Whether no process is at work in a folder any more; False if that is not known, as of another user's folder."""
    try:
        return not in_use(folder)
    except OSError:
        return False


def described(record: Identity, files: InFolder) -> tuple[str, dict[str, str]]:
    """The name and the params that a store is told; if this version cannot read the config, no name and its choices."""
    try:
        config = restored(record.config)
    except UserError:
        return "", dict(record.choices)
    told = params(config, record.choices, record.overrides, files.size(CONTENT, OUTPUT))
    return run_name(config, record.choices), {name: str(value) for name, value in told.items()}


def began(folder: Path) -> float:
    """When a folder's run began, judging by its oldest file; 0 if unknown."""
    try:
        return min((path.stat().st_mtime for path in folder.iterdir()), default=0.0)
    except OSError:
        return 0.0
