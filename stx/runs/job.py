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
    """The option of each config group."""
    overrides: list[str]
    tags: Mapping[str, str] = MappingProxyType({})
    """For the tracker, beside its own: which batch the run belongs to."""
    quiet: bool = False
    resumed: Identity | None = None
    """The record that its folder has, of a run that goes on."""
    name: str = ""
    """For the tracker; without one, its pictures'."""
    notes: Mapping[str, str] = MappingProxyType({})
    """Further files for its folder, by name: what the command keeps of how it was called."""


class Result(NamedTuple):
    picture: Path
    outcome: str
    """finished, diverged or pruned."""
    measured: dict[str, float]
    """measure/<name> of the picture and baseline/<name>; empty where pictures are too small to be judged."""
