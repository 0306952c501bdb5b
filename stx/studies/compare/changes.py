"""What of a protocol can be said on the command line too."""

from typing import Any

import yaml

from stx.errors import UserError

LISTS = ("photographs", "styles", "seeds", "statistics")
"""What to compare, separated by commas."""
NUMBERS = ("levels", "spread")
"""Likewise."""
SETTINGS = ("runs", "tolerance", "least", "each", "primary", "match", *NUMBERS)
"""How it is compared."""


def setting(key: str, text: str) -> Any:
    """The value that one of SETTINGS has in a protocol's YAML. Raises UserError for what no YAML could have."""
    try:
        if key not in NUMBERS:
            return yaml.safe_load(text)
        value = yaml.safe_load(text if text.startswith("[") else f"[{text}]")
        return tuple(value) if isinstance(value, list) else value
    except yaml.YAMLError:
        example = "a list of numbers, such as 1,0.3" if key in NUMBERS else "one value"
        raise UserError(f"{key}={text}: should be {example}") from None
