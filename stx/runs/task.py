"""One job of a sweep."""

from pathlib import Path
from typing import NamedTuple

from stx.config.schema import Config
from stx.runs.naming import job_name


class Task(NamedTuple):
    """A job in the form that its launcher is given."""

    number: int
    overrides: list[str]
    values: dict[str, str]
    """The job's value on each axis, as typed."""
    folder: Path
    config: Config
    digest: str
    """Digest of everything that the job's result depends on."""

    @property
    def name(self) -> str:
        return job_name(self.values, self.config)
