"""The one reader of the loop: scalars off the device in batches, values that are not finite, pictures along the way."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor

from stx.loop import convergence
from stx.loop.signals import Stop
from stx.loop.steps import Step

MOST_STEPS, MOST_SECONDS = 50, 1.0
"""A batch of scalars is read at the latest after so many steps and so much time: one transfer, one wait."""


KEEP_SECONDS = 5.0
"""Between two writes of the picture to disk."""

Along = tuple[int, Callable[[Tensor, int], None]]
"""Every so many steps, who gets the picture and the step's number."""

Event = list[Any]
"""[step, what]: a value that was not finite; a list, as it is stored."""


class Row(NamedTuple):
    """One step's metrics, on the host; some may be not finite."""

    step: int
    time: float
    """Seconds since the epoch."""
    values: dict[str, float]


class Scalars(NamedTuple):
    """A step that has not been read yet, without its pictures: fifty of those could fill the memory."""

    step: int
    time: float
    names: tuple[str, ...]
    values: Tensor
    taken_back: bool


class Outcome(NamedTuple):
    status: str
    """finished, diverged or interrupted."""
    steps: int
    picture: Tensor
    """The last one, or the last finite one of a run that diverged."""
    events: list[Event]
    converged: bool = False
    """It ended before its last step, as the loss fell no more."""

    @property
    def event(self) -> str | None:
        """The first value that was not finite: step, term and layer."""
        return f"step {self.events[0][0]}: {self.events[0][1]}" if self.events else None


def record(
    steps: Iterator[Step],
    *,
    done: int,
    finite: Tensor,
    newest: Tensor,
    events: Sequence[Event],
    rows_to: Sequence[Callable[[list[Row]], None]],
    keep: Callable[[Tensor], None],
    along: Sequence[Along],
    save: Callable[[Step, list[Event], list[float]], None],
    save_every: int,
    lowest: Sequence[float],
    stop_at: float | None,
    on_nan: str,
    stop: Stop,
) -> Outcome:
    """Read the loop to its end, and hand rows, pictures and states on.

    `done` steps, with their `events`, came before; they ended with the picture `newest`, and `finite` is the last
    one known to be. `keep` gets the newest picture known to be finite every few seconds, so that a crash loses no
    more; those `along` the way get the picture, `save` the step, of every so many steps, of none for 0; the last
    step is saved too. `lowest` are the losses that `convergence` judged before; a loss that falls by no more than
    `stop_at` ends the run.

    A value that is not finite is noticed when its batch is read, up to MOST_STEPS later; the picture to keep waits on
    the device. Unless `on_nan` is "continue", nothing after that step is kept, and the state before it stays.
    """
    found: list[Event] = []
    last, saved, step, lowest = done, done, None, list(lowest)
    converged = convergence.converged(lowest, done, stop_at)  # it was stopped between its last step and its end
    steps = iter(()) if converged else steps
    kept_at = time.monotonic()
    judged = convergence.WINDOW if stop_at else 0
    for unread, step, since in batches(steps, [save_every, judged, *(every for every, _ in along)], stop):
        rows, new = read(unread, len(events) + len(found), on_nan, since)
        found += new
        for write in rows_to:
            write(rows)
        for row in rows:
            lowest = convergence.add(lowest, row.step, row.values.get("loss/total", math.inf))
        last, finite, newest = rows[-1].step, step.last_finite, step.image
        if (new and on_nan != "continue") or stop.signal:
            break
        for every, show in along:
            if due(step.number, every):
                show(finite if found else newest, step.number)
        if due(step.number, save_every):
            save(step, [*events, *found], lowest)
            saved = step.number
        if time.monotonic() - kept_at >= KEEP_SECONDS:
            keep(finite)
            kept_at = time.monotonic()
        converged = convergence.converged(lowest, step.number, stop_at)
        if converged:
            break
    diverged = bool(found) or (on_nan == "continue" and bool(events))
    if step is not None and (not found or on_nan == "continue") and saved != step.number:
        save(step, [*events, *found], lowest)
    status = "diverged" if diverged else "interrupted" if stop.signal else "finished"
    return Outcome(status, last, finite if diverged else newest, [*events, *found], converged)


def due(number: int, every: int) -> bool:
    return every > 0 and number % every == 0


def batches(steps: Iterator[Step], every: Sequence[int], stop: Stop) -> Iterator[tuple[list[Scalars], Step, float]]:
    """Steps to read together, the last of them with its pictures, and when the first began.

    A batch ends when it is large or old enough, at the multiples of `every`, and when a signal asks for the end.
    """
    unread: list[Scalars] = []
    since = time.monotonic()
    try:
        for step in steps:
            unread.append(Scalars(step.number, time.time(), step.names, step.values, step.taken_back))
            wanted = any(due(step.number, each) for each in every)
            if wanted or stop.signal or len(unread) >= MOST_STEPS or time.monotonic() - since >= MOST_SECONDS:
                yield unread, step, since
                unread, since = [], time.monotonic()
    except Exception:  # what was measured is read before the error goes on
        if unread:
            yield unread, step, since
        raise
    if unread:
        yield unread, step, since


def read(unread: list[Scalars], events: int, on_nan: str, since: float) -> tuple[list[Row], list[Event]]:
    """Rows of some steps, and the events among them; `events` were counted before."""
    numbers = torch.cat([step.values for step in unread]).tolist()
    step_ms = 1000 * (time.monotonic() - since) / len(unread)
    rows: list[Row] = []
    found: list[Event] = []
    for step in unread:
        values = dict(zip(step.names, numbers, strict=False))
        numbers = numbers[len(values) :]
        broken = [name for name, value in values.items() if not math.isfinite(value) and not step.taken_back]
        if broken:
            found.append([step.step, term(broken[0])])
        public = {name: value for name, value in values.items() if not name.startswith("peak/")}
        counted = {"nan/events": float(events + len(found)), "time/step_ms": step_ms}
        rows.append(Row(step.step, step.time, public | counted))
        if broken and on_nan != "continue":
            break
    return rows, found


def term(name: str) -> str:
    """A scalar's name in words."""
    kind, _, where = name.partition("/")
    if name in ("peak/gradient", "peak/image"):
        return f"the {where}"
    words = {"peak": "features", "style_magnitude": "style statistic", "style_loss": "style loss", "loss": "loss"}
    return f"{words.get(kind, kind)} {'at ' if where.startswith('conv') else ''}{where}"
