"""What a run puts beside its folder: its picture under the name that was asked for, a preview, a sheet, a film."""

import logging
import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image
from torch import Tensor

from stx.config.effects import LOSSY
from stx.config.schema import Config
from stx.errors import Stopped, UserError
from stx.loop.listener import Listener, Start
from stx.model.prepare import Inputs
from stx.pictures import animation, deep, images, profile
from stx.pictures.colour import Finish, unchanged
from stx.pictures.description import ROOM, exif
from stx.pictures.sheet import contact_sheet, fitted, repeated
from stx.runs.files import FRAMES, OUTPUT, TIMELAPSE
from stx.runs.timelapse import MARK, Timelapse
from stx.runs.writable import unwritable

log = logging.getLogger("stx")

LONGEST_NAME = 255
"""Bytes in a file name, on most file systems."""
LARGEST_CELL = 768
"""Pixels of a picture's longer side on the sheet."""


class Files(NamedTuple):
    """Where the pictures go."""

    output: Path
    preview: Path
    """Renewed while the run works, removed at its end."""
    sheet: Path

    @classmethod
    def beside(cls, output: Path) -> "Files":
        return cls(output, output.with_suffix(".preview.jpg"), output.with_name(f"{output.stem}-sheet.jpg"))

    @classmethod
    def of(cls, config: Config) -> "Files":
        """The files of a run that delivers a picture."""
        assert config.output.file is not None
        return cls.beside(named(config.output.file))


def free(photo: str, painting: str) -> Path:
    """The next name for a picture made of these two of which no file exists yet."""
    stem = f"{Path(photo).stem}-{Path(painting).stem}"
    names = (Path(f"{stem}{'-' if number else ''}{number or ''}.png") for number in range(10**6))
    return next(files.output for files in map(Files.beside, names) if not any(path.exists() for path in files))


def refuse(config: Config) -> None:
    """Raise UserError if a file could not be written, or would overwrite one that stx did not make or that is read."""
    if kind := config.output.timelapse:
        animation.refuse_missing(kind)
    if config.output.file is None:
        return
    path, said = named(config.output.file), f"output.file={config.output.file}"
    if path.suffix.lower() not in images.WRITTEN:
        raise UserError(f"{said}: a picture's name ends in {', '.join(images.WRITTEN)}")
    if path.is_dir():
        raise UserError(f"{said}: that is a folder; name a file in it")
    if path.exists() and not path.is_file():
        raise UserError(f"{said}: that is no regular file; choose another name")
    if not path.parent.is_dir():
        raise UserError(f"{said}: there is no folder {path.parent}")
    if why := unwritable(path.parent):
        raise UserError(f"{said}: {path.parent} {why}; name another folder")
    refuse_beside(config, Files.beside(path), said)


def refuse_beside(config: Config, files: Files, said: str) -> None:
    """Raise UserError if a file to be written is somebody's own, or has a name that it cannot have."""
    film = film_of(config, Path())
    every = (*files, film) if film else files
    longest = max(len(os.fsencode(file.name)) for file in every)
    if longest > LONGEST_NAME:
        raise UserError(f"{said}: {longest - LONGEST_NAME} bytes too long; choose a shorter name")
    if film == files.output:
        raise UserError(f"{said}: output.timelapse={config.output.timelapse} has the same name; choose another ending")
    for file in every:
        for source in map(os.path.expanduser, config.pictures.values()):
            if file.exists() and os.path.exists(source) and file.samefile(source):
                raise UserError(f"{said}: {file} is one of the given pictures; choose another name")
    for file in every[1:]:
        if os.path.lexists(file) and not marked(file):
            raise UserError(f"{said}: would overwrite {file}, which stx did not make; choose another name")


def named(file: str) -> Path:
    path = Path(os.path.expanduser(file))
    return path.resolve() if path.is_symlink() else path  # a link stands for what it points to


def film_of(config: Config, folder: Path) -> Path | None:
    """Where the film of a run in `folder` goes; None if there is to be none."""
    output = config.output
    if output.timelapse is None:
        return None
    stem = named(output.file).with_suffix("") if output.file else folder / TIMELAPSE
    return stem.with_name(f"{stem.name}.{output.timelapse}")


def marked(path: Path) -> bool:
    if not path.is_file():  # a pipe could block for ever
        return False
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
            return content.find(MARK) >= 0
    except (OSError, ValueError):  # an empty file cannot be mapped
        return False


class Delivery(Listener):
    """Delivers nothing beside the run's folder."""

    def put(self, picture: Tensor, described: str, stopped: bool = False) -> Path | None:
        """Deliver the finished picture, (3, H, W), in full precision. Returns where it is, if anywhere. Raises Stopped.

        The picture of a run that was `stopped` is a draft, which replaces no other picture.
        """
        return None


class Beside(Delivery):
    """Delivers a picture and a sheet, whose given pictures are read when the run begins, as the run reads them."""

    def __init__(self, config: Config, inputs: Inputs, picture: Path):
        self.how, self.own = config.output, picture
        """`own` is the picture in the run's folder."""
        self.files = Files.of(config)
        self.size, self.cell, self.tile = inputs.size, fitted(inputs.size, LARGEST_CELL), config.tile
        given = [] if config.content is None else [("photograph", config.content)]
        given += [("painting", each) for each in config.styles.values()]
        self.columns = [kind for kind, _ in given]
        self.shown = [thumbnail(images.load(each), self.cell) for _, each in given]
        self.finish: Finish = unchanged
        self.profile = profile_of(config)
        self.replaces = self.files.output.exists()

    def begun(self, level: Start) -> None:
        self.finish = level.finish

    def kept(self, picture: Tensor) -> None:
        with suppress(OSError):  # its folder may be gone; the run does not need a preview
            images.save(images.to_picture(self.finish(picture)).resize(self.size), self.files.preview, MARK)

    def put(self, picture: Tensor, described: str, stopped: bool = False) -> Path | None:
        if stopped and self.replaces:
            log.info(f"{self.files.output} is as it was")
            return None
        eight = images.to_picture(picture)
        results = {"result": eight, **({"two by two": repeated(eight)} if self.tile else {})}
        labels = [*self.columns, *results]
        sheet = contact_sheet([[*self.shown, *results.values()]], column_labels=labels, cell=self.cell)
        try:
            self.save(picture, eight, described if self.how.metadata else "")
            images.save(sheet, self.files.sheet, MARK)
        except (OSError, UserError) as error:
            said = f"cannot write {error.filename}: {error.strerror}" if isinstance(error, OSError) else str(error)
            raise Stopped(f"{said}\nthe picture: {self.own}") from error
        return self.files.output

    def save(self, picture: Tensor, eight: Image.Image, described: str) -> None:
        path, how = self.files.output, self.how
        ending = path.suffix.lower()
        if ending in (".jpg", ".jpeg") and len(described) > ROOM:
            log.warning(f"{path}: the settings are too long for a JPEG and left out; {self.own} has them")
            described = ""
        if how.bits == 16:
            deep.save(deep.sixteen_bits(picture), path, self.profile, described)
            return
        if how.profile == "photograph" and self.profile != profile.srgb():
            eight = profile.converted(eight, self.profile)
        quality: dict[str, Any] = {"quality": how.quality} if ending in LOSSY else {}
        images.save(eight, path, icc_profile=self.profile, exif=exif(described) if described else b"", **quality)


def thumbnail(picture: Image.Image, cell: tuple[int, int]) -> Image.Image:
    """The picture itself, shrunk to at most the longer side of a cell of the sheet."""
    picture.thumbnail((max(cell), max(cell)), Image.Resampling.LANCZOS)
    return picture


def profile_of(config: Config) -> bytes:
    """The colour profile to deliver the picture in. A warning is logged if the photograph has none to use."""
    if config.output.profile == "srgb":
        return profile.srgb()
    assert config.content is not None  # the schema requires it
    own = profile.embedded(config.content)
    if own and profile.usable(own):
        return own
    why = "is none that a result can be converted into" if own else "is missing"
    log.warning(f"output.profile=photograph: the photograph's profile {why}; the picture is in sRGB")
    return profile.srgb()


@contextmanager
def delivering(config: Config, inputs: Inputs, folder: Path) -> Iterator[Delivery]:
    """A block with the delivery of a run's picture, if that is asked for; after it no preview is left."""
    if config.output.file is None:
        yield Delivery()
        return
    beside = Beside(config, inputs, folder / OUTPUT)
    if beside.files.preview.exists():
        log.warning(
            f"{beside.files.preview} is there already: another run for {beside.files.output} may be at work, or was "
            "killed; the last one to end replaces the picture"
        )
    try:
        yield beside
    finally:
        with suppress(OSError):
            beside.files.preview.unlink()


def filming(config: Config, inputs: Inputs, folder: Path) -> list[Timelapse]:
    """The listener that makes the film; none if no film is asked for."""
    path = film_of(config, folder)
    return [Timelapse(folder / FRAMES, path, inputs.size, config.optim.steps)] if path else []
