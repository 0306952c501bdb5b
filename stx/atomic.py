"""Files that are whole, whatever interrupts their writing: written beside, flushed to the disk, then put in place."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


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
        os.replace(part, path)
    except OSError as error:
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error
    finally:
        with suppress(OSError):  # where nothing could be written there is nothing to clear away
            part.unlink()


def write(path: Path, content: str | bytes) -> None:
    """Raises OSError, with the name of the file."""
    with replacing(path) as part:
        part.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
