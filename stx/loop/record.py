"""The one reader of the loop: it reads scalars in batches, finds values that are not finite, and hands out pictures."""

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
"""A batch of scalars is read after so many steps or so much time at the latest: one transfer, one wait."""


KEEP_SECONDS = 5.0
"""Seconds between two writes of the picture to disk."""


class Scalars(NamedTuple):
    """A step that has not been read yet, without its pictures: fifty of those could fill the memory."""

    step: int
    time: float
    names: tuple[str, ...]
    values: Tensor
    taken_back: bool


class Before(NamedTuple):
    """What a run had reached when this part of its loop began."""

    done: int
    """Number of steps."""
    newest: Tensor
    finite: Tensor
    """The last picture known to be finite."""
    events: Sequence[Event]
    lowest: Sequence[float]
    """The losses by which `convergence` judges."""


class Rules(NamedTuple):
    save_every: int
    """Steps between two saved states, 0 for none; the state after the last step is saved in any case."""
    stop_at: float | None
    """A loss that falls by no more than this fraction, as `convergence` has it, ends the run."""
    on_nan: str


def record(
    steps: Iterator[Step],
    before: Before,
    rules: Rules,
    listeners: Sequence[Listener],
    snapshot: Callable[[Step, list[Event], list[float]], Checkpoint],
    stop: Stop,
) -> Outcome:
    """Read the loop to its end, and tell the listeners. `snapshot` makes the state after a step.

    A value that is not finite is noticed when its batch is read, up to MOST_STEPS later; until then the picture to keep
    stays on the device. Unless `on_nan` is "continue", nothing after that step is kept, and the state that was saved
    before it stays.
    """
    events, lowest, (last, newest, finite, *_) = list(before.events), list(before.lowest), before
    converged = convergence.converged(lowest, last, rules.stop_at)  # true if it was stopped just before it would end
    step, saved, broken_off, pruned, kept_at = None, last, False, False, time.monotonic()
    for unread, step, since in batches(iter(()) if converged else steps, ends(rules, listeners), stop):
        rows, new = read(unread, len(events), rules.on_nan, since)
        events += new
        tell_rows(listeners, rows, events if new else [])
        for row in rows:
            lowest = convergence.add(lowest, row.step, row.values.get("loss/total", math.inf))
        last, finite, newest = rows[-1].step, step.last_finite, step.image
        broken_off = bool(new) and rules.on_nan != "continue"
        if broken_off:
            break
        if stop.signal:  # first of all, as its picture may take seconds to measure
            tell(listeners, snapshot(step, list(events), lowest))
            saved = last
        show(listeners, finite, finite if len(events) > len(before.events) else newest, last)
        pruned = any(listener.enough for listener in listeners)
        if pruned or stop.signal:  # only now that this step has its pictures: a resumed run goes on with the next
            break
        if due(last, rules.save_every):
            tell(listeners, snapshot(step, list(events), lowest))
            saved = last
        if time.monotonic() - kept_at >= KEEP_SECONDS:
            for listener in listeners:
                listener.kept(finite)
            kept_at = time.monotonic()
        if converged := convergence.converged(lowest, last, rules.stop_at):
            break
    if step is not None and not broken_off and saved != last:
        tell(listeners, snapshot(step, list(events), lowest))
    diverged = len(events) > len(before.events) or (rules.on_nan == "continue" and bool(events))
    stopped = stop.signal is not None and not broken_off and not pruned
    return Outcome(last, finite if diverged else newest, events, stopped, diverged, converged, pruned=pruned)


def show(listeners: Sequence[Listener], finite: Tensor, newest: Tensor, step: int) -> None:
    """Let the listeners see the newest finite picture after a step, and hand the picture to those to whom it is due."""
    for listener in listeners:
        listener.seen(finite, step)
        if due(step, listener.every):
            listener.picture(newest, step)


def ends(rules: Rules, listeners: Sequence[Listener]) -> list[int]:
    """Numbers of steps at whose multiples a batch ends, since somebody needs that step."""
    judged = convergence.WINDOW if rules.stop_at else 0
    return [rules.save_every, judged, *(listener.every for listener in listeners)]


def tell_rows(listeners: Sequence[Listener], rows: list[Row], events: list[Event]) -> None:
    """Tell the listeners of new rows. `events` are all of the run so far, or none if there is no new one."""
    for listener in listeners:
        listener.rows(rows)
        if events:
            listener.happened(list(events))


def tell(listeners: Sequence[Listener], state: Checkpoint) -> None:
    for listener in listeners:
        listener.state(state)


def due(number: int, every: int) -> bool:
    return every > 0 and number % every == 0


def batches(steps: Iterator[Step], every: Sequence[int], stop: Stop) -> Iterator[tuple[list[Scalars], Step, float]]:
    """Yield the steps to read together, the last of them also with its pictures, and when the batch began.

    A batch ends when it is large or old enough, at multiples of the numbers in `every`, and if a signal asks for the
    end.
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
    """The rows of some steps and their events; `events` is the number of earlier ones, `since` when the batch began."""
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
