"""A run's losses as the page draws them: few points, and gaps where there was no number."""

import math
from collections.abc import Mapping, Sequence
from typing import TypeVar

MOST = 200
"""Most points of a curve."""
DIGITS = 5
"""Significant digits of each value: more than a chart can show."""

Points = Sequence[tuple[int, float]]
Item = TypeVar("Item")


def curves(losses: Mapping[str, Points]) -> dict[str, list[tuple[int, float | None]]]:
    """Each loss by its name after "loss/"; None stands for what a logarithmic scale cannot show."""
    return {
        name.removeprefix("loss/"): [(step, shown(value)) for step, value in spread(points, MOST)]
        for name, points in losses.items()
    }


def spread(items: Sequence[Item], most: int) -> Sequence[Item]:
    """At most `most` (two or more) of the items, evenly spread, including the first and the last."""
    if len(items) <= most:
        return items
    return [items[round(place * (len(items) - 1) / (most - 1))] for place in range(most)]


def shown(value: float) -> float | None:
    return rounded(value) if math.isfinite(value) and value > 0 else None


def rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
