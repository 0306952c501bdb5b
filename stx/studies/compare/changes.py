"""The parts of a protocol that can also be given on the command line."""

from typing import Any

import yaml

from stx.errors import UserError

LISTS = ("photographs", "styles", "seeds", "statistics")
"""What to compare, each typed as a list separated by commas."""
NUMBERS = ("levels", "spread")
"""Settings that are lists of numbers, typed in the same way."""
SETTINGS = ("runs", "tolerance", "least", "close", "each", "primary", "match", *NUMBERS)
"""How to compare it."""


def setting(key: str, text: str) -> Any:
    """The value of one of SETTINGS, as a protocol's YAML would have it. Raises UserError if it is not valid YAML."""
    try:
        if key not in NUMBERS:
            return yaml.safe_load(text)
        value = yaml.safe_load(text if text.startswith("[") else f"[{text}]")
        return tuple(value) if isinstance(value, list) else value
    except yaml.YAMLError:
        example = "a list of numbers, such as 1,0.3" if key in NUMBERS else "one value"
        raise UserError(f"{key}={text}: should be {example}") from None
