"""When a loss has stopped falling."""

import math
from collections.abc import Sequence

WINDOW = 50
"""Steps, counted from the run's first: whether a run has converged is judged at their multiples alone, so that one that
is taken up again ends where it would have."""


def add(lowest: Sequence[float], step: int, loss: float) -> list[float]:
    """The lowest loss of each window of steps so far, with a step's more. One step may be high: L-BFGS tries some."""
    if not lowest or step % WINDOW == 1:
        return [*lowest, loss]
    return [*lowest[:-1], min(lowest[-1], loss)]


def converged(lowest: Sequence[float], step: int, stop_at: float | None) -> bool:
    """Whether the last window ends at `step` and is lower than the one before by no more than `stop_at` of it."""
    if stop_at is None or step % WINDOW or len(lowest) < 2:
        return False
    before, last = lowest[-2:]
    return math.isfinite(before) and before - last <= stop_at * before
