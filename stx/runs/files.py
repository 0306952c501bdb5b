"""A run's output folder: the picture, the losses so far and what the run started from, at all times."""

import csv
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from stx.errors import Stopped, UserError
from stx.loop.record import Row

LOSSES = "losses.csv"
BASELINES = "baselines.json"
"""The held-out measures of photograph and painting as they are, by name."""
SHEET = "sheet.jpg"
"""Photograph, painting and result side by side."""


def losses_table(path: Path) -> Callable[[list[Row]], None]:
    """A writer of rows into a CSV file, a line a step; its columns are those of the first row.

    A file that is there is gone on with: steps that it has are left out, and a last line that a crash has torn.
    """
    columns, known = recovered(path)

    def append(rows: list[Row]) -> None:
        rows = [row for row in rows if row.step > known]
        if not rows:
            return
        new = not columns
        columns.extend(name for name in rows[0].values if new and not name.startswith("grad_norm/"))
        with path.open("w" if new else "a", newline="", encoding="utf-8") as file:
            table = csv.DictWriter(file, ["step", *columns], extrasaction="ignore")
            if new:
                table.writeheader()
            table.writerows({"step": row.step, **row.values} for row in rows)

    return append


def recovered(path: Path) -> tuple[list[str], int]:
    """The columns and the last step of a table, less what a crash left of a line."""
    if not path.exists():
        return [], 0
    whole, newline, torn = path.read_bytes().rpartition(b"\n")
    if torn:
        os.truncate(path, len(whole) + len(newline))
    lines = list(csv.reader(whole.decode("utf-8").splitlines()))
    return (lines[0][1:], int(lines[-1][0]) if len(lines) > 1 else 0) if lines else ([], 0)


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    lock = FileLock(str(folder / ".lock"), timeout=0)
    try:
        lock.acquire()
    except Timeout:
        raise UserError(f"{folder}: another process is at work in this folder; wait for it, or name another") from None
    try:
        yield
    finally:
        lock.release()


@contextmanager
def rescued(folder: Path, save: Callable[[Path], None]) -> Iterator[None]:
    """Where the folder cannot be written any more, save the picture elsewhere and raise Stopped."""
    try:
        yield
    except OSError as error:
        said = f"{error.filename or folder}: {error.strerror or error}"
        elsewhere = Path(tempfile.gettempdir()) / f"stx-{folder.name}.png"
        try:
            save(elsewhere)
        except OSError:
            raise Stopped(f"{said}; the picture could not be saved in {elsewhere.parent} either") from error
        raise Stopped(f"{said}\nthe picture so far: {elsewhere}; with space again: resume={folder}") from error
