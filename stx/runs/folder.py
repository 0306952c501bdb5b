"""The files that a run's folder has at all times, written as the run works."""

import json
import math
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import yaml
from PIL.Image import Image
from torch import Tensor

from stx import atomic
from stx.config.regular import regular
from stx.errors import Stopped
from stx.loop import checkpoint
from stx.loop.checkpoint import Checkpoint
from stx.loop.listener import Event, Listener, Row, Start
from stx.model import memory
from stx.model.prepare import Inputs
from stx.pictures import images
from stx.pictures.colour import Finish, unchanged
from stx.pictures.description import exif
from stx.pictures.sheet import contact_sheet, fitted, repeated
from stx.runs import identity, provenance
from stx.runs.files import (
    BASELINES,
    CALIBRATION,
    CHECKPOINT,
    CONFIG,
    EVENTS,
    LOSSES,
    MEASURES,
    NORMS,
    OUTPUT,
    RUN,
    SHEET,
    TIMING,
    picture_files,
)
from stx.runs.identity import Identity
from stx.runs.job import Job
from stx.runs.table import flush, losses_table, norms_table

THUMBNAIL, SHEET_WIDTH = 256, 768
"""Pixels: the longer side of a picture on the sheet, and the whole sheet's width, for which MLflow's page has room."""


def untracked(path: Path) -> None:
    """Before the run's tracker is at work, nothing is sent."""


class Folder(Listener):
    """Writes a run's files as it works. `wrote` is called with each one that belongs to the run's results."""

    def __init__(self, folder: Path, run: Identity, wrote: Callable[[Path], None] = untracked):
        self.folder, self.run, self.wrote = folder, run, wrote
        self.tables = losses_table(folder / LOSSES), norms_table(folder / NORMS)
        self.finish: Finish = unchanged
        self.tile = False
        self.exif = b""
        """The picture's metadata, if it is to record its run."""
        self.since = time.monotonic()

    def start(self, job: Job, inputs: Inputs) -> None:
        """Write what a new run starts from; for a resumed run the config alone, whose changes hold from now on."""
        self.finish, self.tile = inputs.finish, job.config.tile
        self.exif = exif(provenance.text(self.run)) if job.config.output.metadata else b""
        config = yaml.safe_dump(job.config.model_dump(by_alias=True), sort_keys=False, allow_unicode=True)
        if not job.resumed:
            for name, picture in picture_files(inputs.pictures).items():
                images.save(images.to_picture(picture), self.folder / name)
                self.wrote(self.folder / name)
            for name, text in job.notes.items():
                (self.folder / name).parent.mkdir(exist_ok=True)
                atomic.write(self.folder / name, text)
        self.text(CONFIG, config)
        self.wrote(self.folder / RUN)

    def begun(self, level: Start) -> None:
        """Write what each level measured before its first step, in a list that grows.

        Sizes are in pixels; `norms` are those of the terms' gradients, `scales` the constants of their losses.
        """
        path, (_, height, width) = self.folder / CALIBRATION, level.image.shape
        begun = levels_begun(path)
        if not any((one["width"], one["height"]) == (width, height) for one in begun):  # else the level is resumed
            norms = {term: norm if math.isfinite(norm) else None for term, norm in level.network.norms.items()}
            begun.append(
                {"width": width, "height": height, "behind": level.done, "norms": norms, "scales": level.network.scales}
            )
            self.text(CALIBRATION, json.dumps(begun, indent=2))

    def rows(self, rows: list[Row]) -> None:
        for append in self.tables:
            append(rows)

    def kept(self, picture: Tensor) -> None:
        images.save(images.to_picture(self.finish(picture)), self.folder / OUTPUT, exif=self.exif)

    def state(self, state: Checkpoint) -> None:
        for name in (LOSSES, NORMS):  # first, so that no power cut leaves a state ahead of its losses
            flush(self.folder / name)
        checkpoint.save(self.folder / CHECKPOINT, state._replace(run=self.run.id))
        if not (self.folder / OUTPUT).exists():  # of a run that has just begun
            self.kept(state.last_finite)

    def happened(self, events: Sequence[Event]) -> None:
        lines = ["step,what", *(f"{step},{what}" for step, what in events)]
        self.text(EVENTS, "\n".join(lines) + "\n")

    def end(self, inputs: Inputs, picture: Image, measured: Mapping[str, float]) -> None:
        """Write what came of the run: picture, tables, the measures of the picture and of the photograph, a sheet."""
        images.save(picture, self.folder / OUTPUT, exif=self.exif)
        self.wrote(self.folder / OUTPUT)
        for name in (LOSSES, NORMS):
            if (self.folder / name).exists():  # none, if it was stopped before the first step
                self.wrote(self.folder / name)
        for name, kind in ((BASELINES, "baseline/"), (MEASURES, "measure/")):
            of_kind = {key.removeprefix(kind): value for key, value in measured.items() if key.startswith(kind)}
            if of_kind:
                finite = {key: value for key, value in of_kind.items() if math.isfinite(value)}
                self.text(name, json.dumps(finite, indent=2))
        shown = [*map(images.to_picture, inputs.pictures.values()), picture]
        shown += [repeated(picture)] if self.tile else []
        largest = min(THUMBNAIL, SHEET_WIDTH // len(shown))
        images.save(contact_sheet([shown], cell=fitted(picture.size, largest)), self.folder / SHEET)
        self.wrote(self.folder / SHEET)

    def timed(self, parts: Mapping[str, float]) -> None:
        self.text(TIMING, json.dumps({part: round(seconds, 4) for part, seconds in parts.items()}, indent=2))

    def close(self, outcome: str) -> None:
        """Record how the run ended, and how long it has worked in all."""
        self.run = self.run._replace(outcome=outcome, seconds=self.run.seconds + time.monotonic() - self.since)
        self.since = time.monotonic()
        identity.write(self.folder, self.run)
        self.wrote(self.folder / RUN)

    def forget(self, picture: Tensor) -> None:
        """Drop what the optimiser remembers: a finished run that is resumed starts it anew, from the picture."""
        checkpoint.lighten(self.folder / CHECKPOINT, picture)

    def text(self, name: str, content: str) -> None:
        atomic.write(self.folder / name, content)
        self.wrote(self.folder / name)


def levels_begun(path: Path) -> list[Any]:
    """The levels recorded so far; empty if there is no such file or it is damaged."""
    try:
        begun = json.loads(regular(path).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return []
    return begun if isinstance(begun, list) else []


class Canvas(Listener):
    """The picture that the loop is changing."""

    def __init__(self, image: Tensor, finish: Finish = unchanged):
        self.image, self.finish = image, finish

    def begun(self, level: Start) -> None:
        self.image = level.image

    def finished(self) -> Image:
        return images.to_picture(self.finish(self.image.detach()))


@contextmanager
def at_work(files: Folder) -> Iterator[Folder]:
    """A block after which the folder's record says how the run ended, however that was."""
    try:
        yield files
    except BaseException as error:
        if files.run.outcome == "running":
            with suppress(OSError):  # a full disk
                files.close("interrupted" if isinstance(error, KeyboardInterrupt) else "failed")
        raise


@contextmanager
def rescued(folder: Path, canvas: Canvas) -> Iterator[None]:
    """A block that raises Stopped if the folder can no longer be written, after saving the picture elsewhere.

    If memory runs out, which leaves the folder as it is, it raises OutOfMemory.
    """
    try:
        with memory.told_when_full(str(canvas.image.device), partial(left_in, folder)):
            yield
    except OSError as error:
        said = f"{error.filename or folder}: {error.strerror or error}"
        elsewhere = free_name(Path(tempfile.gettempdir()), f"stx-{folder.name}")
        try:
            images.save(canvas.finished(), elsewhere)
        except OSError:
            raise Stopped(f"{said}; the picture could not be saved in {elsewhere.parent} either") from error
        raise Stopped(f"{said}\nthe picture so far: {elsewhere}; once there is space: resume={folder}") from error


def left_in(folder: Path) -> str:
    """What to do about a run that ran out of memory, and how to resume it if it has a saved state."""
    picture = f"; the picture so far: {folder / OUTPUT}" if (folder / OUTPUT).exists() else ""
    state = f"\nwith memory free again: resume={folder}{picture}" if (folder / CHECKPOINT).exists() else ""
    return f", or a smaller image_size or activation_checkpointing=true would do{state}"


def free_name(folder: Path, stem: str) -> Path:
    """A name that no picture in a folder has yet: an existing one is another run's."""
    names = (folder / f"{stem}{'-' if number else ''}{number or ''}.png" for number in count())
    return next(path for path in names if not path.exists())
