"""The types of a claim and of an experiment of the thesis."""

from collections.abc import Callable
from typing import NamedTuple

from stx.studies.thesis.verdicts import Runs, Verdict


class Claim(NamedTuple):
    name: str
    said: str
    """The thesis's words."""
    meaning: str
    """The same in English."""
    rule: Callable[[Runs], Verdict]


class Experiment(NamedTuple):
    number: str
    title: str
    shows: tuple[str, ...]
    """Members whose pictures stand side by side, as in the thesis."""
    claims: tuple[Claim, ...]
