"""Where `stx paint` puts its pictures: the name that was asked for, a preview, a sheet."""

import os
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from PIL import Image
from torch import Tensor

from stx.errors import Stopped, UserError
from stx.loop.listener import Listener, Start
from stx.pictures import images
from stx.pictures.colour import Finish, unchanged
from stx.pictures.sheet import contact_sheet, fitted

MARK = b"made by stx paint"
"""In what stx paint writes beside the picture that was asked for; other files of these names are somebody's own."""
LONGEST_NAME = 255
"""Bytes, on most file systems."""
LARGEST_CELL = 768
"""Pixels of a picture's longer side on the sheet."""


class Files(NamedTuple):
    """Where the pictures go."""

    output: Path
    preview: Path
    """Renewed while it works, gone at the end."""
    sheet: Path

    @classmethod
    def beside(cls, output: Path) -> "Files":
        return cls(output, output.with_suffix(".preview.jpg"), output.with_name(f"{output.stem}-sheet.jpg"))


def written(output: str | None, photo: str, painting: str) -> Files:
    """Where to write. Raises UserError for what cannot be written, or is one of the two pictures."""
    if output is None:
        stem = f"{Path(photo).stem}-{Path(painting).stem}"
        names = (Path(f"{stem}{'-' if number else ''}{number or ''}.png") for number in range(10**6))
        return next(files for files in map(Files.beside, names) if not any(path.exists() for path in files))
    path = Path(os.path.expanduser(output))
    if path.is_symlink():
        path = path.resolve()  # what it points to is meant, not the link
    if path.suffix.lower() not in images.WRITTEN:
        raise UserError(f"-o {output}: a picture's name ends in {', '.join(images.WRITTEN)}")
    if path.is_dir():
        raise UserError(f"-o {output}: that is a folder; name a file in it")
    if path.exists() and not path.is_file():
        raise UserError(f"-o {output}: that is no regular file; choose another name")
    if not path.parent.is_dir():
        raise UserError(f"-o {output}: there is no folder {path.parent}")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise UserError(f"-o {output}: {path.parent} may not be written to; name another folder")
    files = Files.beside(path)
    longest = max(len(os.fsencode(file.name)) for file in files)
    if longest > LONGEST_NAME:
        raise UserError(f"-o {output}: {longest - LONGEST_NAME} letters too long a name; choose a shorter one")
    for file in files:
        for source in map(os.path.expanduser, (photo, painting)):
            if file.exists() and os.path.exists(source) and file.samefile(source):
                raise UserError(f"-o {output}: {file} is one of the two pictures; choose another name")
    for file in (files.preview, files.sheet):
        if file.exists() and not marked(file):
            raise UserError(f"-o {output}: would write over {file}, which stx paint did not make; choose another name")
    return files


def marked(path: Path) -> bool:
    try:
        with Image.open(path, formats=("JPEG",)) as picture:
            return picture.info.get("comment") == MARK
    except (OSError, ValueError):
        return False


def deliver(picture: Path, files: Files, photo: Image.Image, painting: Image.Image) -> None:
    """The run's picture under the name that was asked for, and the sheet. Raises Stopped where that cannot be."""
    result = images.load(str(picture))
    columns = ("photograph", "painting", "result")
    sheet = contact_sheet([[photo, painting, result]], column_labels=columns, cell=fitted(result.size, LARGEST_CELL))
    try:
        images.save(result, files.output)
        images.save(sheet, files.sheet, MARK)
    except (OSError, UserError) as error:
        said = f"cannot write {error.filename}: {error.strerror}" if isinstance(error, OSError) else str(error)
        raise Stopped(f"{said}\nthe picture: {picture}") from error


class Preview(Listener):
    """Renews a run's preview, as large as the picture will be."""

    def __init__(self, files: Files, size: tuple[int, int]):
        self.files, self.size = files, size
        self.finish: Finish = unchanged

    def begun(self, level: Start) -> None:
        self.finish = level.finish

    def kept(self, picture: Tensor) -> None:
        with suppress(OSError):  # its folder may have gone; the run does not need it
            images.save(images.to_picture(self.finish(picture)).resize(self.size), self.files.preview, MARK)
