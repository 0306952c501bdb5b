"""A sweep's pictures by its first two axes, on as many sheets as it takes."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from stx.pictures import images
from stx.pictures.decode import FORMATS
from stx.pictures.sheet import contact_sheet, fitted, stacked
from stx.runs.files import OUTPUT
from stx.runs.naming import told_apart
from stx.studies.sweep.results import Row

SHEET = "sweep-sheet.jpg"
CELL = 256
"""Pixels of the longer side of a picture on a sheet,"""
WIDEST = 12
"""and columns of one, from which they are half of that; an axis that is alone goes on in a further line."""
MOST = (48, 24)
"""Rows and columns of a sheet, behind which there is another one: JPEG has at most 65500 pixels on a side."""


class Strip(NamedTuple):
    """Rows that stand below the same values of the axis that goes across."""

    down: Sequence[str]
    across: Sequence[str]


def sheets(folder: Path, rows: Sequence[Row]) -> Iterator[tuple[str, Path]]:
    """Write a sheet for all values of the first two axes, and one for each combination of the others'; of many values,
    several. Each with its title."""
    axes = list(rows[0].task.values)
    (down, across), others = [*axes, "", ""][:2], axes[2:]
    if not across:  # one axis alone stands side by side
        down, across = "", down
    labels = {axis: told_apart({row.task.values[axis] for row in rows}) for axis in others}
    first = True
    for combination in dict.fromkeys(tuple(row.task.values[axis] for axis in others) for row in rows):
        here = [row for row in rows if tuple(row.task.values[axis] for axis in others) == combination]
        at = {(row.task.values.get(down, ""), row.task.values.get(across, "")): row for row in here}
        named = [f"{axis}={labels[axis][value]}" for axis, value in zip(others, combination, strict=True)]
        parts = divided(*(list(dict.fromkeys(values)) for values in zip(*at, strict=True)))
        for number, strips in enumerate(parts, start=1):
            sheet = drawn(strips, at)
            if sheet is None:
                continue
            beginning = next(at[place] for strip in strips for place in product(*strip) if place in at)
            path = folder / (SHEET if first and not others else SHEET.replace(".", f"-{beginning.task.number}."))
            images.save(sheet, path)
            part = [f"{number} of {len(parts)}"] if len(parts) > 1 else []
            yield ", ".join([" against ".join(filter(None, (down, across))), *named, *part]), path
            first = False


def divided(ys: Sequence[str], xs: Sequence[str]) -> list[list[Strip]]:
    """The strips of each sheet."""
    rows, columns = MOST
    if len(ys) > 1:
        return [[Strip(y, x)] for y in chunks(ys, rows) for x in chunks(xs, columns)]
    return [[Strip(ys, x) for x in chunks(some, WIDEST)] for some in chunks(xs, WIDEST * rows)]


def chunks(values: Sequence[str], size: int) -> list[Sequence[str]]:
    return [values[start : start + size] for start in range(0, len(values), size)]


def drawn(strips: Sequence[Strip], at: Mapping[tuple[str, str], Row]) -> Image.Image | None:
    """Nothing where there is no picture."""
    grids = [
        [[thumbnail(at[y, x].task.folder / OUTPUT) if (y, x) in at else None for x in strip.across] for y in strip.down]
        for strip in strips
    ]
    size = next((picture.size for grid in grids for line in grid for picture in line if picture), None)
    if size is None:
        return None
    beside, above = (told_apart({place[axis] for place in at}) for axis in (0, 1))
    large = len(strips) == 1 and len(strips[0].across) <= WIDEST
    return stacked(
        [
            contact_sheet(
                grid,
                row_labels=[beside[y] for y in strip.down] if any(strip.down) else (),
                column_labels=[above[x] for x in strip.across] if any(strip.across) else (),
                cell=fitted(size, CELL if large else CELL // 2),
            )
            for strip, grid in zip(strips, grids, strict=True)
            if any(picture for line in grid for picture in line)
        ]
    )


def thumbnail(path: Path) -> Image.Image | None:
    """Small, so that those of a sheet take no memory to speak of."""
    try:
        with Image.open(path, formats=FORMATS) as picture:
            return picture.convert("RGB").resize(fitted(picture.size, CELL), Image.Resampling.LANCZOS)
    except OSError:
        return None
