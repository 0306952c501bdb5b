"""Finished pictures by other programs, or by anybody: a folder with a rule for names, or a CSV."""

import csv
import io
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from stx.errors import UserError
from stx.pictures import images
from stx.pictures.decode import SUFFIXES
from stx.studies.compare.equal import stem

COLUMNS = ("program", "photograph", "style", "picture")
RATED = ("photograph", "style", "picture", "rating")
DECIMAL_POINT = re.compile(r"[-+]?\d+(\.\d+)?", re.ASCII)
"""A rating in a CSV with commas between its columns: 1,000 there may be either one or a thousand."""
DECIMAL_COMMA = re.compile(r"[-+]?\d+([.,]\d+)?", re.ASCII)
"""In one with semicolons."""


class Given(NamedTuple):
    program: str
    """Who made it."""
    photograph: str
    style: str
    picture: Path
    rating: float = math.nan
    """A person's rating; higher is better."""


def of_pairs(text: str, pairs: Sequence[tuple[str, str]]) -> list[Given]:
    """The pictures that `pictures=` names, for the pairs of a protocol.

    They lie in a folder as `PROGRAM/PHOTOGRAPH-STYLE.png`, by the names of both without folder and type, or are listed
    in a CSV with COLUMNS. Raises UserError, also for pictures that cannot be read, before runs that may take hours.
    """
    path = named("pictures", text)
    listed = list(of_folder(path, pairs)) if path.is_dir() else of_table("pictures", path, COLUMNS)
    whole: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for photograph, style in pairs:
        whole.setdefault((stem(photograph), stem(style)), []).append((photograph, style))
    whole |= {pair: [pair] for pair in pairs}
    chosen = []
    for row in listed:
        several = whole.get(row[1:3]) or whole.get((stem(row.photograph), stem(row.style)), [])
        said = f"pictures={text}: {row.photograph} in {row.style}"
        if not several:
            raise UserError(f"{said} is no pair of this protocol")
        if len(several) > 1:
            raise UserError(f"{said} may be {' or '.join(map(' in '.join, several))}; name them as the protocol does")
        chosen.append(row._replace(photograph=several[0][0], style=several[0][1]))
    twice = [key for key, times in Counter(row[:3] for row in chosen).items() if times > 1]
    if twice:
        program, photograph, style = twice[0]
        raise UserError(f"pictures={text}: {program} has two pictures of {photograph} in {style}")
    return chosen


def of_ratings(text: str) -> list[Given]:
    """The pictures that `ratings=` names: a CSV with RATED. Raises UserError."""
    return of_table("ratings", named("ratings", text), RATED)


def named(option: str, text: str) -> Path:
    if not text:
        raise UserError(f"{option}= is empty; name a {'folder or a ' if option == 'pictures' else ''}CSV")
    return Path(text).expanduser()


def of_folder(folder: Path, pairs: Sequence[tuple[str, str]]) -> Iterator[Given]:
    expected: dict[str, list[tuple[str, str]]] = {}
    for photograph, style in pairs:
        expected.setdefault(f"{stem(photograph)}-{stem(style)}", []).append((photograph, style))
    files = sorted(each for each in folder.glob("*/*") if each.suffix.lower() in SUFFIXES)
    if not files:
        raise UserError(
            f"pictures={folder}: there is no PROGRAM/PHOTOGRAPH-STYLE.png in it, as PROGRAM/{next(iter(expected))}.png"
        )
    for file in files:
        where = f"pictures={folder}: {file.relative_to(folder)}"
        if file.stem not in expected:
            raise UserError(
                f"{where} is named after no pair of this protocol; it has {', '.join(list(expected)[:3])}, ..."
            )
        if len(expected[file.stem]) > 1:
            raise UserError(f"{where} may be of several pairs; say in a CSV which: {','.join(COLUMNS)}")
        readable(where, str(file))
        yield Given(file.parent.name, *expected[file.stem][0], file)


def readable(where: str, source: str) -> None:
    """Raise UserError, beginning with `where`, for a picture that cannot be read."""
    try:
        images.load(source)
    except UserError as error:
        raise UserError(f"{where}: {error}") from None


def of_table(option: str, path: Path, columns: Sequence[str]) -> list[Given]:
    """The rows of a CSV that must have these columns. Raises UserError.

    They are separated by commas or, as spreadsheets write it where numbers have decimal commas, by semicolons. Paths of
    pictures are relative to the CSV if there is such a file.
    """
    if not path.is_file():
        raise UserError(f"{option}={path}: there is no such file{' or folder' if option == 'pictures' else ''}")
    try:
        text = path.read_text(encoding="utf-8-sig")
        header = text.partition("\n")[0]
        between = ";" if header.count(";") > header.count(",") else ","
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=between)
        rows = [(reader.line_num, row) for row in reader]
        names = [*(reader.fieldnames or ())]
        missing = [column for column in columns if column not in names]
        twice = [column for column in columns if names.count(column) > 1]
    except (csv.Error, UnicodeDecodeError) as error:
        raise UserError(f"{option}={path}: it is no CSV ({error})") from None
    if missing:
        raise UserError(f"{option}={path}: it has no column {', '.join(missing)}; it needs {', '.join(columns)}")
    if twice:
        raise UserError(f"{option}={path}: it has two columns {twice[0]}")
    if not rows:
        raise UserError(f"{option}={path}: it has no rows")
    if longer := next((number for number, row in rows if None in row), None):
        raise UserError(
            f"{option}={path}, line {longer}: it has more fields than the first line; a text with {between} in it "
            "needs quotes"
        )
    number_of = DECIMAL_COMMA if between == ";" else DECIMAL_POINT
    return [row_of(f"{option}={path}, line {number}", path, row, columns, number_of) for number, row in rows]


def row_of(
    where: str, path: Path, row: Mapping[str, str | None], columns: Sequence[str], number: re.Pattern[str]
) -> Given:
    cells = {column: (row.get(column) or "").strip() for column in (*COLUMNS, "rating")}
    for column in columns:
        if not cells[column]:
            raise UserError(f"{where}: it has no {column}")
    rated = "rating" in columns  # otherwise photograph and style are named as the protocol names them
    pictures = {
        column: beside(path, cells[column]) if rated or column == "picture" else cells[column]
        for column in ("photograph", "style", "picture")
    }
    if not Path(pictures["picture"]).is_file():
        raise UserError(f"{where}: there is no picture {pictures['picture']}")
    for source in pictures.values() if rated else [pictures["picture"]]:
        readable(where, source)
    rating = math.nan
    if rated:
        if not number.fullmatch(cells["rating"]):
            raise UserError(f"{where}: rating={cells['rating']} is not a number such as 4 or 3.5")
        rating = float(cells["rating"].replace(",", "."))
        if not math.isfinite(rating):
            raise UserError(f"{where}: rating={cells['rating'][:20]}... is too large")
    return Given(cells["program"], pictures["photograph"], pictures["style"], Path(pictures["picture"]), rating)


def beside(path: Path, name: str) -> str:
    """The file of that name beside the CSV, if there is one; otherwise the name itself, as of a bundled picture."""
    file = path.parent / name
    return str(file) if file.is_file() else name
