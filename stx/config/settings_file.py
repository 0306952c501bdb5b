"""YAML that people write, read as Hydra reads its own: no key stands in it twice, and 1e-3 is a number."""

from pathlib import Path
from typing import Any

import yaml

from stx.config.explain import twice
from stx.config.internals import get_yaml_loader
from stx.errors import UserError

LOADER = get_yaml_loader()
WRONG = (yaml.YAMLError, ValueError, RecursionError)
"""What text that is no YAML raises: also numbers of too many digits, bytes that are not UTF-8, and endless brackets."""


def read(file: Path, where: str) -> Any:
    """What a file says. Raises UserError, which begins with `where`, if it is no YAML, and OSError."""
    try:
        with file.open(encoding="utf-8") as stream:  # whose name is in the messages
            return yaml.load(stream, LOADER)
    except WRONG as error:
        why = twice(error) or f"{file} is no YAML ({' '.join(str(error).split())[:120]})"
        raise UserError(f"{where}: {why}") from None


def value(text: str) -> Any:
    """What a text says that was typed as YAML. Raises UserError, which does not name the option, if it is none."""
    try:
        return yaml.load(text, LOADER)
    except WRONG:
        raise UserError("it is no YAML") from None
