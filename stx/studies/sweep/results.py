"""What has come of a sweep's jobs so far, read from their folders, no matter who ran them and where."""

import math
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import NamedTuple, Protocol, TypeVar

from stx.errors import UserError, first_line
from stx.runs import describe, identity
from stx.runs.files import BASELINES, JOURNAL, MEASURES
from stx.runs.member import ENDED, failure
from stx.runs.shown import reduced
from stx.runs.sources import LOSS, InFolder, diverged, number, numbers
from stx.runs.task import Task
from stx.runs.tracking import page
from stx.runs.tracking.parent import Failed
from stx.runs.tracking.sender import newest_address
from stx.runs.words import style_share

OVER = (*ENDED, "failed")


class Row(NamedTuple):
    task: Task
    outcome: str
    """finished, diverged, pruned, failed, interrupted, running or waiting."""
    message: str
    """What went wrong, in a line."""
    steps: int
    losses: Mapping[str, float]
    """The last value of each loss in LOSS."""
    style: float
    """Held-out style distance, as a share of the photograph's own; NaN if it was not measured."""
    content: float
    """Held-out content distance."""
    seconds: float
    link: str
    """The address at which the store shows the run; empty if there is none."""
    reduced: bool = False
    """Whether it was measured at a smaller size than its own, for lack of memory."""
    command: str = ""
    """The command that repeats it by itself; empty if it has not begun."""
    structure: float = math.nan
    """Held-out structure distance (CFSD)."""


def read(task: Task) -> Row:
    message = failure(task.folder)
    try:
        record = identity.read(task.folder)
    except UserError as error:
        record, message = None, first_line(error)
    outcome = record.outcome if record else "waiting"
    if outcome in ENDED:  # any message is from another attempt, which came too late
        message = diverged(InFolder(task.folder)) if outcome == "diverged" else ""
    elif message:
        outcome = "failed"
    steps, losses = last_losses(InFolder(task.folder).losses())
    measures, baselines = (numbers(task.folder / name) for name in (MEASURES, BASELINES))
    name = "sliced_wasserstein"
    style = style_share(measures[name], baselines[name]) if name in measures and name in baselines else math.nan
    stored = newest_address(task.folder)
    link = page.of_run(stored["uri"], stored["experiment_id"], stored["run_id"]).splitlines()[0] if stored else ""
    seconds = record.seconds if record else 0.0
    return Row(
        task,
        outcome,
        message,
        steps,
        losses,
        style,
        measures.get("content", math.nan),
        seconds,
        link,
        reduced(record),
        describe.recorded(record) if record else "",
        measures.get("cfsd", math.nan),
    )


def last_losses(rows: Iterable[dict[str, str]]) -> tuple[int, dict[str, float]]:
    """The number of the last step and its losses; 0 and no losses before the first step."""
    row = next(iter(deque(rows, maxlen=1)), {})
    losses = {name: value for name in LOSS if (value := number(row.get(name))) is not None}
    return int(number(row.get("step")) or 0), losses


class Judged(Protocol):
    """What the best job is chosen by: a row here, or a run as the gallery has it."""

    @property
    def outcome(self) -> str: ...
    @property
    def style(self) -> float: ...
    @property
    def content(self) -> float: ...
    @property
    def reduced(self) -> bool: ...


Job = TypeVar("Job", bound=Judged)


def nearest(rows: Sequence[Job]) -> tuple[Job, float] | None:
    """The finished job with the least style distance among those whose content distance is at most the median.

    Returns it with that median, or None if no picture was measured. Jobs measured at a reduced size are left out if
    others were measured at their own size, as numbers from different sizes cannot be ranked.
    """
    measured = [row for row in rows if row.outcome == "finished" and math.isfinite(row.style + row.content)]
    if not measured:
        return None
    measured = [row for row in measured if not row.reduced] or measured
    middle = median(row.content for row in measured)
    return min((row for row in measured if row.content <= middle), key=lambda row: row.style), middle


def at_end(rows: Sequence[Row]) -> list[Row]:
    """The rows when nobody is at work any more: a job that has not ended by then has failed."""
    return [
        row if row.outcome in OVER else row._replace(outcome="failed", message=f"not at its end: {row.outcome}")
        for row in rows
    ]


def lost(rows: Sequence[Row]) -> list[Row]:
    """The jobs without a picture to be judged by: those that failed or diverged."""
    return [row for row in rows if row.outcome in ("failed", "diverged")]


def unbegun(rows: Sequence[Row]) -> list[Failed]:
    """The jobs that failed before their tracker was told anything."""
    before = [row for row in lost(rows) if row.outcome == "failed" and not (row.task.folder / JOURNAL).exists()]
    values = [{key.lstrip("+"): text for key, text in row.task.values.items()} for row in before]
    return [Failed(row.task.name, row.message, row.task.folder, own) for row, own in zip(before, values, strict=True)]


def summary(rows: Sequence[Row]) -> dict[str, float]:
    """A sweep in numbers, for the list of runs in its store."""
    best = nearest(rows)
    measured = {"sweep/style": best[0].style, "sweep/content": best[0].content} if best else {}
    return {"sweep/jobs": len(rows), "sweep/failed": len(lost(rows)), **measured}
