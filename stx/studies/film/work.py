"""Frame after frame, and what each comes to."""

import csv
import math
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from torch import Tensor

from stx import atomic
from stx.errors import Stopped, UserError
from stx.measures.flicker import brightness, flicker
from stx.runs.batch import forget
from stx.runs.files import LOSSES, OUTPUT
from stx.runs.job import Job
from stx.runs.member import ENDED, attempt, outcome
from stx.studies.film.frames import Motion, Plan, beginning, following, job, lay_out, motion, tensor
from stx.studies.film.reel import FRAMES, Reel


class Frame(NamedTuple):
    """What came of a frame, beside its source."""

    number: int
    kept: bool
    """It was there already."""
    anew: bool
    """It begins a scene: the film, or one behind a cut."""
    outcome: str
    """finished or diverged."""
    consistent: float
    """Share of its area that the frame before has shown."""
    flicker: float
    source_flicker: float
    """Both NaN where a scene begins."""
    brightness: float
    source_brightness: float
    losses: dict[str, float]
    """loss/<group> behind its last step."""

    def metrics(self) -> dict[str, float]:
        """For the store, whose numbers are all finite."""
        own = {name: getattr(self, name) for name in NUMBERS} | self.losses
        return {name: value for name, value in own.items() if math.isfinite(value)}


class Shown(NamedTuple):
    """A frame beside its source, (3, H, W) in [0, 1]."""

    result: Tensor
    source: Tensor


NUMBERS = ("consistent", "flicker", "source_flicker", "brightness", "source_brightness")


def frames(plan: Plan, place: Reel) -> Iterator[Frame]:
    """Make those that are missing, in their order. Raises Stopped where one cannot be made."""
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
    """A frame, if there is one that can be read: a damaged one is made again of its run."""
    try:
        return tensor(path) if path.exists() else None
    except UserError:
        return None


def anew(plan: Plan, moves: Motion | None) -> bool:
    return moves is None or moves.share < plan.options.cut


def asked(plan: Plan, place: Reel, number: int, moves: Motion | None) -> Job:
    """The run of a frame. Raises OSError where what it begins from cannot be written."""
    if moves is None or anew(plan, moves):
        return job(beginning(plan.typed, place.source(number), plan.size), place.run(number))
    given = lay_out(plan, place, number, moves)
    return job(following(plan.typed, place.source(number), given, plan.size, plan.options), place.run(number))


def come_to_an_end(one: Job, name: str) -> None:
    """Make a run, or go on with it, unless it has ended. Raises Stopped where it does not, and where it has diverged
    under guard.on_nan=raise."""
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
    """Behind a frame's last step; nothing where its run's folder is gone."""
    try:
        with (place.run(number) / LOSSES).open(encoding="utf-8", newline="") as file:
            (last,) = deque(csv.DictReader(file), maxlen=1)
    except (OSError, ValueError):
        return {}
    return {name: float(value) for name, value in last.items() if name.startswith("loss/") and value}


def by_themselves(plan: Plan, place: Reel) -> Iterator[tuple[int, float]]:
    """The numbers of frames that are made by themselves, as the first is, and how each flickers against the one before.

    Raises Stopped where one cannot be made.
    """
    before = tensor(place.frame(1))
    for number in range(2, min(plan.options.alone, plan.film.length) + 1):
        one = job(beginning(plan.typed, place.source(number), plan.size), place.alone(number))
        come_to_an_end(one, f"frame {number} by itself")
        frame, moves = tensor(one.folder / OUTPUT), motion(plan, place, number)
        if not anew(plan, moves):
            yield number, flicker(frame, before, *moves)
        before = frame
