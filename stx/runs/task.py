"""One job of a sweep."""

from pathlib import Path
from typing import NamedTuple

from stx.config.schema import Config
from stx.runs.naming import job_name


class Task(NamedTuple):
    """One job, as its launcher is to have it."""

    number: int
    overrides: list[str]
    values: dict[str, str]
    """What it has of each axis, as typed."""
    folder: Path
    config: Config
    digest: str
    """Of all that its result depends on."""

    @property
    def name(self) -> str:
        return job_name(self.values, self.config)
