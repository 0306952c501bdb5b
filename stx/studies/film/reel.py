"""What lies in a film's folder, by name, and which film it is of."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

from stx import atomic
from stx.errors import UserError
from stx.pictures import animation, clip, images
from stx.pictures.clip import Film
from stx.pictures.sizes import Size
from stx.runs.files import refuse_filled
from stx.studies.film.identity import Identity, differences

RECORD, MP4, FRAMES, SOURCE, INPUTS, RUNS, ALONE = (
    "film.json",
    "film.mp4",
    "frames",
    "source",
    "inputs",
    "runs",
    "alone",
)
"""Beside the record: the film, its frames, those of the source, what each frame began from, the frames' runs, and those
that were made by themselves."""
FORMAT = 1
MARK = "made by stx"


class Inputs(NamedTuple):
    """What a frame's run begins from, beside its photograph."""

    moved: Path
    """The last result, as it has moved."""
    mask: Path
    """White where that is to be seen."""
    start: Path
    """The last result there, the frame itself elsewhere."""


class Reel(NamedTuple):
    """The folder of a film."""

    folder: Path

    def frame(self, number: int) -> Path:
        return self.folder / FRAMES / f"{number:06d}.png"

    def source(self, number: int) -> Path:
        return self.folder / SOURCE / f"{number:06d}.png"

    def run(self, number: int) -> Path:
        return self.folder / RUNS / f"{number:06d}"

    def alone(self, number: int) -> Path:
        return self.folder / ALONE / f"{number:06d}"

    def inputs(self, number: int) -> Inputs:
        folder = self.folder / INPUTS / f"{number:06d}"
        return Inputs(folder / "moved.png", folder / "mask.png", folder / "start.png")


def refuse_another(folder: Path, now: Identity) -> None:
    """Raise UserError where the folder holds another film, or anything of somebody's."""
    path = folder / RECORD
    if not path.exists():
        refuse_filled(folder, (RECORD,))
        return
    before = recorded(path)
    if before.get("digest") != now.digest:
        parts: Any = before.get("parts")
        told = isinstance(parts, dict) and {"shots", "files"} <= parts.keys()  # an earlier version did not write them
        what = differences(parts, now.parts) if told else f"of {before.get('film')}, or of other settings or files"
        raise UserError(
            f"output={folder}: it holds another film: {what}\nundo that, or name another folder: output=..."
        )


def recorded(path: Path) -> dict[str, Any]:
    """Raises UserError for what is no record of a film, or a later version's."""
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        version = fields.pop("format")
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise UserError(
            f"{path}: damaged, so nothing says which film it is; name another folder: output=..."
        ) from error
    if version != FORMAT:
        raise UserError(f"{path}: written by another version of stx (format {version}); this one reads {FORMAT}")
    return fields


def record(reel: Reel, identity: Identity, source: Film, size: Size, command: str) -> None:
    """Raises OSError."""
    fields = {
        "format": FORMAT,
        **identity._asdict(),
        "film": source.source,
        "frames": source.length,
        "rate": str(source.rate),
        "width": size[0],
        "height": size[1],
        "command": command,
    }
    atomic.write(reel.folder / RECORD, json.dumps(fields, indent=2))


def unreel(reel: Reel, source: Film, size: Size) -> None:
    """The film's frames as files of the size that they are worked at; those that are there already stay.

    Raises OSError, and UserError for a film that ends early.
    """
    (reel.folder / SOURCE).mkdir(exist_ok=True)
    if all(reel.source(number).exists() for number in range(1, source.length + 1)):
        return
    number = 0
    for number, frame in enumerate(clip.frames(source, size), start=1):
        if not reel.source(number).exists():
            images.save(frame, reel.source(number))
    if number != source.length:
        raise UserError(f"film={source.source}: it had {source.length} frames a moment ago and has {number} now")


def join(reel: Reel, source: Film, size: Size) -> Path:
    """The frames as one film, at the source's rate. Raises OSError."""
    path = reel.folder / MP4
    with atomic.replacing(path) as part:
        frames = (opened(reel.frame(number)) for number in range(1, source.length + 1))
        animation.write_mp4(part, frames, size, source.rate, MARK)
    return path


def opened(path: Path) -> Image.Image:
    """A frame that stx has written."""
    return images.load(str(path))
