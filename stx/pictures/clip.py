"""Read films frame by frame: from a folder of pictures, or from a file with PyAV, an extra of stx."""

import hashlib
import importlib.util
import os
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

from stx.config.paths import is_glob
from stx.errors import UserError, did_you_mean, first_line, some_of
from stx.pictures import images
from stx.pictures.decode import SUFFIXES, upright_size
from stx.pictures.listing import in_order, pictures_of
from stx.pictures.sizes import Size

STILL = ("image2", "_pipe")
"""Suffixes in the names of FFmpeg's formats for single pictures."""
UNTAGGED, HD = 2, 720
"""The colour space (H.273) of a frame whose film does not state one; and the lines from which players assume BT.709 for
such a film, whereas FFmpeg always assumes BT.601."""
HDR = {16: "PQ", 18: "HLG"}
"""Transfer characteristics (H.273) that encode light differently from 8-bit pictures."""


class Film(NamedTuple):
    """A film's source, size, length and rate, without its frames."""

    source: str
    pictures: tuple[Path, ...]
    """Those of a folder or glob, in natural order; empty for a file."""
    size: Size
    """(width, height) as it is shown."""
    length: int
    """Number of frames."""
    rate: Fraction
    """Frames a second: a file's own, or what was asked for with pictures."""

    @property
    def first(self) -> str:
        """The first picture, or the film's file."""
        return str(self.pictures[0]) if self.pictures else self.source


def refuse_missing() -> None:
    """Raise UserError if PyAV is not installed."""
    if importlib.util.find_spec("av") is None:
        raise UserError("film: PyAV is not installed, which reads and writes films: pip install 'stx[video]'")


def read(source: str, rate: Fraction) -> Film:
    """The film `source`: the pictures in a folder or of a glob, shown at `rate` a second, or a file.

    All of it is decoded, to its end. Raises UserError if it is none of these, has no frames, or has frames that cannot
    be read or that differ in size.
    """
    path = Path(os.path.expanduser(source))
    if is_glob(source):
        return of_pictures(source, [Path(name) for name in pictures_of("film", source)], rate)
    if not source or not path.exists():
        near = [each.name for each in path.parent.glob("*")] if path.parent.is_dir() else []
        raise UserError(
            f"film={source}: there is no such film; give a folder of pictures, or a video file"
            + (did_you_mean(path.name, near) if source else "")
        )
    return of_folder(source, path, rate) if path.is_dir() else of_file(source, path)


def of_folder(source: str, folder: Path, rate: Fraction) -> Film:
    pictures = [Path(name) for name in in_order(str(each) for each in folder.iterdir() if is_frame(each))]
    if not pictures:
        raise UserError(f"film={source}: there is no picture in that folder; frames are {', '.join(SUFFIXES)} files")
    return of_pictures(source, pictures, rate)


def of_pictures(source: str, pictures: Sequence[Path], rate: Fraction) -> Film:
    refuse_damaged(source, pictures)
    sizes = {picture: upright_size(str(picture)) for picture in pictures}
    first = sizes[pictures[0]]
    if others := [f"{picture.name} has {w} x {h}" for picture, (w, h) in sizes.items() if (w, h) != first]:
        raise UserError(
            f"film={source}: all frames of a film have one size, and {pictures[0].name} has {first[0]} x {first[1]} "
            f"pixels; {some_of(others)}"
        )
    return Film(source, tuple(pictures), first, len(pictures), rate)


def refuse_damaged(source: str, pictures: Sequence[Path]) -> None:
    """Raise UserError, which names the frames, if any cannot be fully read.

    Otherwise each of them would be met only after hours of work on the frames before it.
    """
    errors: dict[Path, str] = {}
    for picture in pictures:
        try:
            images.load(str(picture))
        except UserError as error:
            errors[picture] = str(error)
    if errors:
        why, *_ = errors.values()
        others = some_of([picture.name for picture in errors][1:])
        also = f"\nnor can these frames be read: {others}" if others else ""
        raise UserError(f"film={source}: {why.splitlines()[0]}{also}")


def is_frame(file: Path) -> bool:
    return file.suffix.lower() in SUFFIXES and not file.name.startswith(".")


def of_file(source: str, path: Path) -> Film:
    refuse_missing()
    if not path.is_file():
        raise UserError(f"film={source}: it is not a regular file")
    size, count = None, 0
    with decoded(source) as (stream, frames):
        rate = stream.average_rate or stream.guessed_rate
        for count, frame in enumerate(frames, start=1):
            size = size or shown_size(frame, stream)
            if frame.color_trc in HDR:
                raise UserError(
                    f"film={source}: it is HDR ({HDR[frame.color_trc]}), and stx has no tone mapping; convert it to "
                    "SDR (BT.709) first"
                )
            if shown_size(frame, stream) != size:
                raise UserError(f"film={source}: frame {count} has another size than the first; cut the film there")
        said = stream.frames
    if size is None or not rate:
        raise UserError(f"film={source}: there is no frame in that file")
    if said > count:
        warnings.warn(f"film={source}: it claims to have {said} frames, but only {count} can be read", stacklevel=2)
    return Film(source, (), size, count, Fraction(rate))


@contextmanager
def decoded(source: str) -> Iterator[tuple[Any, Iterator[Any]]]:
    """Yield a file's first video stream and its frames.

    Raises UserError if there is none, or if FFmpeg fails within the block.
    """
    import av  # an extra

    try:
        with av.open(os.path.expanduser(source)) as file:
            if file.format.name.endswith(STILL):
                raise UserError(f"film={source}: that is one picture; stx run content={source} stylises it")
            if not file.streams.video:
                raise UserError(f"film={source}: that file has no pictures")
            stream = file.streams.video[0]
            stream.thread_type = "AUTO"
            yield stream, file.decode(stream)
    except av.FFmpegError as error:
        raise UserError(
            f"film={source}: FFmpeg cannot read it as a film, or it is damaged ({first_line(error)})"
        ) from None


def shown_size(frame: Any, stream: Any) -> Size:
    """(width, height) of a frame as it is shown: turned upright, with square pixels."""
    width, height = round(frame.width * float(stream.sample_aspect_ratio or 1)), frame.height
    return (height, width) if frame.rotation % 180 else (width, height)


def frames(film: Film, size: Size) -> Iterator[Image.Image]:
    """Yield all frames, RGB, at (width, height) = `size`. Raises UserError for one that cannot be read."""
    if film.pictures:
        for picture in film.pictures:
            yield images.load(str(picture)).resize(size, Image.Resampling.LANCZOS)
        return
    with decoded(film.source) as (_, each):
        for frame in each:
            shown = pixels(frame)
            turned = shown.rotate(frame.rotation, expand=True) if frame.rotation else shown
            yield turned.resize(size, Image.Resampling.LANCZOS)


def pixels(frame: Any) -> Image.Image:
    """A frame in RGB as players show it, not yet turned upright."""
    from av.video.reformatter import Colorspace

    guessed = frame.colorspace == UNTAGGED and frame.height >= HD
    picture: Image.Image = frame.to_image(**({"src_colorspace": Colorspace.ITU709} if guessed else {}))
    return picture


def digests(film: Film) -> dict[str, str]:
    """SHA-256 of each of a film's files, in hexadecimal, by the file's name, or by its path if names occur twice."""
    each, alike = {}, len({file.name for file in files(film)}) < len(files(film))
    for file in files(film):
        with file.open("rb") as stream:
            each[str(file) if alike else file.name] = hashlib.file_digest(stream, "sha256").hexdigest()
    return each


def files(film: Film) -> Sequence[Path]:
    return film.pictures or (Path(os.path.expanduser(film.source)),)
