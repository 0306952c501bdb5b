"""Digests of files."""

import hashlib
from pathlib import Path

from stx.config.regular import regular


def sha256(path: str | Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal digits. Raises OSError."""
    with regular(Path(path)).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
