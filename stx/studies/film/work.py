"""Make a film frame by frame, and measure each frame."""

import csv
import math
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from torch import Tensor

from stx import atomic
from stx.config.regular import regular
from stx.errors import Stopped, UserError
from stx.measures.flicker import brightness, flicker
from stx.runs.batch import forget
from stx.runs.files import LOSSES, OUTPUT
from stx.runs.job import Job
from stx.runs.member import ENDED, attempt, outcome
from stx.studies.film.frames import Motion, Plan, beginning, following, job, lay_out, motion, tensor
from stx.studies.film.reel import FRAMES, Reel


class Frame(NamedTuple):
    """What came of a frame, and the same measures of its source."""

    number: int
    kept: bool
    """Whether it existed already."""
    anew: bool
    """Whether it begins a scene: the film's first, or one after a cut."""
    outcome: str
    """finished or diverged; empty if its run's folder is gone."""
    consistent: float
    """Share of its area that the previous frame shows too."""
    flicker: float
    source_flicker: float
    """Both are NaN if the frame begins a scene."""
    brightness: float
    source_brightness: float
    losses: dict[str, float]
    """loss/<group> after its last step."""

    def metrics(self) -> dict[str, float]:
        """The numbers for the store, which takes only finite ones."""
        own = {name: getattr(self, name) for name in NUMBERS} | self.losses
        return {name: value for name, value in own.items() if math.isfinite(value)}


class Shown(NamedTuple):
    """A frame and its source, each (3, H, W) in [0, 1]."""

    result: Tensor
    source: Tensor


NUMBERS = ("consistent", "flicker", "source_flicker", "brightness", "source_brightness")


def frames(plan: Plan, place: Reel) -> Iterator[Frame]:
    """Make the missing frames in order, and yield what came of each frame. Raises Stopped if one cannot be made."""
    (place.folder / FRAMES).mkdir(exist_ok=True)
    before: Shown | None = None
    for number in range(1, plan.film.length + 1):
        moves = motion(plan, place, number) if number > 1 else None
        result = whole(place.frame(number))
        kept = result is not None
        if result is None:
            one = asked(plan, place, number, moves)
            come_to_an_end(one, f"frame {number}")
            atomic.write(place.frame(number), (one.folder / OUTPUT).read_bytes())
            result = tensor(place.frame(number))
        shown = Shown(result, tensor(place.source(number)))
        yield judged(plan, place, number, moves, kept, shown, before)
        before = shown


def whole(path: Path) -> Tensor | None:
    """A frame, or None if it is missing or cannot be read: a damaged one is made again from its run."""
    try:
        return tensor(path) if path.exists() else None
    except UserError:
        return None


def anew(plan: Plan, moves: Motion | None) -> bool:
    return moves is None or moves.share < plan.options.cut


def asked(plan: Plan, place: Reel, number: int, moves: Motion | None) -> Job:
    """The job of a frame. Raises OSError if the pictures that it begins from cannot be written."""
    if moves is None or anew(plan, moves):
        return job(beginning(plan.typed, place.source(number), plan.size), place.run(number))
    given = lay_out(plan, place, number, moves)
    return job(following(plan.typed, place.source(number), given, plan.size, plan.options), place.run(number))


def come_to_an_end(one: Job, name: str) -> None:
    """Make or continue a run, unless it has ended.

    Raises Stopped if the run does not end, or if it has diverged under guard.on_nan=raise.
    """
    if outcome(one.folder) not in ENDED:
        message = attempt(one).message
        if outcome(one.folder) not in ENDED:
            raise Stopped(f"{name}: {message or 'it did not finish'}\nthe same command continues from there")
    forget(one.folder)
    if outcome(one.folder) == "diverged" and one.config.guard.on_nan == "raise":
        raise Stopped(f"{name}: it has diverged, and guard.on_nan=raise ends the film there; its run is {one.folder}")


def judged(
    plan: Plan, place: Reel, number: int, moves: Motion | None, kept: bool, shown: Shown, before: Shown | None
) -> Frame:
    result, source = shown
    begins = anew(plan, moves)
    flickers = (math.nan, math.nan)
    if moves is not None and before is not None and not begins:
        flickers = flicker(result, before.result, *moves), flicker(source, before.source, *moves)
    return Frame(
        number,
        kept,
        begins,
        outcome(place.run(number)),
        moves.share if moves else 0.0,
        *flickers,
        brightness(result),
        brightness(source),
        losses(place, number),
    )


def losses(place: Reel, number: int) -> dict[str, float]:
    """The losses after a frame's last step; empty if its run's folder is gone."""
    try:
        with regular(place.run(number) / LOSSES).open(encoding="utf-8", newline="") as file:
            (last,) = deque(csv.DictReader(file), maxlen=1)
    except (OSError, ValueError):
        return {}
    return {name: float(value) for name, value in last.items() if name.startswith("loss/") and value}


def by_themselves(plan: Plan, place: Reel) -> Iterator[tuple[int, float]]:
    """Make frames by themselves, as frame 1 is, and yield their numbers and how each flickers against the one before.

    Raises Stopped if one cannot be made.
    """
    before = tensor(place.frame(1))
    for number in range(2, min(plan.options.alone, plan.film.length) + 1):
        one = job(beginning(plan.typed, place.source(number), plan.size), place.alone(number))
        come_to_an_end(one, f"frame {number} by itself")
        frame, moves = tensor(one.folder / OUTPUT), motion(plan, place, number)
        if not anew(plan, moves):
            yield number, flicker(frame, before, *moves)
        before = frame
