"""When a loss has stopped falling."""

import math
from collections.abc import Sequence

WINDOW = 50
"""Length of a window in steps, counted from the run's first. Whether a run has converged is judged only at multiples of
it, so that a resumed run ends where it would have ended."""


def add(lowest: Sequence[float], step: int, loss: float) -> list[float]:
    """Add a step's loss to the lowest losses of all windows so far. A single step may be high, as L-BFGS tries some."""
    if not lowest or step % WINDOW == 1:
        return [*lowest, loss]
    return [*lowest[:-1], min(lowest[-1], loss)]


def converged(lowest: Sequence[float], step: int, stop_at: float | None) -> bool:
    """Whether a window ends at `step` and is lower than the one before by no more than the fraction `stop_at`."""
    if stop_at is None or step % WINDOW or len(lowest) < 2:
        return False
    before, last = lowest[-2:]
    return math.isfinite(before) and before - last <= stop_at * before
