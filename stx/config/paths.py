"""Names of files in overrides, taken as they are typed: Hydra reads signs in them as its own."""

import glob
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from stx.config.compose import key_of, override, quoted

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
"""Of those, where a folder or a glob stands for all pictures in it, one a job."""
WRITTEN = "output.file"
"""The option that names a file which need not exist: one, whatever signs are in it."""
PLAIN = re.compile(r"""[\w./:+%@-]+|'[^']*'|"[^"]*\"""", re.ASCII)
"""What Hydra reads as one word."""
BRACKETED = re.compile(r"""[^][,='"${}]+\[[^,='"${}]*\.\w+""")
"""What Hydra cannot read, and is the name of one file: photo[1].jpg, be there such a file or not."""


def named(text: str) -> str:
    """An override, in quotes where it names a file that exists under the name that stands there, or several of
    them; and where it names the one that is written.

    Of several, separated by commas, to be swept over, some may be no files but single words, as a bundled picture is.
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
    """The override `text`, whose value is a list, with each file's name in quotes where it needs them."""
    names = split(value)
    if not any(map(exists, names)):
        return text
    return f"{key}=[{','.join(element(key, name) if exists(name) else name for name in names)}]"


def element(key: str, name: str) -> str:
    """A file's name as one of a list."""
    plain = PLAIN.fullmatch(name) and override(key, name) == f"{key}={name}"
    return name if plain else quoted(name)


def exists(name: str) -> bool:
    """Whether there is a file or folder of that name; ~ is the home folder."""
    return os.path.exists(os.path.expanduser(name))


def split(text: str, present: Callable[[str], bool] = exists) -> list[str]:
    """The names in a list with commas between them; of a file that exists the name may have commas itself.

    With as many that exist as can be, and of those as few as can be: the whole, if that is one.
    """
    pieces = text.split(",")
    best: list[tuple[int, int, list[str]]] = [(0, 0, [])]  # for the last ones: how many are missing, how many names
    for at in reversed(range(len(pieces))):
        ways = []
        for end, (missing, count, names) in enumerate(best, start=at + 1):
            name = ",".join(pieces[at:end])
            if end == at + 1 or present(name):
                ways.append((missing + (not present(name)), count + 1, [name, *names]))
        best.insert(0, min(ways))
    return best[0][2]


def leads_to_files(name: str) -> bool:
    """Whether there is a file or folder of that name, or a file of that glob."""
    return exists(name) or any(True for _ in matches(name))


def is_glob(name: str) -> bool:
    """Whether a name is a glob's (*, ?, [...]), and not that of a file with such signs in it; with brackets alone, not
    that of a file which is missing either."""
    if not glob.has_magic(name) or exists(name):
        return False
    return bool(re.search("[*?]", name)) or any(True for _ in matching(name))


def matches(name: str) -> Iterator[str]:
    """The files of a glob, without hidden ones; ** is any folders, also none. Nothing where the name is no glob's."""
    if is_glob(name):
        yield from matching(name)


def matching(name: str) -> Iterator[str]:
    """The files that a name with the signs of globs leads to.

    With a slash at its end it is of folders, for the files in them. Of a folder above them the name may have the signs
    of globs itself.
    """
    above, *parts = Path(os.path.expanduser(f"{name}*" if name.endswith("/") else name)).parts
    if glob.has_magic(above) and not os.path.exists(above):
        above, parts = "", [above, *parts]
    while os.path.exists(os.path.join(above, parts[0])):
        above = os.path.join(above, parts.pop(0))
    paths = glob.iglob(os.path.join(glob.escape(above), *parts), recursive=True)
    yield from (path for path in paths if os.path.isfile(path))
