"""timing=true: how many seconds each part of a run took, printed at its end and kept in its folder."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from stx import timeline
from stx.loop.listener import Listener, Row, Start


class Timed(Listener):
    """Times the parts of the loop. On a GPU, a step counts as ended when its losses are read."""

    def begun(self, level: Start) -> None:
        if level.graph:
            timeline.ended("capture of the CUDA graph")
        self.part = "first steps"

    def rows(self, rows: list[Row]) -> None:
        timeline.ended(self.part)
        self.part = "steps"


@contextmanager
def of_one_run() -> Iterator[None]:
    """A block after which the time line starts anew, even if it raises, so that each run of a process has its own."""
    try:
        yield
    finally:
        timeline.begin()


def table(parts: Mapping[str, float]) -> str:
    """One line per part, with its seconds and its share of the total."""
    total = sum(parts.values())
    lines = [f"{seconds:8.2f} s {seconds / total:5.0%}  {part}" for part, seconds in parts.items()]
    return "\n".join([*lines, f"{total:8.2f} s        in all"])
