"""A sweep's pictures arranged by its first two axes, on as many sheets as it takes."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from stx.pictures import images
from stx.pictures.sheet import contact_sheet, scaled, stacked
from stx.runs.files import OUTPUT
from stx.runs.naming import named, told_apart
from stx.studies.sweep.results import Row
from stx.studies.sweep.thumbnails import CELL, ROLES, alike, one_each, shared, thumbnail

SHEET = "sweep-sheet.jpg"
WIDEST = 12
"""Most columns of pictures of size CELL, beyond which they are half as large; a single axis wraps after so many."""
MOST = (48, 24)
"""Most rows and columns of a sheet, beyond which another begins: JPEG has at most 65500 pixels on a side."""

Headings = Mapping[str, Sequence[Image.Image | None]]
"""For each role, the pictures that rows or columns were made from."""


class Strip(NamedTuple):
    """Rows that share their columns: the values of the axis that goes across."""

    down: Sequence[str]
    across: Sequence[str]


def sheets(folder: Path, rows: Sequence[Row], best: Row | None = None) -> Iterator[tuple[str, Path]]:
    """Write a sheet of the first two axes for each combination of the other axes' values; yield its title and path.

    Many values are spread over several sheets. The picture of the `best` job has a frame.
    """
    axes = list(rows[0].task.values)
    (down, across), others = [*axes, "", ""][:2], axes[2:]
    if not across:  # one axis alone stands side by side
        down, across = "", down
    labels = {axis: told_apart({row.task.values[axis] for row in rows}) for axis in others}
    first = True
    for combination in dict.fromkeys(tuple(row.task.values[axis] for axis in others) for row in rows):
        here = [row for row in rows if tuple(row.task.values[axis] for axis in others) == combination]
        at = {(row.task.values.get(down, ""), row.task.values.get(across, "")): row for row in here}
        given = [f"{axis}={labels[axis][value]}" for axis, value in zip(others, combination, strict=True)]
        parts = divided(*(list(dict.fromkeys(values)) for values in zip(*at, strict=True)))
        for number, strips in enumerate(parts, start=1):
            sheet = drawn(strips, at, (down, across), best)
            if sheet is None:
                continue
            beginning = next(at[place] for strip in strips for place in product(*strip) if place in at)
            path = folder / (SHEET if first and not others else SHEET.replace(".", f"-{beginning.task.number}."))
            images.save(sheet, path)
            part = [f"{number} of {len(parts)}"] if len(parts) > 1 else []
            yield ", ".join([" against ".join(filter(None, (down, across))), *given, *part]), path
            first = False


def divided(ys: Sequence[str], xs: Sequence[str]) -> list[list[Strip]]:
    """The strips of each sheet."""
    rows, columns = MOST
    if len(ys) > 1:
        return [[Strip(y, x)] for y in chunks(ys, rows) for x in chunks(xs, columns)]
    return [[Strip(ys, x) for x in chunks(some, WIDEST)] for some in chunks(xs, WIDEST * rows)]


def chunks(values: Sequence[str], size: int) -> list[Sequence[str]]:
    return [values[start : start + size] for start in range(0, len(values), size)]


def drawn(
    strips: Sequence[Strip], at: Mapping[tuple[str, str], Row], axes: tuple[str, str], best: Row | None
) -> Image.Image | None:
    """A sheet of some strips; None if there is no picture.

    The pictures that all jobs of the sheet were made from stand above it; those that only a row or a column was made
    from stand at the beginning of it.
    """
    grids = [
        [[thumbnail(at[y, x].task.folder / OUTPUT) if (y, x) in at else None for x in strip.across] for y in strip.down]
        for strip in strips
    ]
    size = next((picture.size for grid in grids for line in grid for picture in line if picture), None)
    if size is None:
        return None
    beside, above = (labelled(key, {place[axis] for place in at}) for axis, key in enumerate(axes))
    large = len(strips) == 1 and len(strips[0].across) <= WIDEST
    cell = scaled(size, CELL if large else CELL // 2)
    jobs = [at[place] for strip in strips for place in product(*strip) if place in at]
    common = [(role, picture) for role in ROLES for picture in shared(jobs, role)]
    parts = []
    if common:
        parts.append(contact_sheet([[one for _, one in common]], column_labels=[role for role, _ in common], cell=cell))
    varied = [role for role in ROLES if not alike(jobs, role)]
    for strip, grid in zip(strips, grids, strict=True):
        if any(picture for line in grid for picture in line):
            labels = [beside[y] for y in strip.down], [above[x] for x in strip.across]
            framed = next((place for place, where in places(strip) if best is not None and at.get(where) is best), None)
            parts.append(headed(grid, labels, *pictured(strip, at, varied), cell, framed))
    return stacked(parts)


def labelled(axis: str, values: Collection[str]) -> dict[str, str]:
    """The label of each of an axis's values; empty if there is no axis."""
    return {value: named(axis, shown) if axis else "" for value, shown in told_apart(values).items()}


def places(strip: Strip) -> Iterator[tuple[tuple[int, int], tuple[str, str]]]:
    """Row and column of each cell, with its values on both axes."""
    for row, y in enumerate(strip.down):
        for column, x in enumerate(strip.across):
            yield (row, column), (y, x)


def pictured(strip: Strip, at: Mapping[tuple[str, str], Row], roles: Sequence[str]) -> tuple[Headings, Headings]:
    """What a strip's rows were made from, and what its columns were, for the `roles` in which jobs differ."""
    rows = [[at[y, x] for x in strip.across if (y, x) in at] for y in strip.down]
    columns = [[at[y, x] for y in strip.down if (y, x) in at] for x in strip.across]
    above = {role: pictures for role in roles if (pictures := one_each(columns, role))}
    beside = {role: pictures for role in roles if role not in above and (pictures := one_each(rows, role))}
    return beside, above


def headed(
    grid: Sequence[Sequence[Image.Image | None]],
    labels: tuple[Sequence[str], Sequence[str]],
    beside: Headings,
    above: Headings,
    cell: tuple[int, int],
    framed: tuple[int, int] | None,
) -> Image.Image:
    """The pictures of a strip, to the right of what its rows were made from and below what its columns were made from.

    `labels`: those of the rows and those of the columns. `framed`: row and column of the picture that has a frame.
    """
    corner = [Image.new("RGB", cell, "white")] * len(beside)
    lines = [
        *([*corner, *pictures] for pictures in above.values()),
        *([*(pictures[number] for pictures in beside.values()), *line] for number, line in enumerate(grid)),
    ]
    rows, columns = [*above, *labels[0]], [*beside, *labels[1]]
    return contact_sheet(
        lines,
        row_labels=rows if any(rows) else (),
        column_labels=columns if any(columns) else (),
        cell=cell,
        framed=framed and (framed[0] + len(above), framed[1] + len(beside)),
    )
