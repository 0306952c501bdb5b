"""Small pictures for a sweep's sheets: results, and what they were made of."""

from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from stx.pictures import images
from stx.pictures.sheet import fitted
from stx.runs.files import CONTENT, picture_files
from stx.studies.sweep.results import Row

CELL = 256
"""Pixels of the longer side of a picture on a sheet; smaller pictures are enlarged to it."""
ROLES = ("photograph", "painting")
"""The kinds of pictures that a job is given."""


def thumbnail(path: Path) -> Image.Image | None:
    """A small copy of a picture, so that those of a sheet take little memory; None if it cannot be read."""
    picture = images.written(path)
    return picture.resize(fitted(picture.size, CELL), Image.Resampling.LANCZOS) if picture else None


def given(row: Row, role: str) -> dict[str, str]:
    """The pictures of a role as they were typed, by their files in the job's folder.

    A mixture of styles has several paintings, and a texture has no photograph.
    """
    config = row.task.config
    named = {"content": config.content or "", **config.styles}
    return {
        file: name for file, name in picture_files(named).items() if name and (file == CONTENT) == (role == ROLES[0])
    }


def shared(rows: Sequence[Row], role: str) -> list[Image.Image]:
    """The pictures of a role, if all of these jobs are given the same; empty otherwise."""
    files = given(rows[0], role) if alike(rows, role) else ()
    return [picture for file in files if (picture := of_any(rows, file))]


def one_each(groups: Sequence[Sequence[Row]], role: str) -> list[Image.Image | None]:
    """For each group, the picture of a role that all its jobs are given.

    Empty if the jobs of a group have different ones, or several paintings, as no single one could stand for all.
    """
    if not all(alike(group, role) and len(given(group[0], role)) == 1 for group in groups if group):
        return []
    pictures = [of_any(group, next(iter(given(group[0], role)))) if group else None for group in groups]
    return pictures if any(pictures) else []


def alike(rows: Sequence[Row], role: str) -> bool:
    return all(given(row, role) == given(rows[0], role) for row in rows)


def of_any(rows: Sequence[Row], file: str) -> Image.Image | None:
    """The thumbnail of a file from the first job that has it; jobs that have not begun have none yet."""
    return next(filter(None, (thumbnail(row.task.folder / file) for row in rows)), None)
