"""Prepare what was typed for Hydra: quote file names and addresses where needed, and take out passwords."""

from collections.abc import Sequence

from stx.config.compose import key_of, override
from stx.config.paths import named
from stx.config.secrets import INTERPOLATION, taken_out

ADDRESS = "tracking.uri"


def as_typed(typed: Sequence[str]) -> list[str]:
    """Overrides in Hydra's grammar: file names and addresses are quoted where needed, and passwords taken out."""
    return [address(named(text)) for text in taken_out(typed)]


def address(text: str) -> str:
    """Quote the value of an override if it is a store's address that Hydra would not read as one word."""
    key, _, value = text.partition("=")
    if key_of(text) != ADDRESS or "://" not in value or value[:1] in ("'", '"', "$"):
        return text
    if INTERPOLATION.search(value) and '"' not in value:
        return f'{key}="{value}"'
    return override(key, value)
