"""outputs/latest: a link to the folder of the newest run."""

import os
from contextlib import suppress
from pathlib import Path

from stx.errors import UserError

OUTPUTS = Path("outputs")
LATEST = OUTPUTS / "latest"
LAST = "last"
"""Stands for the folder of the newest run. (A folder of that name is resume=./last.)"""


def renew(folder: Path) -> None:
    """Point the link to a run's folder, wherever that is.

    Does nothing if there is no outputs/, if something else has the link's name, or if the file system has no links: no
    run fails because of the link.
    """
    try:
        place = os.path.relpath(os.path.realpath(folder), os.path.realpath(OUTPUTS))  # either may be behind a link
    except ValueError:  # on another drive
        place = str(folder.absolute())
    if not OUTPUTS.is_dir() or place == os.curdir or (LATEST.exists() and not LATEST.is_symlink()):
        return
    part = OUTPUTS / f".latest.{os.getpid()}"
    with suppress(OSError, NotImplementedError):
        part.unlink(missing_ok=True)
        part.symlink_to(place, target_is_directory=True)
        os.replace(part, LATEST)  # atomically, so that there is always a link, even if others renew it


def relative(folder: Path) -> Path:
    """A folder relative to the working directory, as people like to read it; unchanged if it is on another drive."""
    try:
        return Path(os.path.relpath(folder))
    except ValueError:
        return folder


def newest() -> Path:
    """The folder of the newest run, relative to the working directory. Raises UserError if there is none."""
    if not LATEST.is_symlink():
        raise UserError(
            f"resume=last: {LATEST} points to no run; none has begun below {OUTPUTS}/ here.\n"
            "Give a run's folder, or its id in MLflow: resume=..."
        )
    folder = behind(LATEST)
    if not folder.is_dir():
        raise UserError(
            f"resume=last: the newest run was in {folder}, which is gone.\n"
            "Give another run's folder, or its id in MLflow: resume=..."
        )
    return folder


def behind(link: Path) -> Path:
    """The path from here of the folder that a link leads to: the link may lead to another one a moment later."""
    return relative(Path(os.path.realpath(link)))
