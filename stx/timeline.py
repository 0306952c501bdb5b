"""Where a command's time goes. Each part is named when it ends; the first begins when this module is imported."""

import time

_ends: list[tuple[str, float]] = []
_began = time.perf_counter()


def ended(part: str) -> None:
    """Count the time since the last call as `part`'s. A part may end several times; its times are added."""
    _ends.append((part, time.perf_counter()))


def parts() -> dict[str, float]:
    """Seconds of each part, in the order in which they first ended."""
    seconds: dict[str, float] = {}
    before = _began
    for part, end in _ends:
        seconds[part] = seconds.get(part, 0.0) + end - before
        before = end
    return seconds


def begin() -> None:
    """Start over, for the next run in the same process."""
    global _began
    _ends.clear()
    _began = time.perf_counter()
