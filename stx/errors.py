"""Errors that commands report without a traceback, and helpers for their messages."""

import site
import sysconfig
import traceback
from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from pathlib import Path


class UserError(ValueError):
    """A user's mistake: one to three lines that name the option or file and say what would be right.

    The command line prints the message without a traceback and exits with status 2.
    """


class Taken(UserError):
    """Another process is at work in a folder."""


def first_line(error: BaseException) -> str:
    """The first line of an error's message, or the name of its class if it has none."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def line_of(error: BaseException) -> str:
    """Where in the user's own code an error was raised, for a message; empty if it was raised elsewhere."""
    if isinstance(error, SyntaxError) and error.filename:
        return f" ({error.filename}, line {error.lineno})"
    others = [Path(__file__).parent, Path(sysconfig.get_path("stdlib")), *map(Path, site.getsitepackages())]
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.endswith(".py")]
    own = [frame for frame in frames if not any(map(Path(frame.filename).is_relative_to, others))]
    return f" ({own[-1].filename}, line {own[-1].lineno})" if own else ""


def did_you_mean(name: str, allowed: Iterable[str], cutoff: float = 0.5) -> str:
    """A hint at the nearest allowed name, or "" if none is near. `cutoff` is the least similarity; 1 is equality."""
    names = list(allowed)
    begun = [each for each in names if len(name) > 2 and each.startswith(name)]
    nearest = begun if len(begun) == 1 else get_close_matches(name, names, n=1, cutoff=cutoff)
    return f" (did you mean {nearest[0]}?)" if nearest else ""


FEW = 8
"""Most choices that come before the one that was probably meant: behind more it would be overlooked."""


def choose_from(name: str, allowed: Iterable[str], shown: Sequence[str] = ()) -> str:
    """What a message about the wrong `name` goes on with: the allowed names, or those `shown` for them, and a hint."""
    names = list(allowed)
    listed, hint = list(shown or names), did_you_mean(name, names)
    said = f": choose from {', '.join(listed)}"
    return f"{hint}{said}" if len(listed) > FEW else f"{said}{hint}"


def some_of(names: Sequence[str], most: int = 5) -> str:
    """The first `most` names, and how many more there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


class Stopped(Exception):
    """A run could not go on through no mistake of the user, for example because the disk or the GPU's memory is full.

    The command line exits with status 1.
    """


class OutOfMemory(Stopped):
    """The device's memory is full. Another program may be the cause, so the run is worth another try."""


class Diverged(Exception):
    """A value was not finite, under guard.on_nan=raise. The command line exits with status 1."""
