"""content= and style= that name folders or globs: axes of a sweep, over the pictures in them."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from PIL.Image import Image

from stx.config.compose import key_of, value_of, values_of
from stx.config.paths import SEVERAL, element, exists
from stx.errors import UserError, some_of

MULTIRUN = "--multirun"
MODES = (MULTIRUN, "-m", "--run", "-r", "--cfg", "-c", "--info", "-i", "--shell-completion", "-sc")
"""Modes of Hydra's command line, which takes one at a time."""


def many(typed: list[str]) -> list[str]:
    """The command line, made that of a sweep if content= or style= names a folder or a glob.

    Raises UserError if it also resumes a run.
    """
    over = [text for text in typed if is_axis(text)]
    resumed = [text for text in typed if key_of(text) == "resume" and not text.endswith("=null")]
    if over and resumed:
        raise UserError(f"{over[0]}: {resumed[0]} continues one run, which has its own pictures; leave one of them out")
    moded = any(text.partition("=")[0] in MODES for text in typed)
    return [*typed, MULTIRUN] if over and not moded else typed


def is_axis(text: str) -> bool:
    """Whether an override stands for the pictures of a folder or a glob. Raises UserError if one is in a [...] list."""
    if key_of(text) not in SEVERAL:
        return False
    from stx.pictures.listing import is_listing  # late: a run of one picture has other things to import

    values = [value for _, value in values_of(text)]
    for name in (name for value in values if isinstance(value, list) for name in map(str, value)):
        if is_listing(name):
            raise UserError(
                f"{text}: {name} stands for many pictures; in a list each is named, and {key_of(text)}={name} is a "
                "sweep over them, one a job"
            )
    return any(is_listing(value) for value in values if isinstance(value, str))


def unfolded(typed: Sequence[str]) -> list[str]:
    """Overrides with the names of all pictures in place of each folder and glob of content= and style=.

    Says how many pictures there are, and which other files. Raises UserError if there is no picture.
    """
    return [over_pictures(text) if is_axis(text) else text for text in typed]


def over_pictures(text: str) -> str:
    key = key_of(text)
    names = dict.fromkeys(name for typed, value in values_of(text) for name in elements(key, typed, value))
    return f"{text.partition('=')[0]}={','.join(names)}"


def elements(key: str, typed: str, value: Any) -> list[str]:
    """The pictures that a folder or glob stands for, as one would type them, or whatever else was typed."""
    from stx.pictures.listing import is_listing, pictures_of

    if not isinstance(value, str) or not is_listing(value):
        return [typed]
    return [element(key, path) for path in pictures_of(key, value)]


def unreadable(jobs: Sequence[Sequence[str]]) -> list[str]:
    """Those of the pictures that jobs name by content= and style= whose files exist and cannot be read."""
    from stx.model.reading import read  # late: it imports torch

    values = [value for text in {text for job in jobs for text in job if key_of(text) in SEVERAL}
              for _, value in values_of(text)]  # fmt: skip
    names = {str(name) for value in values for name in (value if isinstance(value, list) else [value])}
    damaged = []
    for name in sorted(filter(exists, names)):
        try:
            read(name)
        except UserError:
            damaged.append(name)
    return damaged


def with_others(why: str, job: Sequence[str], asked: Sequence[Sequence[str]]) -> str:
    """Why a job cannot run; if a damaged picture is the reason, all other damaged pictures are named too."""
    own = unreadable([job])
    others = [name for name in unreadable(asked) if name not in own] if own else []
    if not others:
        return why
    return f"{why.splitlines()[0]}\nnor can these be read: {some_of(others)} (no job was started)"


class Photograph:
    """The photograph of the job at hand, read once for all consecutive jobs that share it."""

    def __init__(self) -> None:
        self.name, self.picture = "", dict[str, Image]()

    def of(self, overrides: Sequence[str]) -> Mapping[str, Image]:
        """The job's photograph, as "content"; empty without one, or if it cannot be read, which its check reports."""
        from stx.model.reading import read  # late: it imports torch

        names = [value_of(text) for text in overrides if key_of(text) == "content"]
        if names and names[-1] != self.name:
            self.name, self.picture = names[-1], {}
            with suppress(UserError, OSError):
                self.picture = {"content": read(self.name)}
        return self.picture if names else {}
