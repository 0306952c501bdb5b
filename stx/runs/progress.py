"""How far a run is, on stderr: a bar on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import NamedTuple, NoReturn

from tqdm import tqdm

from stx.loop.levels import Level
from stx.loop.listener import Listener, Row
from stx.runs.words import remaining

PLAIN_LINES = 10
"""Lines per run, at least, if there is no terminal."""
PLAIN_SECONDS = 10.0
"""Seconds after which another line is written in any case."""
BAR = "{percentage:3.0f}%|{bar:20}| {n_fmt}/{total_fmt}{postfix}  {rate_fmt}"


class Stage(NamedTuple):
    """What a display needs to know of a level of the pyramid."""

    until: int
    """The number of its last step."""
    width: int
    height: int

    @classmethod
    def of(cls, level: Level) -> "Stage":
        _, height, width = level.inputs.initial.shape
        return cls(level.until, width, height)


@contextmanager
def progress(stages: Sequence[Stage], quiet: bool = False) -> Iterator[Listener]:
    """A listener that reports how far the run has come, or nothing if `quiet`."""
    if quiet:
        yield Listener()
    elif sys.stderr.isatty():
        with tqdm(total=stages[-1].until, unit="step", bar_format=BAR, dynamic_ncols=True, file=sys.stderr) as bar:
            yield Bar(stages, bar)
    else:
        yield Lines(stages)


class Progress(Listener):
    """What the displays have in common. One that cannot write, as to a closed terminal or a full log, ends no run."""

    def __init__(self, stages: Sequence[Stage]):
        self.stages, self.steps = stages, stages[-1].until
        self.started = time.monotonic()
        self.before: int | None = None
        """Steps that an earlier process took."""

    def said(self, rows: list[Row]) -> str:
        row = rows[-1]
        return f"({where(self.stages, row.step)})  {losses(row)}  {remaining(self.left(rows))}"

    def left(self, rows: list[Row]) -> float:
        """Seconds left after the last of the rows, estimated by the pixels that are still to be processed."""
        self.before = rows[0].step - 1 if self.before is None else self.before
        done = work(self.stages, rows[-1].step)
        rate = (time.monotonic() - self.started) / (done - work(self.stages, self.before))
        return rate * (work(self.stages, self.steps) - done)


class Bar(Progress):
    """A progress bar, on a terminal."""

    def __init__(self, stages: Sequence[Stage], bar: "tqdm[NoReturn]"):
        super().__init__(stages)
        self.bar = bar

    def rows(self, rows: list[Row]) -> None:
        with suppress(OSError, ValueError):
            self.bar.set_postfix_str(self.said(rows), refresh=False)
            self.bar.update(rows[-1].step - self.bar.n)


class Lines(Progress):
    """Plain lines, anywhere else."""

    def __init__(self, stages: Sequence[Stage]):
        super().__init__(stages)
        self.tenths, self.shown_at = 0, self.started

    def rows(self, rows: list[Row]) -> None:
        done, now, text = rows[-1].step, time.monotonic(), self.said(rows)
        tenths = done * PLAIN_LINES // self.steps
        if tenths > self.tenths or done == self.steps or now - self.shown_at >= PLAIN_SECONDS:
            self.tenths, self.shown_at = tenths, now
            with suppress(OSError, ValueError):
                sys.stderr.write(f"step {done}/{self.steps} {text}\n")


def work(stages: Sequence[Stage], step: int) -> float:
    """Pixels that have been through the network up to a step, to which the time taken is proportional."""
    done, before = 0.0, 0
    for until, width, height in stages:
        done += max(0, min(step, until) - before) * width * height
        before = until
    return done


def where(stages: Sequence[Stage], step: int) -> str:
    """The size at a step, and which of how many levels it is."""
    number = next(place for place, stage in enumerate(stages) if step <= stage.until)
    level = f", level {number + 1} of {len(stages)}" if len(stages) > 1 else ""
    return f"{stages[number].width} x {stages[number].height}{level}"


def losses(row: Row) -> str:
    shown = {name: row.values.get(f"loss/{name}") for name in ("total", "content", "style")}
    return "  ".join(f"{name} {value:.3e}" for name, value in shown.items() if value is not None)
