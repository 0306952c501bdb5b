"""Which pictures are shown side by side: by two methods, at equal content, of one photograph, style, seed and size."""

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import NamedTuple


class Entry(NamedTuple):
    """A picture that may be shown."""

    method: str
    photograph: str
    style: str
    seed: str
    size: str
    content: float
    """Its content distance."""
    measures: Mapping[str, float]
    run: str
    """The id of its run."""
    picture: Path
    photograph_file: Path
    style_file: Path

    @property
    def cell(self) -> tuple[str, ...]:
        """What two pictures must have in common."""
        return self.photograph, self.style, self.seed, self.size


class Pair(NamedTuple):
    first: Entry
    second: Entry


def pairs(entries: Sequence[Entry], tolerance: float, rng: random.Random) -> list[Pair]:
    """All comparable pairs, in such an order that any stretch of it has each two methods about as often as any other.

    A rater is asked about such a stretch. Which picture of a pair comes first is as random as the order.
    """
    groups: dict[frozenset[str], list[Pair]] = {}
    for pair in comparable(entries, tolerance):
        groups.setdefault(frozenset(entry.method for entry in pair), []).append(pair)
    for group in groups.values():
        rng.shuffle(group)
    return [turned(pair, rng) for pair in spread([*groups.values()], rng)]


def comparable(entries: Sequence[Entry], tolerance: float) -> Iterator[Pair]:
    cells: dict[tuple[str, ...], list[Entry]] = {}
    for entry in entries:
        cells.setdefault(entry.cell, []).append(entry)
    for several in cells.values():
        for first, second in combinations(several, 2):
            if first.method != second.method and apart(first.content, second.content) <= tolerance:
                yield Pair(first, second)


def nearest(entries: Sequence[Entry]) -> float:
    """The smallest difference of content distances of pictures that could be shown together; infinite without any."""
    return min((apart(*(one.content for one in pair)) for pair in comparable(entries, math.inf)), default=math.inf)


def widest(entries: Sequence[Entry]) -> float:
    """The smallest tolerance at which every picture that has another method's to go with is in a pair."""
    least: dict[str, float] = {}
    for pair in comparable(entries, math.inf):
        far = apart(*(one.content for one in pair))
        for entry in pair:
            least[entry.run] = min(far, least.get(entry.run, math.inf))
    return max((far for far in least.values() if math.isfinite(far)), default=math.inf)


def rounded_up(tolerance: float) -> str:
    """A tolerance as one types it, in hundredths."""
    return f"{math.ceil(round(100 * tolerance, 6)) / 100:g}"


def left_alone(entries: Sequence[Entry], pool: Sequence[Pair], tolerance: float) -> str:
    """How many pictures are in no pair, and which methods have no picture in one, in words; empty if all are in one."""
    shown = {entry.run for pair in pool for entry in pair}
    if not (alone := sum(entry.run not in shown for entry in entries)):
        return ""
    absent = sorted({entry.method for entry in entries} - {entry.method for pair in pool for entry in pair})
    wide = widest(entries)
    more = f"; tolerance={rounded_up(wide)} takes in all that can be paired" if tolerance < wide < math.inf else ""
    none_of = f", among them all of {', '.join(absent)}" if absent else ""
    return (
        f"{alone} of {len(entries)} pictures are left out{none_of}: no other method has a picture of the same "
        f"photograph and style whose content distance is within {tolerance:.0%}{more}"
    )


def apart(one: float, other: float) -> float:
    """Difference of two content distances relative to the smaller; infinite if one is negative or not finite."""
    if not (math.isfinite(one) and math.isfinite(other)) or min(one, other) < 0:
        return math.inf
    low, high = sorted((one, other))
    return 0.0 if low == high else (high / low - 1 if low else math.inf)


def spread(groups: Sequence[Sequence[Pair]], rng: random.Random) -> list[Pair]:
    """Spread the members of each group evenly over the whole, each group from a random start."""
    placed = []
    for group in groups:
        start = rng.random()
        placed += [((number + start) / len(group), rng.random(), pair) for number, pair in enumerate(group)]
    return [pair for *_, pair in sorted(placed, key=lambda one: one[:2])]


def turned(pair: Pair, rng: random.Random) -> Pair:
    return Pair(*pair) if rng.random() < 0.5 else Pair(pair.second, pair.first)
