"""Files that can be opened at once: opening a pipe waits until somebody writes to it, which may be for ever."""

import errno
import os
import stat
from pathlib import Path


def regular(path: Path) -> Path:
    """The path itself, to be opened and read. Raises OSError if it is a pipe or a device, or cannot be looked at."""
    mode = os.stat(path).st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):  # opening a folder fails by itself
        raise OSError(errno.EINVAL, "it is not a regular file", str(path))
    return path
