"""A run as others show it, whether its folder or its store says so."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from stx.config.restored import restored
from stx.config.secrets import hidden
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
"""Outcomes of runs that something else than stx has told a store of."""
GONE = "its process is gone"


@dataclass(frozen=True)
class Shown:
    id: str
    """In its store; of a run without one, its own."""
    name: str
    outcome: str
    """finished, diverged, pruned, failed, interrupted, running or waiting."""
    message: str
    """What went wrong, in a line; empty where nothing did."""
    params: Mapping[str, str]
    metrics: Mapping[str, float]
    """The last value of each that was finite."""
    tags: Mapping[str, str]
    """Of its store."""
    command: str
    """That makes it again; empty where nobody noted it."""
    link: str
    """Where its store shows it, and on a second line what to do before; empty where it has none."""
    started: float
    """Seconds since 1970; 0 where nobody knows."""
    folder: Path | None
    """On this machine."""
    files: Files
    reduced: bool = False
    """It was measured at a smaller size than its own, as memory had no room for more."""

    @property
    def style(self) -> float:
        """Held-out style distance, as a share of the photograph's own; NaN where it was not measured."""
        return self.metrics.get("measure/style_distance", math.nan)

    @property
    def content(self) -> float:
        """Held-out content distance; NaN where it was not measured."""
        return self.metrics.get("measure/content", math.nan)

    def picture(self, name: str = OUTPUT) -> Path | None:
        """One of its pictures, or any other of its files; nothing where it has none of that name."""
        return self.files.file(name)

    def along(self) -> dict[int, str]:
        """Names of its pictures along the way, by step."""
        return self.files.along()

    def losses(self) -> dict[str, list[tuple[int, float]]]:
        """Those of LOSS that it has, by step. What was not finite is NaN in a folder, and a gap in a store."""
        return {name: points for name in LOSS if (points := self.files.history(name))}

    def events(self) -> list[tuple[int, str]]:
        """What was not finite, and at which step."""
        return events(self.files)


def of_store(run: Run, uri: str) -> Shown:
    """A run of the store at an address, without a password; its files from its folder where that is on this machine."""
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
    )


def of_folder(folder: Path, values: Mapping[str, str] = MappingProxyType({})) -> Shown:
    """What a folder says of its run: one that has not begun is waiting, and one whose record is damaged has failed.

    `values`: what a sweep's job has of the axes, by which it is called as everywhere.
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
        command=hidden(describe.typed(record.overrides)) if record else "",
        link=page.of_run(stored["uri"], stored["experiment_id"], stored["run_id"]) if stored else "",
        started=began(folder),
        folder=folder,
        files=files,
        reduced=reduced(record),
    )


def came_to(folder: Path, outcome: str, message: str) -> tuple[str, str]:
    """How a folder's run ended, and what there is to say of it."""
    if outcome in ENDED:
        return outcome, ""  # the message is of another try, that came too late
    if message:
        return "failed", message
    if outcome == "running" and left(folder):
        return "interrupted", GONE
    return outcome, ""


def reduced(record: Identity | None) -> bool:
    """Whether a run was measured at a smaller size than its own."""
    return record is not None and record.machine.get("measured_at", "whole") != "whole"


def left(folder: Path) -> bool:
    """Whether nobody is at work in a folder any more, as far as can be seen: of somebody else's, nobody knows."""
    try:
        return not in_use(folder)
    except OSError:
        return False


def described(record: Identity, files: InFolder) -> tuple[str, dict[str, str]]:
    """The name and the params that a store is told; of a record that this version cannot read, its choices alone."""
    try:
        config = restored(record.config)
    except UserError:
        return "", dict(record.choices)
    told = params(config, record.choices, record.overrides, files.size(CONTENT, OUTPUT))
    return run_name(config, record.choices), {name: str(value) for name, value in told.items()}


def began(folder: Path) -> float:
    """By its oldest file."""
    try:
        return min((path.stat().st_mtime for path in folder.iterdir()), default=0.0)
    except OSError:
        return 0.0
