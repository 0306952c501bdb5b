"""What a user can get wrong."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches


class UserError(ValueError):
    """A mistake of the user's: one or two lines that name the option or file and say what would be right.

    The command line prints the message without a traceback and exits with status 2.
    """


class Taken(UserError):
    """Another process is at work in a folder."""


def first_line(error: BaseException) -> str:
    """What an error says, or what it is called where it says nothing."""
    return (str(error).strip() or type(error).__name__).splitlines()[0]


def did_you_mean(name: str, allowed: Iterable[str], cutoff: float = 0.5) -> str:
    """A hint at the nearest allowed name, or nothing where none is near: `cutoff` is 1 for the very name."""
    nearest = get_close_matches(name, list(allowed), n=1, cutoff=cutoff)
    return f" (did you mean {nearest[0]}?)" if nearest else ""


def some_of(names: Sequence[str], most: int = 5) -> str:
    """The first of them, and how many more there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")


class Stopped(Exception):
    """A run could not go on, through no mistake of the user's: a full disk, a full card. The command line exits with
    status 1."""


class OutOfMemory(Stopped):
    """The memory of its processor is full, which may be another program's doing: worth another try."""


class Diverged(Exception):
    """A value was not finite, under guard.on_nan=raise. The command line exits with status 1."""
