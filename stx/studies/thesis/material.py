"""What the report's sections draw on: runs, evidence and pictures by member, all from the store."""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from stx.pictures import images
from stx.pictures.sheet import contact_sheet, fitted
from stx.runs.files import CONTENT, OUTPUT, STYLE
from stx.runs.plan import Planned
from stx.runs.sources import InStore
from stx.runs.tracking.stored import Run
from stx.studies.page import GAP, Picture, Pictures
from stx.studies.thesis.evidence import Evidence

LARGEST = 512
"""Pixels of a picture's longer side in the report."""


class Material(NamedTuple):
    folder: Path
    """The report's folder, which holds everything that it shows."""
    planned: dict[str, Planned]
    runs: dict[str, Run]
    evidence: dict[str, Evidence]
    separation: dict[str, float]
    """By "<statistic>/<picture>/<layer>"."""

    def open(self, name: str, file: str = OUTPUT) -> Image.Image | None:
        """A member's picture; None if the member has no run, the file is gone or the store does not give it."""
        run = self.runs.get(name)
        return InStore(run).picture(file) if run else None

    def show(self, name: str, caption: str, file: str = OUTPUT) -> list[Picture]:
        picture = self.open(name, file)
        return [self.keep(picture, f"{name}-{Path(file).stem}", caption)] if picture else []

    def side_by_side(self, names: Sequence[str], width: int = 192, prefix: str = "") -> list[Pictures]:
        """Content and style of the first member that has a run, then each member's result, named without `prefix`."""
        present = [name for name in names if name in self.runs]
        if not present:
            return []
        first = present[0]
        inputs = self.show(first, "content", CONTENT) + self.show(first, "style", STYLE)
        return [
            Pictures(
                [*inputs, *(shown for name in present for shown in self.show(name, name.removeprefix(prefix)))], width
            )
        ]

    def sheet(
        self, rows: Iterable[Sequence[str]], name: str, caption: str, row_labels: Sequence[str], columns: Sequence[str]
    ) -> list[Picture]:
        """A grid of members' pictures; empty if none of them exists."""
        pictures = [[self.open(member) for member in row] for row in rows]
        existing = [picture for row in pictures for picture in row if picture]
        if not existing:
            return []
        size = fitted(existing[0].size, LARGEST // 2)
        grid = contact_sheet(pictures, row_labels=row_labels, column_labels=columns, cell=size)
        return [self.keep(grid, name, caption, largest=2400)]

    def keep(self, picture: Image.Image, name: str, caption: str, largest: int = LARGEST) -> Picture:
        """Save a picture into the report's folder, as JPEG at a modest size."""
        file = Path("pictures") / f"{name}.jpg"
        (self.folder / file).parent.mkdir(parents=True, exist_ok=True)
        images.save(picture.resize(fitted(picture.size, largest)), self.folder / file, quality=88)
        return Picture(str(file), caption)


def number(value: float | None) -> str:
    if value is None or math.isnan(value):
        return GAP
    return f"{value:.0f}" if 100 <= abs(value) < 10000 else f"{value:.3g}"
