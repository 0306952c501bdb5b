"""timing=true: a run's parts and their seconds, at its end and in its folder."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from stx import timeline
from stx.loop.listener import Listener, Row, Start


class Timed(Listener):
    """Tells the parts of the loop apart. On a GPU a step has ended when its losses are read."""

    def begun(self, level: Start) -> None:
        if level.graph:
            timeline.ended("capture of the CUDA graph")
        self.part = "first steps"

    def rows(self, rows: list[Row]) -> None:
        timeline.ended(self.part)
        self.part = "steps"


@contextmanager
def of_one_run() -> Iterator[None]:
    """A block, behind which the time line begins anew, however it ends: the next run of the process has its own."""
    try:
        yield
    finally:
        timeline.begin()


def table(parts: Mapping[str, float]) -> str:
    """A line a part, with its seconds and its share of all."""
    total = sum(parts.values())
    lines = [f"{seconds:8.2f} s {seconds / total:5.0%}  {part}" for part, seconds in parts.items()]
    return "\n".join([*lines, f"{total:8.2f} s        in all"])
