"""What a run tells its tracker, written to disk before it is sent: a file of JSON lines that only grows."""

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from stx.config.formats import later, version_of
from stx.config.regular import regular
from stx.errors import UserError
from stx.runs.files import JOURNAL

FORMAT = 1
"""The version of a journal, which is in its first entry."""

Entry = dict[str, Any]


class Journal:
    """The writer. Every entry is on disk, safe from a power cut, when `write` returns.

    Opening an existing journal drops a last line that a crash has torn. Raises UserError for one of a later version.
    """

    def __init__(self, folder: Path):
        self.path = folder / JOURNAL
        before = list(entries(self.path, 0)) if self.path.exists() else []
        refuse_later(self.path, [entry for entry, _ in before])
        ends = [end for _, end in before]
        self.file = self.path.open("ab")
        self.file.truncate(ends[-1] if ends else 0)

    def write(self, kind: str, content: Any) -> None:
        self.file.write(json.dumps({kind: content}, allow_nan=False).encode() + b"\n")
        self.file.flush()
        os.fsync(self.file.fileno())

    def close(self) -> None:
        self.file.close()


def entries(path: Path, offset: int) -> Iterator[tuple[Entry, int]]:
    """The whole entries from a byte offset on, each with the offset after it; damaged lines are left out."""
    with regular(path).open("rb") as file:
        file.seek(offset)
        for line in file:
            if not line.endswith(b"\n"):
                return  # being written, or torn
            offset += len(line)
            try:
                entry = json.loads(line)
            except ValueError:
                continue  # a crash of the file system left zeros
            if isinstance(entry, dict):
                yield entry, offset


def opened(path: Path) -> Any:
    """Where and how a journal's run begins. Raises UserError for one that does not say so, or of a later version."""
    first = [entry for entry, _ in entries(path, 0) if "open" in entry][:1]
    if not first:
        raise UserError(f"{path}: it does not say which run it is")
    refuse_later(path, first)
    return first[0]["open"]


def refuse_later(path: Path, read: Iterable[Entry]) -> None:
    for entry in read:
        try:
            version = version_of(entry.get("open", {}).get("format", 1))
        except ValueError as error:
            raise UserError(f"{path}: {error}") from None
        if version > FORMAT:
            raise UserError(f"{path}: {later(version, FORMAT)}")


def last_step(path: Path) -> int:
    """The last step whose metrics are in the journal; 0 if there is none."""
    steps = [row[0] for entry, _ in entries(path, 0) for row in entry.get("rows", ())] if path.exists() else []
    return max(steps, default=0)
