"""File names in overrides, quoted where Hydra would read characters in them as its own syntax."""

import glob
import os
import re
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from stx.config.compose import key_of, override, quoted
from stx.config.digests import sha256
from stx.errors import UserError

FILES = (
    "content",
    "style",
    "masks.content",
    "masks.style",
    "init.path",
    "temporal.picture",
    "temporal.mask",
    "model.weights",
    "resume",
    "style_stat.filter",
    "from_picture",
)
"""Options that name a file or a run's folder."""
SEVERAL = ("content", "style")
"""Those of FILES in which a folder or a glob stands for all pictures in it, one per job."""
WRITTEN = "output.file"
"""The option that names a file to write, which need not exist: always a single name, whatever characters are in it."""
PLAIN = re.compile(r"""[\w./:+%@-]+|'[^']*'|"[^"]*\"""", re.ASCII)
"""Text that Hydra reads as one word."""
BRACKETED = re.compile(r"""[^][,='"${}]+\[[^,='"${}]*\.\w+""")
"""Text that Hydra cannot read but that is one file's name, such as photo[1].jpg, whether the file exists or not."""


def named(text: str) -> str:
    """Quote the value of an override where needed, if it names existing files or the file to write.

    In a list to sweep over, separated by commas, some names may be single words instead, as those of bundled pictures.
    """
    key, _, value = text.partition("=")
    if key_of(text) == WRITTEN and not PLAIN.fullmatch(value) and not value.startswith("$"):
        return override(key, value)
    if key_of(text) not in FILES or text.startswith("~"):
        return text
    if BRACKETED.fullmatch(value):
        return override(key, value)
    present = leads_to_files if key_of(text) in SEVERAL else exists
    if key_of(text) in ("style", "masks.style") and value.startswith("[") and value.endswith("]") and not exists(value):
        return listed(key, value[1:-1], text)
    names = split(value, present)
    if not any(map(present, names)) or not all(present(name) or PLAIN.fullmatch(name) for name in names):
        return text
    if len(names) == 1:
        return override(key, value)
    return f"{key}={','.join(element(key, name) if present(name) else name for name in names)}"


def listed(key: str, value: str, text: str) -> str:
    """The override `text`, whose value is a list, with the names of files quoted where needed."""
    names = split(value)
    if not any(map(exists, names)):
        return text
    return f"{key}=[{','.join(element(key, name) if exists(name) else name for name in names)}]"


def element(key: str, name: str) -> str:
    """A file's name as an element of a list, quoted where needed."""
    plain = PLAIN.fullmatch(name) and override(key, name) == f"{key}={name}"
    return name if plain else quoted(name)


def exists(name: str) -> bool:
    """Whether there is a file or folder of that name; ~ is the home folder."""
    return os.path.exists(os.path.expanduser(name))


def split(text: str, present: Callable[[str], bool] = exists) -> list[str]:
    """Split a list of names at its commas, but not at those in the name of a file that exists.

    Of all ways to split it, this has the fewest names that are missing, and then the fewest names: only one if the
    whole text is the name of a file.
    """
    pieces = text.split(",")
    best: list[tuple[int, int, list[str]]] = [(0, 0, [])]  # for each tail: names missing, names, the names
    for at in reversed(range(len(pieces))):
        ways = []
        for end, (missing, count, names) in enumerate(best, start=at + 1):
            name = ",".join(pieces[at:end])
            if end == at + 1 or present(name):
                ways.append((missing + (not present(name)), count + 1, [name, *names]))
        best.insert(0, min(ways))
    return best[0][2]


def leads_to_files(name: str) -> bool:
    """Whether there is a file or folder of that name, or a file that it matches as a glob."""
    return exists(name) or any(True for _ in matches(name))


def is_glob(name: str) -> bool:
    """Whether a name is a glob (*, ?, [...]) and not that of an existing file with such characters in it.

    A name with brackets only is a glob if it matches a file; else it is taken for the name of a missing file.
    """
    if not glob.has_magic(name) or exists(name):
        return False
    return bool(re.search("[*?]", name)) or any(True for _ in matching(name))


def matches(name: str) -> Iterator[str]:
    """The files that a glob matches, without hidden ones; ** is any number of folders. Empty if the name is no glob."""
    if is_glob(name):
        yield from matching(name)


def matching(name: str) -> Iterator[str]:
    """The files that a pattern matches.

    A pattern with a slash at its end matches folders, and stands for the files in them. Leading folders that exist are
    taken literally, as their names may contain the characters of globs.
    """
    above, *parts = Path(os.path.expanduser(f"{name}*" if name.endswith("/") else name)).parts
    if glob.has_magic(above) and not os.path.exists(above):
        above, parts = "", [above, *parts]
    while os.path.exists(os.path.join(above, parts[0])):
        above = os.path.join(above, parts.pop(0))
    paths = glob.iglob(os.path.join(glob.escape(above), *parts), recursive=True)
    yield from (path for path in paths if os.path.isfile(path))


def from_folder(folder: str, name: str, digests: Collection[str] = ()) -> str:
    """The path from here of a file that was named in another working directory, `folder`.

    That is the file in that folder, if it is still there, unless only the one of its name here has one of the SHA-256
    `digests`: the run may have been copied together with its files.
    """
    there = os.path.join(folder, name)
    if not folder or not exists(there) or (exists(name) and os.path.samefile(*map(os.path.expanduser, (there, name)))):
        return name
    return name if has_digest(name, digests) and not has_digest(there, digests) else there


def has_digest(name: str, digests: Collection[str]) -> bool:
    """Whether there is a file of that name, and its SHA-256 is one of the digests."""
    path = os.path.expanduser(name)
    return os.path.isfile(path) and sha256(path) in digests


def output_folder(name: str) -> Path:
    """The folder that `output=` names, which need not exist. Raises UserError for what cannot be one."""
    folder = Path(os.path.expanduser(name))
    if folder == Path():
        raise UserError("output= must name a folder")
    if folder.is_file():
        raise UserError(f"output={folder}: that is a file; name a folder")
    return folder
