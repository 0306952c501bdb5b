"""Whether a folder takes new files, and if not, why."""

import errno
from pathlib import Path
from tempfile import TemporaryFile

WHY = {
    errno.EROFS: "is on a file system that can only be read",
    errno.EACCES: "may not be written to by you",
    errno.EPERM: "may not be written to by you",
    errno.ENOSPC: "is on a full disk",
    errno.EDQUOT: "is full as far as your quota goes",
}
"""Why a folder takes no files, by error number."""


def unwritable(folder: Path) -> str:
    """Why no file can be created in a folder; empty if one can. The test leaves no file behind."""
    try:
        with TemporaryFile(dir=folder):
            return ""
    except OSError as error:
        return WHY.get(error.errno or 0, f"takes no files ({error.strerror})")
