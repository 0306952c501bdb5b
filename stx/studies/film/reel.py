"""The files in a film's folder, by name, and the record of which film it holds."""

import json
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

from stx import atomic
from stx.config.formats import version_of
from stx.config.regular import regular
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
"""Names in a film's folder: the record, the film, its frames, the source's frames, what each frame began from, the
frames' runs, and the runs of frames made by themselves."""
FORMAT = 1
MARK = "made by stx"


class Inputs(NamedTuple):
    """The pictures that a frame's run begins from, besides its photograph."""

    moved: Path
    """The previous result, moved as the source moves."""
    mask: Path
    """White where the previous frame shows the same thing."""
    start: Path
    """The moved result where the mask is white, the source's frame elsewhere."""


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
    """Raise UserError if the folder holds another film, or files that are not a film's."""
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
    """The fields of a film's record. Raises UserError if it is damaged or has another format."""
    try:
        fields = json.loads(regular(path).read_text(encoding="utf-8-sig"))
        version = version_of(fields.pop("format"))
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise UserError(
            f"{path}: damaged, so nothing says which film it is; name another folder: output=..."
        ) from error
    if version != FORMAT:
        raise UserError(f"{path}: written by another version of stx (format {version}); this one reads {FORMAT}")
    return fields


def record(reel: Reel, identity: Identity, source: Film, size: Size, command: str) -> None:
    """Write the record of a film. Raises OSError."""
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
    """Save the source's frames at the size that they are worked at; those that exist are kept.

    Raises OSError, and UserError if the source no longer has as many frames as before.
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
    """Join the frames into one film, at the source's rate. Raises OSError."""
    path = reel.folder / MP4
    with atomic.replacing(path) as part:
        frames = (opened(reel.frame(number)) for number in range(1, source.length + 1))
        animation.write_mp4(part, frames, size, source.rate, MARK)
    return path


def opened(path: Path) -> Image.Image:
    """Open a frame that stx has written."""
    return images.load(str(path))
