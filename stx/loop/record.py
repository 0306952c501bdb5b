"""The one reader of the loop: scalars off the device in batches, values that are not finite, pictures along the way."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from stx.loop import convergence
from stx.loop.checkpoint import Checkpoint
from stx.loop.listener import Event, Listener, Outcome, Row
from stx.loop.signals import Stop
from stx.loop.steps import Step

MOST_STEPS, MOST_SECONDS = 50, 1.0
"""A batch of scalars is read at the latest after so many steps and so much time: one transfer, one wait."""


KEEP_SECONDS = 5.0
"""Between two writes of the picture to disk."""


class Scalars(NamedTuple):
    """A step that has not been read yet, without its pictures: fifty of those could fill the memory."""

    step: int
    time: float
    names: tuple[str, ...]
    values: Tensor
    taken_back: bool


def record(
    steps: Iterator[Step],
    *,
    done: int,
    finite: Tensor,
    newest: Tensor,
    events: Sequence[Event],
    lowest: Sequence[float],
    listeners: Sequence[Listener],
    snapshot: Callable[[Step, list[Event], list[float]], Checkpoint],
    save_every: int,
    stop_at: float | None,
    on_nan: str,
    stop: Stop,
) -> Outcome:
    """Read the loop to its end, and tell the listeners.

    `done` steps, with their `events`, came before; they ended with the picture `newest`, and `finite` is the last
    one known to be. `snapshot` makes the state of a step, for every `save_every` steps, none for 0, and the last one.
    `lowest` are the losses that `convergence` judged before; a loss that falls by no more than `stop_at` ends the run.

    A value that is not finite is noticed when its batch is read, up to MOST_STEPS later; the picture to keep waits on
    the device. Unless `on_nan` is "continue", nothing after that step is kept, and the state before it stays.
    """
    new: list[Event] = []
    last, saved, step, lowest = done, done, None, list(lowest)
    converged = convergence.converged(lowest, done, stop_at)  # it was stopped between its last step and its end
    steps = iter(()) if converged else steps
    kept_at = time.monotonic()
    judged = convergence.WINDOW if stop_at else 0
    broken_off = False
    for unread, step, since in batches(steps, [save_every, judged, *(one.every for one in listeners)], stop):
        rows, some = read(unread, len(events) + len(new), on_nan, since)
        new += some
        for listener in listeners:
            listener.rows(rows)
            if some:
                listener.happened([*events, *new])
        for row in rows:
            lowest = convergence.add(lowest, row.step, row.values.get("loss/total", math.inf))
        last, finite, newest = rows[-1].step, step.last_finite, step.image
        broken_off = bool(some) and on_nan != "continue"
        if broken_off or stop.signal:
            break
        for listener in listeners:
            if due(step.number, listener.every):
                listener.picture(finite if new else newest, step.number)
        if due(step.number, save_every):
            tell(listeners, snapshot(step, [*events, *new], lowest))
            saved = step.number
        if time.monotonic() - kept_at >= KEEP_SECONDS:
            for listener in listeners:
                listener.kept(finite)
            kept_at = time.monotonic()
        converged = convergence.converged(lowest, step.number, stop_at)
        if converged:
            break
    diverged = bool(new) or (on_nan == "continue" and bool(events))
    if step is not None and not broken_off and saved != step.number:
        tell(listeners, snapshot(step, [*events, *new], lowest))
    return Outcome(
        last,
        finite if diverged else newest,
        [*events, *new],
        stopped=stop.signal is not None and not broken_off,
        diverged=diverged,
        converged=converged,
    )


def tell(listeners: Sequence[Listener], state: Checkpoint) -> None:
    for listener in listeners:
        listener.state(state)


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
    """Rows of some steps, and the events among them, of which `events` were counted before."""
    numbers = torch.cat([step.values for step in unread]).tolist()
    step_ms = 1000 * (time.monotonic() - since) / len(unread)
    rows: list[Row] = []
    new: list[Event] = []
    for step in unread:
        values = dict(zip(step.names, numbers, strict=False))
        numbers = numbers[len(values) :]
        broken = [name for name, value in values.items() if not math.isfinite(value) and not step.taken_back]
        if broken:
            new.append([step.step, term(broken[0])])
        public = {name: value for name, value in values.items() if not name.startswith("peak/")}
        counted = {"nan/events": float(events + len(new)), "time/step_ms": step_ms}
        rows.append(Row(step.step, step.time, public | counted))
        if broken and on_nan != "continue":
            break
    return rows, new


def term(name: str) -> str:
    """A scalar's name in words."""
    kind, _, where = name.partition("/")
    if name in ("peak/gradient", "peak/image"):
        return f"the {where}"
    words = {"peak": "features", "loss": "loss"}
    kind = words.get(kind, kind.replace("_magnitude", " statistic").replace("_loss", " loss"))
    return f"{kind} {'at ' if where.startswith('conv') else ''}{where}"
