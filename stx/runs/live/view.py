"""What the page shows of a run: written by the run's thread, read by the server's."""

import math
import secrets
import time
from collections.abc import Mapping, Sequence
from signal import SIGINT
from types import MappingProxyType
from typing import NamedTuple

from PIL import Image
from torch import Tensor

from stx.loop.listener import Event, Listener, Row, Start
from stx.loop.signals import Stop
from stx.pictures import images
from stx.pictures.colour import Finish, unchanged
from stx.runs.progress import Progress, Stage, where

POINTS = 500
"""Points of each curve, at most; those of a longer run are thinned out."""
PICTURE_SECONDS, PICTURE_SHARE = 1.0, 0.02
"""The least time between two pictures for the page, and the largest share of the run's time that they may take."""
LOSSES = ("loss/total", "loss/content", "loss/style")

Point = tuple[int, float | None, float | None, float | None]
"""A step and its LOSSES; None for one that is not finite."""


class State(NamedTuple):
    """What the page shows of a run. It is never changed, only replaced by another one."""

    run: str
    """Tells the page of one run from that of the next at the same address."""
    steps: int
    """Steps that the run may take."""
    levels: Sequence[int]
    """The last step of each level."""
    phase: str = "starting"
    """starting, working, stopping (it was asked to), ending (its picture is judged), or how it ended."""
    over: bool = False
    said: str = ""
    """What is said at its end."""
    step: int = 0
    where: str = ""
    """The size that it is at."""
    left: float | None = None
    """Seconds left; None if unknown."""
    curve: Sequence[Point] = ()
    events: Sequence[Event] = ()
    picture: int = 0
    """How many pictures there have been."""
    behind: int = 0
    """The step after which the last of them was made."""


class View(Listener):
    """A view that nobody looks at."""

    tags: Mapping[str, str] = MappingProxyType({})
    """For the tracker: how the page differs from what was asked for."""

    def end(self, outcome: str, said: str, picture: Tensor) -> None:
        """How the run ended, in words, and with which picture."""


class Live(View):
    """What one page shows."""

    def __init__(self, title: str, stages: Sequence[Stage], stop: Stop):
        self.title, self.stages, self.stop = title, stages, stop
        self.pace = Progress(stages)
        self.finish: Finish = unchanged
        self.points_every, self.points = 1, list[Point]()
        self.picture_due = 0.0
        self.image: Image.Image | None = None
        self.token = secrets.token_urlsafe()
        """Whoever has it has read the page, which another site cannot."""
        self.pages = 0
        """How many pages are open."""
        self.closed = False
        self.now = State(secrets.token_hex(8), stages[-1].until, [stage.until for stage in stages])

    def ask_to_stop(self) -> bool:
        """Stop the run as Ctrl-C does; return whether there was anything to stop. Called by the server's thread."""
        if self.now.phase != "working":
            return self.now.phase == "stopping"
        self.stop.signal = SIGINT
        return True

    def begun(self, level: Start) -> None:
        if self.pace.before is None:  # preparations until now are no step's
            self.pace.started = time.monotonic()
        self.finish = level.finish
        self.show(level.image, level.done)

    def rows(self, rows: list[Row]) -> None:
        last = rows[-1]
        left = self.pace.left(rows)
        self.now = self.now._replace(
            phase=self.phase(last.step),
            step=last.step,
            where=where(self.stages, last.step),
            left=left if math.isfinite(left) else None,
            curve=self.curve(rows),
        )

    def phase(self, step: int) -> str:
        if self.stop.signal is not None:
            return "stopping"
        return "working" if step < self.now.steps else "ending"

    def curve(self, rows: list[Row]) -> list[Point]:
        """All steps so far, thinned out, and the newest."""
        kept = [*self.points]
        kept += [point(row) for row in rows if row.step % self.points_every == 0]
        while len(kept) > POINTS:
            self.points_every *= 2
            kept = [point for point in kept if point[0] % self.points_every == 0]
        self.points = kept
        newest = point(rows[-1])
        return kept if kept[-1:] == [newest] else [*kept, newest]

    def happened(self, events: Sequence[Event]) -> None:
        self.now = self.now._replace(events=list(events))

    def seen(self, picture: Tensor, step: int) -> None:
        if self.pages and time.monotonic() >= self.picture_due:
            self.show(picture, step)

    def end(self, outcome: str, said: str, picture: Tensor) -> None:
        self.show(picture, self.now.step)
        self.over(outcome, said)

    def over(self, outcome: str, said: str) -> None:
        self.now = self.now._replace(phase=outcome, over=True, said=said, left=None)

    def show(self, picture: Tensor, step: int) -> None:
        """Make a picture for the page, of which the server's thread gets a copy in memory.

        This happens in the run's thread, as no other may ask a device for anything while a CUDA graph is captured.
        """
        began = time.monotonic()
        self.image = images.to_picture(self.finish(picture))
        ended = time.monotonic()
        self.picture_due = ended + max(PICTURE_SECONDS, (ended - began) / PICTURE_SHARE)
        self.now = self.now._replace(picture=self.now.picture + 1, behind=step)


def point(row: Row) -> Point:
    total, content, style = (row.values.get(name, math.nan) for name in LOSSES)
    return row.step, finite(total), finite(content), finite(style)


def finite(value: float) -> float | None:
    """A value with as many digits as an eye can tell apart; None if it is not finite."""
    return float(f"{value:.4g}") if math.isfinite(value) else None
