"""The pictures of docs/statistics.md: of each statistic the one nearest to the content of Gram's.

stx compare protocol=gallery output=FOLDER
python scripts/statistics_page.py FOLDER docs/statistics          a picture each, and all on a sheet

stx compare protocol=losses output=FOLDER
python scripts/statistics_page.py FOLDER docs/statistics field    two sheets, with a row for each photograph
"""

import csv
import json
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

from stx.pictures import images
from stx.pictures.sheet import contact_sheet, stacked
from stx.studies.compare.protocol import Cell
from stx.studies.compare.work import member_name

COLUMNS = 6
FIELD = {
    "field": (
        "gram", "moments_cooc", "moments_cooc_nearest", "gram_moments", "relaxed_emd", "nearest_neighbour",
        "sliced_wasserstein", "sliced_wasserstein_fresh",
    ),
    "field-more": (
        "correlation", "deep_dc", "cross_layer_gram", "deep_correlations", "spectrum", "gram_spectrum", "laplacian",
        "self_similarity",
    ),
}  # fmt: skip
"""The statistics on each sheet of the losses of the field."""
QUALITY = 90


class Comparison(NamedTuple):
    """A comparison of one style and one seed."""

    folder: Path
    runs: Sequence[dict[str, str]]
    measure: str
    """The measure of content that is held equal."""

    @classmethod
    def read(cls, folder: Path) -> "Comparison":
        report = folder / "report"
        compared: dict[str, Any] = json.loads((report / "comparison.json").read_text(encoding="utf-8"))
        with (report / "runs.csv").open(newline="", encoding="utf-8") as file:
            return cls(folder, list(csv.DictReader(file)), f"measure/{compared['match']}")

    def of(self, column: str) -> list[str]:
        return list(dict.fromkeys(run[column] for run in self.runs))

    def nearest(self, statistic: str, photograph: str) -> Path:
        """The folder of a statistic's run that is nearest to the content of Gram's first picture."""
        runs = [run for run in self.runs if run["photograph"] == photograph]
        target = next(float(run[self.measure]) for run in runs if run["statistic"] == "gram")
        run = min(
            (run for run in runs if run["statistic"] == statistic),
            key=lambda run: abs(math.log(float(run[self.measure]) / target)),
        )
        cell = Cell(statistic, photograph, run["style"], int(run["seed"]))
        folders = (self.folder / "runs").glob(f"{member_name(cell, float(run['beta']))}-*")
        return max(folders, key=lambda folder: folder.stat().st_mtime)

    def picture(self, statistic: str, photograph: str, name: str = "output") -> Image.Image:
        return images.load(str(self.nearest(statistic, photograph) / f"{name}.png"))


def one_by_one(comparison: Comparison, docs: Path) -> None:
    """A picture for each statistic, and all below their names on a sheet, in rows of COLUMNS."""
    (photograph,) = comparison.of("photograph")
    inputs = {name: comparison.picture("gram", photograph, name) for name in ("content", "style")}
    pictures = {name: comparison.picture(name, photograph) for name in comparison.of("statistic")}
    for name, picture in {**inputs, **pictures}.items():
        images.save(picture, docs / f"{name}.jpg", quality=QUALITY)
    shown = {"photograph": inputs["content"], "style": inputs["style"], **pictures}
    names, cell = list(shown), inputs["content"].size
    rows = [names[start : start + COLUMNS] for start in range(0, len(names), COLUMNS)]
    whole = stacked([contact_sheet([[shown[name] for name in row]], column_labels=row, cell=cell) for row in rows])
    images.save(whole, docs / "all.jpg", quality=QUALITY)


def field(comparison: Comparison, docs: Path) -> None:
    photographs = comparison.of("photograph")
    for file, names in FIELD.items():
        rows = [[comparison.picture(name, photograph) for name in names] for photograph in photographs]
        sheet = contact_sheet(rows, row_labels=photographs, column_labels=names, cell=(192, 144))
        images.save(sheet, docs / f"{file}.jpg", quality=QUALITY)


if __name__ == "__main__":
    draw = field if sys.argv[3:] == ["field"] else one_by_one
    draw(Comparison.read(Path(sys.argv[1])), Path(sys.argv[2]))
