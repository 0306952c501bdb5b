"""The one reader of the loop: scalars off the device in batches, values that are not finite, pictures along the way."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from stx.optimise import Step
from stx.signals import Stop

MOST_STEPS, MOST_SECONDS = 50, 1.0
"""A batch of scalars is read at the latest after so many steps and so much time: one transfer, one wait."""


KEEP_SECONDS = 5.0
"""Between two writes of the picture to disk."""


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
    event: str | None
    """The first value that was not finite: step, term and layer."""


def record(
    steps: Iterator[Step],
    *,
    rows_to: Sequence[Callable[[list[Row]], None]],
    keep: Callable[[Tensor], None],
    show: Callable[[Tensor, int], None],
    show_every: int,
    on_nan: str,
    stop: Stop,
) -> Outcome:
    """Read the loop to its end, and hand rows and pictures on.

    `keep` gets the newest picture known to be finite every few seconds, so that a crash loses no more; `show` gets the
    picture of every so many steps, of none for 0.

    A value that is not finite is noticed when its batch is read, up to MOST_STEPS later; the picture to keep waits on
    the device. Unless `on_nan` is "continue", nothing after that step is kept.
    """
    events, first = 0, None
    kept_at = time.monotonic()
    for unread, step, since in batches(steps, show_every, stop):
        rows, events, event = read(unread, events, on_nan, since)
        first = first or event
        for write in rows_to:
            write(rows)
        if (event and on_nan != "continue") or stop.signal:
            break
        if show_every > 0 and step.number % show_every == 0:
            show(step.last_finite if first else step.image, step.number)
        if time.monotonic() - kept_at >= KEEP_SECONDS:
            keep(step.last_finite)
            kept_at = time.monotonic()
    status = "diverged" if first else "interrupted" if stop.signal else "finished"
    return Outcome(status, rows[-1].step, step.last_finite if first else step.image, first)


def batches(steps: Iterator[Step], show_every: int, stop: Stop) -> Iterator[tuple[list[Scalars], Step, float]]:
    """Steps to read together, the last of them with its pictures, and when the first began.

    A batch ends when it is large or old enough, where a picture is due, and when a signal asks for the end.
    """
    unread: list[Scalars] = []
    since = time.monotonic()
    try:
        for step in steps:
            unread.append(Scalars(step.number, time.time(), step.names, step.values, step.taken_back))
            due = show_every > 0 and step.number % show_every == 0
            if due or stop.signal or len(unread) >= MOST_STEPS or time.monotonic() - since >= MOST_SECONDS:
                yield unread, step, since
                unread, since = [], time.monotonic()
    except Exception:  # what was measured is read before the error goes on
        if unread:
            yield unread, step, since
        raise
    if unread:
        yield unread, step, since


def read(unread: list[Scalars], events: int, on_nan: str, since: float) -> tuple[list[Row], int, str | None]:
    """Rows of some steps, the count of events so far, and the first event among them."""
    numbers = torch.cat([step.values for step in unread]).tolist()
    step_ms = 1000 * (time.monotonic() - since) / len(unread)
    rows, first = [], None
    for step in unread:
        values = dict(zip(step.names, numbers, strict=False))
        numbers = numbers[len(values) :]
        broken = [name for name, value in values.items() if not math.isfinite(value) and not step.taken_back]
        if broken:
            events += 1
            first = first or f"step {step.step}: {term(broken[0])}"
        public = {name: value for name, value in values.items() if not name.startswith("peak/")}
        rows.append(Row(step.step, step.time, public | {"nan/events": float(events), "time/step_ms": step_ms}))
        if broken and on_nan != "continue":
            break
    return rows, events, first


def term(name: str) -> str:
    """A scalar's name in words."""
    kind, _, where = name.partition("/")
    if name in ("peak/gradient", "peak/image"):
        return f"the {where}"
    words = {"peak": "features", "style_magnitude": "style statistic", "style_loss": "style loss", "loss": "loss"}
    return f"{words.get(kind, kind)} {'at ' if where.startswith('conv') else ''}{where}"
