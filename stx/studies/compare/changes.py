"""The parts of a protocol that can also be given on the command line."""

from typing import Any

from stx.config import settings_file
from stx.errors import UserError

LISTS = ("photographs", "styles", "seeds", "statistics")
"""What to compare, each typed as a list separated by commas."""
NUMBERS = ("levels", "spread")
"""Settings that are lists of numbers, typed in the same way."""
SETTINGS = ("runs", "tolerance", "least", "close", "each", "primary", "match", *NUMBERS)
"""How to compare it."""


def setting(key: str, text: str) -> Any:
    """The value of one of SETTINGS, as a protocol's YAML would have it.

    Raises UserError if it is empty or not valid YAML. A list without numbers is typed [].
    """
    example = "a list of numbers, such as 1,0.3" if key in NUMBERS else "one value"
    if not text.strip(" ,"):
        raise UserError(f"{key}= is empty: should be {example}")
    try:
        value = settings_file.value(text if key not in NUMBERS or text.startswith("[") else f"[{text}]")
    except UserError:
        raise UserError(f"{key}={text}: should be {example}") from None
    return tuple(value) if key in NUMBERS and isinstance(value, list) else value
