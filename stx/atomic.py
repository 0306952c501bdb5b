"""Files that are whole, whatever interrupts their writing: written beside, flushed to the disk, then put in place."""

import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

WAITS = (0.01, 0.05, 0.2, 0.5) if os.name == "nt" else ()
"""Seconds between tries to replace a file: Windows refuses while a virus scanner or a viewer has it open."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A name beside `path`, with its ending, to write to; what was written replaces `path` unless the block raises.

    Raises OSError, with the name of the file that was meant.
    """
    part = path.with_name(f".{uuid.uuid4().hex}{path.suffix}")
    try:
        yield part
        with part.open("r+b") as file:
            os.fsync(file.fileno())  # else a power cut may leave the new name with nothing in it
        put(part, path)
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error
    finally:
        with suppress(OSError):  # where nothing could be written there is nothing to clear away
            part.unlink()


def put(part: Path, path: Path) -> None:
    """`part` in the place of `path`, on the disk when this returns."""
    for wait in (*WAITS, None):
        try:
            os.replace(part, path)
            break
        except PermissionError:
            if wait is None:
                raise
            time.sleep(wait)
    flush_folder(path.parent)


def flush_folder(folder: Path) -> None:
    """The names in it too, where a folder can be opened: on POSIX."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def write(path: Path, content: str | bytes) -> None:
    """Raises OSError, with the name of the file."""
    with replacing(path) as part:
        part.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
