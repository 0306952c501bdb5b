"""One job of a sweep."""

import re
from collections.abc import Collection
from itertools import starmap
from pathlib import Path
from typing import NamedTuple

from stx.config.compose import values_of
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
    return end(value, 1)


def told_apart(values: Collection[str]) -> dict[str, str]:
    """How each of an axis's values is shown, with as many folders of a path as tell them apart."""
    for parts in range(1, 1 + max(value.count("/") for value in values)):
        labels = {value: end(value, parts) for value in values}
        if len(set(labels.values())) == len(labels):
            return labels
    return {value: end(value, 0) for value in values}


def end(value: str, parts: int) -> str:
    """Of a path its last parts, or all."""
    if re.fullmatch(r"-?\d+\.\d{5,}(e[-+]?\d+)?", value):
        return f"{float(value):.4g}"
    read = values_of(f"value={value}") if value[:1] in ("'", '"') else []
    text = str(read[0][1]) if read else value
    return "/".join(text.split("/")[-parts:]) or text
