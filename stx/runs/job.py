"""One run as it was asked for, and what came of it."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from stx.config.schema import Config
from stx.runs.identity import Identity


class Job(NamedTuple):
    config: Config
    folder: Path
    choices: dict[str, str]
    """The chosen option of each config group."""
    overrides: list[str]
    tags: Mapping[str, str] = MappingProxyType({})
    """Further tags for the tracker, such as the batch that the run belongs to."""
    quiet: bool = False
    resumed: Identity | None = None
    """The record in the run's folder, if the run is resumed."""
    name: str = ""
    """The run's name in the tracker; if empty, it is named after its pictures."""
    notes: Mapping[str, str] = MappingProxyType({})
    """Further files for the run's folder, by name: a record of how the command was called."""


class Result(NamedTuple):
    picture: Path
    outcome: str
    """finished, diverged or pruned."""
    measured: dict[str, float]
    """measure/<name> of the picture and baseline/<name>; empty if the pictures are too small to be judged."""
