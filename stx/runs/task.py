"""One job of a sweep."""

import re
from itertools import starmap
from pathlib import Path
from typing import NamedTuple

from stx.config.schema import Config


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
        """By the values of its axes; of a number, which says nothing by itself, with the last word of its key."""
        return " ".join(starmap(named, self.values.items())) or f"job {self.number}"


def named(key: str, value: str) -> str:
    return shown(value) if re.match(r"['\"]?[^\W\d]", value) else f"{key.rpartition('.')[2]}={shown(value)}"


def shown(value: str) -> str:
    """Of a path its end alone, of a number what tells it apart."""
    if re.fullmatch(r"-?\d+\.\d{5,}(e[-+]?\d+)?", value):
        return f"{float(value):.4g}"
    return value.strip("'\"").rpartition("/")[2] or value
