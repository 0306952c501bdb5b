"""The style weight at which a statistic ends at the reference's content distance; style at another one says nothing."""

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

USUAL_SLOPE = 0.25
"""Slope of log content distance over log weight if the runs do not tell it; measured, it is 0.1 to 0.5."""
LONGEST_MOVE = 10.0
"""Largest factor between the weights of one run and the next."""

BEYOND = 0.05
"""How far, as a logarithm, the next run is to pass the wanted content, so that this lies between two runs."""
SAME = 0.02
"""Relative difference of content distances below which two runs end alike."""


class Tried(NamedTuple):
    beta: float
    content: float
    """The content distance that the run ended at."""


def next_beta(tried: Sequence[Tried], wanted: float) -> float:
    """The weight to try next, after at least one run; all runs have different weights.

    It is found on logarithmic axes, where the curve is nearly straight: between the nearest runs on both sides of
    `wanted`, or by extending the line through the two nearest runs if all lie on one side. The move is limited by
    LONGEST_MOVE.
    """
    nearest = sorted(tried, key=lambda run: miss(run, wanted))
    first = nearest[0]
    other_side = [run for run in nearest[1:] if (run.content < wanted) != (first.content < wanted)]
    slope = USUAL_SLOPE
    for second in (other_side or nearest[1:])[:1]:
        slope = log_ratio(second.content, first.content) / math.log(second.beta / first.beta)
        if not 0.01 < slope < math.inf:  # noise between two close runs, or a statistic that does not affect the content
            slope = USUAL_SLOPE
    move = log_ratio(wanted, first.content) / slope
    longest = math.log(LONGEST_MOVE)
    return float(f"{first.beta * math.exp(max(-longest, min(longest, move))):.3g}")


def reached(contents: Iterable[float], wanted: float, tolerance: float) -> bool:
    """Whether there are contents on both sides of `wanted`, or one within the tolerance of it."""
    apart = [log_ratio(content, wanted) for content in contents if not math.isnan(content)]
    return bool(apart) and not math.isnan(wanted) and min(apart) <= tolerance and max(apart) >= -tolerance


def passing(tried: Sequence[Tried], wanted: float) -> float:
    """The content to aim at if no runs lie on both sides of `wanted`: a little beyond it."""
    below, above = beside(wanted)
    return above if min(tried, key=lambda run: miss(run, wanted)).content < wanted else below


def beside(wanted: float) -> list[float]:
    """Contents a little below and above `wanted`."""
    return [wanted * math.exp(-BEYOND), wanted * math.exp(BEYOND)]


def exhausted(tried: Sequence[Tried]) -> bool:
    """Whether more weight no longer changes the content: the two largest weights are far apart, but end alike."""
    last = sorted(tried)[-2:]
    return len(last) == 2 and last[1].beta >= 2 * last[0].beta and miss(last[1], last[0].content) < SAME


def miss(run: Tried, wanted: float) -> float:
    """How far a run ended from `wanted`: the absolute logarithm of their ratio."""
    return abs(log_ratio(run.content, wanted))


def log_ratio(one: float, other: float) -> float:
    """Logarithm of `one` over `other`; 0 if both distances are 0, as of the photograph itself, infinite if one is."""
    if one == other:
        return 0.0
    return math.log(one / other) if one > 0 and other > 0 else math.copysign(math.inf, one - other)
