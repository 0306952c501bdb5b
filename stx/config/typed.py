"""What was typed, before Hydra reads it: names of files as they are, whatever signs they have; no password."""

import os
from collections.abc import Sequence

from stx.config.compose import override
from stx.config.secrets import INTERPOLATION, taken_out

FILES = ("content", "style", "init.path", "model.weights", "resume")
"""Options that name a file, or a folder."""
ADDRESS = "tracking.uri"


def as_typed(typed: Sequence[str]) -> list[str]:
    """Overrides in Hydra's grammar: in quotes where the name of an existing file, or an address, needs them."""
    return [quoted(text) for text in taken_out(typed)]


def quoted(text: str) -> str:
    key, _, value = text.partition("=")
    sign = key[: len(key) - len(key.lstrip("+"))]
    key = key.lstrip("+")
    if key == ADDRESS and "://" in value and INTERPOLATION.search(value) and '"' not in value:
        return f'{sign}{key}="{value}"'
    if (key in FILES and exists(value)) or (key == ADDRESS and "://" in value and value[:1] not in ("'", '"', "$")):
        return sign + override(key, value)
    several = value.split(",")  # of a sweep
    if key in FILES and len(several) > 1 and any(map(exists, several)):
        values = (override(key, one) if exists(one) else f"{key}={one}" for one in several)
        return f"{sign}{key}={','.join(one.partition('=')[2] for one in values)}"
    return text


def exists(name: str) -> bool:
    return name != "null" and bool(name) and os.path.exists(os.path.expanduser(name))
