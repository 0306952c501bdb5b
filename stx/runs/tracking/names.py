"""Names and texts that MLflow accepts: what it would always refuse is spelt out."""

import re

from stx.model import names

LONGEST = 250
"""Characters in a name, at most."""


def name(text: str) -> str:
    """A valid name of a metric, a param or a tag, cut to LONGEST.

    It has letters, digits, `_-.: ` and slashes, between parts that are not empty and do not begin with a dot. Any other
    character is written as its number.
    """
    spelt = re.sub(r"[^/\w.\- :]", lambda sign: f"_{ord(sign[0]):x}", text)
    return "/".join(re.sub(r"^(\.|$)", "_", part) for part in spelt.split("/"))[:LONGEST]


def metric(text: str) -> str:
    """A valid name of a metric, in the spelling that is used everywhere."""
    return names.metric(name(text))


def text(value: object) -> str:
    """The text of a param or a tag. Whatever in a file's name is not UTF-8 is written as its number."""
    return str(value).encode("utf-8", "backslashreplace").decode("utf-8")
