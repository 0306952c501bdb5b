"""Names and texts as MLflow takes them: what it would refuse, for ever, is spelt out."""

import re

from stx.model import names

LONGEST = 250
"""Characters of a name."""


def name(text: str) -> str:
    """Of a metric, a param or a tag: letters, digits, `_-.: ` and slashes between parts that are no dots. Any other
    character is written as its number."""
    spelt = re.sub(r"[^/\w.\- :]", lambda sign: f"_{ord(sign[0]):x}", text)
    return "/".join(re.sub(r"^(\.|$)", "_", part) for part in spelt.split("/"))[:LONGEST]


def metric(text: str) -> str:
    """A metric's, as everywhere."""
    return names.metric(name(text))


def text(value: object) -> str:
    """Of a param or a tag. What of a file's name is not UTF-8 is written as its number."""
    return str(value).encode("utf-8", "backslashreplace").decode("utf-8")
