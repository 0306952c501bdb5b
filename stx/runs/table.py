"""losses.csv, with a line for each step, and grad_norms.csv, with one for each step that has gradient norms."""

import csv
import os
from collections.abc import Callable, Sequence
from io import StringIO
from pathlib import Path

from stx import atomic
from stx.config.regular import regular
from stx.errors import UserError
from stx.loop.listener import Row
from stx.runs.tracking.journal import entries

NORM = "grad_norm/"
"""Prefix of the metrics of gradients."""


Append = Callable[[list[Row]], None]
Writer = Callable[[Path], Append]


def losses_table(path: Path) -> Append:
    """A `table` of all metrics except gradient norms, which few steps have."""
    return table(path, lambda name: not name.startswith(NORM))


def norms_table(path: Path) -> Append:
    """A `table` of gradient norms."""
    return table(path, lambda name: name.startswith(NORM))


def table(path: Path, wanted: Callable[[str], bool]) -> Append:
    """A function that appends rows to a CSV file. Its columns are the `wanted` metrics; rows without any are left out.

    An existing file is continued: steps that it has are left out, and a last line that a crash has torn is cut off. If
    a metric appears that no earlier step had, the file is rewritten, which happens once or twice in a run.
    """
    columns, last = recovered(path)

    def append(rows: list[Row]) -> None:
        rows = [row for row in rows if row.step > last and any(map(wanted, row.values))]
        if not rows:
            return
        names = dict.fromkeys(name for row in rows for name in row.values if wanted(name))
        if new := [name for name in names if name not in columns]:
            columns.extend(new)
            atomic.write(path, with_columns(path, columns))
        with path.open("a", newline="", encoding="utf-8") as file:
            lines = csv.DictWriter(file, ["step", *columns], extrasaction="ignore")
            lines.writerows({"step": row.step, **row.values} for row in rows)

    return append


def with_columns(path: Path, columns: Sequence[str]) -> str:
    """The text of the table as it is, or of an empty one, under these columns."""
    text = StringIO(newline="")
    table = csv.DictWriter(text, ["step", *columns])
    table.writeheader()
    if path.exists():
        with regular(path).open(newline="", encoding="utf-8") as file:
            table.writerows(csv.DictReader(file))
    return text.getvalue()


def mended(path: Path, journal: Path, step: int) -> str:
    """Add what a journal has to a table that ends before `step`, as a power cut may leave it.

    Returns in words what the table still lacks up to `step`; empty if it is whole.
    """
    refill(path, journal, step)
    has = steps(path)
    lacking = [number for number in range(1, step + 1) if number not in has]
    if not lacking:
        return ""
    some = "the steps" if lacking[-1] - lacking[0] < len(lacking) else f"{len(lacking)} of the steps"
    return f"{path} lacks {some} {lacking[0]} to {lacking[-1]}: not on the disk, or altered"


def refill(path: Path, journal: Path, step: int, written_by: Writer = losses_table) -> None:
    """Add to a table what a journal has after the table's last step, up to `step`."""
    _, last = recovered(path)
    told = [row for entry, _ in entries(journal, 0) for row in entry.get("rows", ())] if journal.exists() else []
    rows = {row[0]: Row(row[0], row[1] / 1000, row[2]) for row in told if last < row[0] <= step}
    written_by(path)([rows[number] for number in sorted(rows)])


def steps(path: Path) -> set[int]:
    """The steps whose rows hold numbers throughout."""
    if not path.exists():
        return set()
    with regular(path).open(newline="", encoding="utf-8", errors="replace") as file:
        rows = list(csv.reader(file))[1:]
    return {int(row[0]) for row in rows if row and row[0].isdecimal() and all(map(numeric, row[1:]))}


def numeric(text: str) -> bool:
    """Whether a field is a number, or empty because its step had no such metric."""
    try:
        float(text or 0)
    except ValueError:
        return False
    return True


def flush(path: Path) -> None:
    """Force a table to the disk, as far as it has been written; do nothing if there is none yet."""
    if path.exists():
        with path.open("rb+") as file:
            os.fsync(file.fileno())


def recovered(path: Path) -> tuple[list[str], int]:
    """The columns and the last step of a table, after cutting off a line that a crash has torn. Raises UserError."""
    if path.exists():
        whole = regular(path).read_bytes().rfind(b"\n") + 1
        if whole < path.stat().st_size:
            os.truncate(path, whole)
    return columns_and_last(path)


def columns_and_last(path: Path) -> tuple[list[str], int]:
    """The columns and the last step of a table's whole lines.

    Raises UserError if the table is damaged, so that its last step is unknown.
    """
    if not path.exists():
        return [], 0
    try:
        lines = list(csv.reader(regular(path).read_bytes().rpartition(b"\n")[0].decode("utf-8").splitlines()))
        return (lines[0][1:], int(lines[-1][0]) if len(lines) > 1 else 0) if lines else ([], 0)
    except (ValueError, IndexError, csv.Error):
        raise UserError(
            f"{path}: damaged, it does not say up to which step it goes\n"
            "delete it to go on; what the run's journal has of it is written anew"
        ) from None
