"""The pictures of docs/statistics.md: of each statistic the one nearest to the content of Gram's, and all on a sheet.

stx compare protocol=gallery output=FOLDER
python scripts/statistics_page.py FOLDER docs/statistics
"""

import csv
import math
import sys
from pathlib import Path

from PIL import Image

from stx.pictures import images
from stx.pictures.sheet import contact_sheet, stacked
from stx.studies.compare.protocol import Cell
from stx.studies.compare.work import member_name

COLUMNS = 6
QUALITY = 90


def main(comparison: Path, docs: Path) -> None:
    with (comparison / "report" / "runs.csv").open(newline="", encoding="utf-8") as file:
        runs = list(csv.DictReader(file))
    target = next(float(run["measure/content"]) for run in runs if run["statistic"] == "gram")
    names = list(dict.fromkeys(run["statistic"] for run in runs))
    nearest = {
        name: min(
            (run for run in runs if run["statistic"] == name),
            key=lambda run: abs(math.log(float(run["measure/content"]) / target)),
        )
        for name in names
    }
    pictures = {name: images.load(str(folder_of(comparison, nearest[name]) / "output.png")) for name in names}
    first = folder_of(comparison, nearest["gram"])
    inputs = {name: images.load(str(first / f"{name}.png")) for name in ("content", "style")}
    for name, picture in {**inputs, **pictures}.items():
        images.save(picture, docs / f"{name}.jpg", quality=QUALITY)
    whole = {"photograph": inputs["content"], "style": inputs["style"], **pictures}
    images.save(sheet(whole), docs / "all.jpg", quality=QUALITY)


def folder_of(comparison: Path, run: dict[str, str]) -> Path:
    cell = Cell(run["statistic"], run["photograph"], run["style"], int(run["seed"]))
    folders = (comparison / "runs").glob(f"{member_name(cell, float(run['beta']))}-*")
    return max(folders, key=lambda folder: folder.stat().st_mtime)


def sheet(pictures: dict[str, Image.Image]) -> Image.Image:
    """All pictures below their names, in rows of COLUMNS."""
    names = list(pictures)
    rows = [names[start : start + COLUMNS] for start in range(0, len(names), COLUMNS)]
    cell = next(iter(pictures.values())).size
    return stacked([contact_sheet([[pictures[name] for name in row]], column_labels=row, cell=cell) for row in rows])


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
