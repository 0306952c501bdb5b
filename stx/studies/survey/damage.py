"""Which files of runs are damaged, so that a survey names them instead of leaving their pictures out in silence."""

from collections.abc import Sequence
from pathlib import Path

from stx.errors import UserError, some_of
from stx.pictures.decode import decoded, opened
from stx.runs import identity
from stx.runs.files import CONTENT, OUTPUT, RUN, STYLE
from stx.runs.shown import Shown


def damaged(run: Shown) -> Path | None:
    """The first of a run's files that cannot be read: its record, or one of the pictures of a finished run.

    None if all can be read. A file that is missing is not damaged.
    """
    if run.folder and not recorded(run.folder):
        return run.folder / RUN
    if run.outcome != "finished":
        return None
    pictures = (run.picture(name) for name in (OUTPUT, CONTENT, STYLE))
    return next((picture for picture in pictures if picture and not whole(picture)), None)


def recorded(folder: Path) -> bool:
    """Whether the record of a run, if there is one, can be read."""
    try:
        identity.read(folder)
    except UserError:
        return False
    return True


def whole(picture: Path) -> bool:
    """Whether a picture can be read to its end."""
    try:
        with opened(str(picture)) as header:
            decoded(header)
    except (UserError, OSError):
        return False
    return True


def told(faults: Sequence[str]) -> str:
    """A line that names what is damaged or missing; empty if nothing is."""
    return f"left out, as files of runs are damaged or missing: {some_of(faults)}" if faults else ""
