"""Addresses of stores that are SQLite files."""

import os
from pathlib import Path

SQLITE = "sqlite:///"
NO_FILES = (":memory:", "file:")
"""Prefixes of what SQLite accepts instead of a file's name."""


def database_file(uri: str) -> Path | None:
    """The file of a SQLite address, without the settings after a question mark; None if it names no file."""
    if not uri.startswith(SQLITE):
        return None
    path = uri.removeprefix(SQLITE).partition("?")[0]
    return Path(path) if path and not path.startswith(NO_FILES) else None


def with_file(uri: str, path: Path) -> str:
    """The address of a file, with the settings of another address."""
    _, mark, settings = uri.partition("?")
    return f"{SQLITE}{path.as_posix()}{mark}{settings}"


def absolute(uri: str) -> str:
    """Make the path in a SQLite address absolute, so that it names the same store from every folder."""
    path = database_file(uri)
    return uri if path is None else with_file(uri, Path(os.path.abspath(path)))
