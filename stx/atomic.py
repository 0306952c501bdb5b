"""Atomic writes: files are written under another name beside the target, flushed to disk, then renamed over it."""

import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

WAITS = (0.01, 0.05, 0.2, 0.5) if os.name == "nt" else ()
"""Seconds between attempts to replace a file: Windows refuses while a virus scanner or a viewer has it open."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path to write to, which replaces `path` at the end of the block unless the block raises.

    It lies beside `path` and has the same suffix. Raises OSError, which names `path` instead of the temporary file.
    """
    part = path.with_name(f".{uuid.uuid4().hex}{path.suffix}")
    try:
        yield part
        with part.open("r+b") as file:
            os.fsync(file.fileno())  # otherwise a power cut may leave an empty file at `path`
        put(part, path)
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error
    finally:
        with suppress(OSError):  # if nothing was written, there is nothing to remove
            part.unlink()


def put(part: Path, path: Path) -> None:
    """Rename `part` to `path`. The change is on disk when this returns."""
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
    """Flush the names in a folder to disk, if the system can open folders, as POSIX systems can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def write(path: Path, content: str | bytes) -> None:
    """Write a file atomically. Raises OSError, which names the file."""
    with replacing(path) as part:
        part.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
