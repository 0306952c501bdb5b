"""Names that stand for many pictures: folders and globs."""

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from stx.config.command import say_once
from stx.config.paths import is_glob, matches
from stx.errors import UserError, some_of
from stx.pictures import bundled
from stx.pictures.decode import SUFFIXES

NAMED = 3
"""Most files that a message names of those that are left out."""


class Listing(NamedTuple):
    pictures: list[str]
    """Paths in their natural order: img2.png before img10.png."""
    others: list[str]
    """Names of files that are not taken for pictures."""

    def told(self) -> str:
        """The number of pictures, and what other files there are, in one line."""
        count = f"{len(self.pictures)} picture{'' if len(self.pictures) == 1 else 's'}"
        if not self.others:
            return count
        return f"{count}; not pictures, by their endings: {some_of(self.others, NAMED)}"


def is_listing(name: str) -> bool:
    """Whether a name is a folder or a glob. With a slash at its end, it always is a folder.

    The name of a bundled picture is neither, whatever else has that name; nor is "?", which asks for those names.
    """
    if name in bundled.NAMES or name == "?":
        return False
    return name.endswith("/") or os.path.isdir(os.path.expanduser(name)) or is_glob(name)


def listing(name: str) -> Listing:
    """The pictures in a folder, without its subfolders, or those that a glob matches.

    Pictures are recognised by their endings, but a glob with an ending of its own (*.avif) takes all files it matches.
    Hidden files are left out. Raises UserError if there is no picture; the message does not name the option.
    """
    files, every = ([*matches(name)], own_ending(name)) if is_glob(name) else (files_in(name), False)
    pictures = [file for file in files if every or Path(file).suffix.lower() in SUFFIXES]
    if pictures:
        others = set(files) - set(pictures)
        return Listing(in_order(pictures), [Path(file).name for file in in_order(others)])
    endings = ", ".join(SUFFIXES)
    if is_glob(name):
        raise UserError(f"no {f'picture ({endings})' if files else 'file'} matches")
    deeper = f"; those in folders below are not looked for, {name.rstrip('/')}/**/* does"
    below = any(each.is_dir() for each in Path(name).expanduser().iterdir())
    raise UserError(f"there is no picture in this folder ({endings}){deeper if below else ''}")


def pictures_of(option: str, name: str) -> list[str]:
    """The pictures of a folder or glob that an option names. Says on stderr how many there are. Raises UserError."""
    try:
        pictures = listing(name)
    except UserError as error:
        raise UserError(f"{option}={name}: {error}") from None
    say_once(f"stx: {option}={name}: {pictures.told()}")
    return pictures.pictures


def own_ending(name: str) -> bool:
    """Whether a glob specifies the ending of its files."""
    return bool(re.search(r"\.\w+\Z", name))


def files_in(name: str) -> list[str]:
    """All files in a folder but hidden ones. Raises UserError if it is no folder or cannot be read."""
    folder = Path(name).expanduser()
    try:
        return [str(file) for file in folder.iterdir() if file.is_file() and not file.name.startswith(".")]
    except FileNotFoundError:
        raise UserError("there is no such folder") from None
    except NotADirectoryError:
        raise UserError("that is not a folder; leave out the slash at its end") from None
    except OSError as error:
        raise UserError(f"this folder cannot be read ({error.strerror})") from None


def in_order(paths: Iterable[str]) -> list[str]:
    return sorted(paths, key=lambda path: ([natural(part) for part in Path(path).parts], path))


def natural(name: str) -> list[str | int]:
    """A key that sorts names as people do: numbers by their value, upper and lower case alike."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", name.casefold())]
