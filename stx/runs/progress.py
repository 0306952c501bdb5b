"""How far a run is, on stderr: a bar on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from tqdm import tqdm

from stx.loop.record import Row

PLAIN_LINES = 10
"""At least so many lines a run where there is no terminal,"""
PLAIN_SECONDS = 10.0
"""and one when so much time has passed."""
BAR = "{percentage:3.0f}%|{bar:20}| {n_fmt}/{total_fmt}{postfix}  {rate_fmt}"


class Stage(NamedTuple):
    """A level of the pyramid, to the eye."""

    until: int
    """The number of its last step."""
    width: int
    height: int


@contextmanager
def progress(stages: Sequence[Stage], quiet: bool = False) -> Iterator[Callable[[list[Row]], None]]:
    """A function that takes rows as they come, and says nothing if `quiet`."""
    if quiet:
        yield lambda rows: None
        return
    steps, started = stages[-1].until, time.monotonic()
    first: list[int] = []

    def said(rows: list[Row]) -> str:
        first[:], row = first or [rows[0].step], rows[-1]
        spent = work(stages, row.step) - work(stages, first[0] - 1)
        left = (time.monotonic() - started) * (work(stages, steps) - work(stages, row.step)) / spent
        return f"{where(stages, row.step)}  {losses(row)}  {left:.0f} s left"

    if sys.stderr.isatty():
        with tqdm(total=steps, unit="step", bar_format=BAR, dynamic_ncols=True, file=sys.stderr) as bar:

            def advance(rows: list[Row]) -> None:
                bar.set_postfix_str(said(rows), refresh=False)
                bar.update(rows[-1].step - bar.n)

            yield advance
        return
    shown, at = 0, started

    def line(rows: list[Row]) -> None:
        nonlocal shown, at
        done, now, text = rows[-1].step, time.monotonic(), said(rows)
        if done * PLAIN_LINES // steps > shown or done == steps or now - at >= PLAIN_SECONDS:
            shown, at = done * PLAIN_LINES // steps, now
            sys.stderr.write(f"step {done}/{steps} {text}\n")

    yield line


def work(stages: Sequence[Stage], step: int) -> float:
    """Pixels that have been through the network up to a step: what its time grows with."""
    done, before = 0.0, 0
    for until, width, height in stages:
        done += max(0, min(step, until) - before) * width * height
        before = until
    return done


def where(stages: Sequence[Stage], step: int) -> str:
    """The size at a step, and of how many levels it is which."""
    number = next(place for place, stage in enumerate(stages) if step <= stage.until)
    level = f", level {number + 1} of {len(stages)}" if len(stages) > 1 else ""
    return f"({stages[number].width} x {stages[number].height}{level})"


def losses(row: Row) -> str:
    names = ("total", "content", "style")
    return "  ".join(f"{name} {row.values.get(f'loss/{name}', float('nan')):.3e}" for name in names)
