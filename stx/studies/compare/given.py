"""Finished pictures, of other programs or of anybody: a folder with a rule for names, or a CSV."""

import csv
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from stx.errors import UserError
from stx.studies.compare.equal import stem

COLUMNS = ("program", "photograph", "style", "picture")
RATED = ("photograph", "style", "picture", "rating")
TYPES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp")


class Given(NamedTuple):
    program: str
    """Who made it."""
    photograph: str
    style: str
    picture: Path
    rating: float = math.nan
    """A person's; higher is better."""


def of_pairs(text: str, pairs: Sequence[tuple[str, str]]) -> list[Given]:
    """What `pictures=` names, of the pairs of a protocol: `folder/PROGRAM/PHOTOGRAPH-STYLE.png`, by the pictures' names
    without folder and type, or a CSV with COLUMNS. Raises UserError."""
    path = named("pictures", text)
    if path.is_dir():
        return list(of_folder(path, pairs))
    listed = of_table("pictures", path, COLUMNS)
    names = {(stem(photograph), stem(style)): (photograph, style) for photograph, style in pairs}
    for row in listed:
        if (stem(row.photograph), stem(row.style)) not in names:
            raise UserError(f"pictures={text}: {row.photograph} in {row.style} is no pair of this protocol")
    return [
        row._replace(photograph=photograph, style=style)
        for row in listed
        for photograph, style in [names[stem(row.photograph), stem(row.style)]]
    ]


def of_ratings(text: str) -> list[Given]:
    """What `ratings=` names: a CSV with RATED. Raises UserError."""
    return of_table("ratings", named("ratings", text), RATED)


def named(option: str, text: str) -> Path:
    if not text:
        raise UserError(f"{option}= is empty; name a {'folder or a ' if option == 'pictures' else ''}CSV")
    return Path(text).expanduser()


def of_folder(folder: Path, pairs: Sequence[tuple[str, str]]) -> Iterator[Given]:
    expected = {f"{stem(photograph)}-{stem(style)}": (photograph, style) for photograph, style in pairs}
    files = sorted(each for each in folder.glob("*/*") if each.suffix.lower() in TYPES)
    if not files:
        raise UserError(
            f"pictures={folder}: there is no PROGRAM/PHOTOGRAPH-STYLE.png in it, as PROGRAM/{next(iter(expected))}.png"
        )
    for file in files:
        if file.stem not in expected:
            raise UserError(
                f"pictures={folder}: {file.relative_to(folder)} is named after no pair of this protocol; "
                f"it has {', '.join(list(expected)[:3])}, ..."
            )
        yield Given(file.parent.name, *expected[file.stem], file)


def of_table(option: str, path: Path, columns: Sequence[str]) -> list[Given]:
    """The rows of a CSV that has these columns; pictures lie beside it, unless their paths say otherwise."""
    if not path.is_file():
        raise UserError(f"{option}={path}: there is no such file{' or folder' if option == 'pictures' else ''}")
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            rows = list(reader)
            missing = [column for column in columns if column not in (reader.fieldnames or ())]
    except (csv.Error, UnicodeDecodeError) as error:
        raise UserError(f"{option}={path}: it is no CSV ({error})") from None
    if missing:
        raise UserError(f"{option}={path}: it has no column {', '.join(missing)}; it needs {', '.join(columns)}")
    if not rows:
        raise UserError(f"{option}={path}: it has no rows")
    return [row_of(f"{option}={path}, line {number}", path, row) for number, row in enumerate(rows, start=2)]


def row_of(where: str, path: Path, row: dict[str, str]) -> Given:
    cells = {column: (row.get(column) or "").strip() for column in (*COLUMNS, "rating")}
    pictures = {column: beside(path, cells[column]) for column in ("photograph", "style", "picture")}
    if not Path(pictures["picture"]).is_file():
        raise UserError(f"{where}: there is no picture {pictures['picture']}")
    try:
        rating = float(cells["rating"] or "nan")
    except ValueError:
        raise UserError(f"{where}: rating={cells['rating']} is no number") from None
    if "rating" in row and not math.isfinite(rating):
        raise UserError(f"{where}: it has no rating")
    return Given(cells["program"], pictures["photograph"], pictures["style"], Path(pictures["picture"]), rating)


def beside(path: Path, name: str) -> str:
    """A file of that name beside the CSV, where there is one; else as it is written: the name of a bundled picture."""
    file = path.parent / name
    return str(file) if file.is_file() else name
