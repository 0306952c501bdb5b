"""Where a command's time goes. Each part says when it has ended; what was before the first is Python's own start."""

import time

_ends: list[tuple[str, float]] = []
_began = time.perf_counter()


def ended(part: str) -> None:
    """What was done since the last part that ended is this one, or more of it."""
    _ends.append((part, time.perf_counter()))


def parts() -> dict[str, float]:
    """Seconds of each, in the order in which they first ended."""
    seconds: dict[str, float] = {}
    before = _began
    for part, end in _ends:
        seconds[part] = seconds.get(part, 0.0) + end - before
        before = end
    return seconds


def begin() -> None:
    """Anew, for the next run of a process."""
    global _began
    _ends.clear()
    _began = time.perf_counter()
