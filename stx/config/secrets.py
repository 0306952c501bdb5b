"""A store's password: taken out of what is typed before anybody writes it down, and put back where it is used."""

import os
import re
from collections.abc import Sequence
from urllib.parse import quote, unquote

from stx.errors import UserError

HIDDEN = "***"
VARIABLE = "STX_STORE_PASSWORD"
"""In the environment, for this process and those that it starts. It is set by what is typed."""
LOGIN = re.compile(r"(?P<before>://[^:/@\s]*:)(?P<password>\S*)@")
"""Up to the last @: a password may have any sign in it."""


def hidden(text: str) -> str:
    """The text with stars for the password of every address in it."""
    return LOGIN.sub(rf"\g<before>{HIDDEN}@", text)


def taken_out(typed: Sequence[str]) -> list[str]:
    """Overrides without the password of tracking.uri, which is kept in the environment."""
    return [keep(text) if text.lstrip("+").startswith("tracking.uri=") else text for text in typed]


def keep(text: str) -> str:
    start, separator, rest = text.partition("://")
    login, at, host = rest.rpartition("@")  # spaces and quotes too, as it is one whole address
    user, colon, password = login.partition(":")
    if not (separator and at and colon) or "/" in user:
        return text
    if password != HIDDEN:
        os.environ[VARIABLE] = unquote(password)
    return f"{start}://{user}:{HIDDEN}@{host}"


def revealed(uri: str) -> str:
    """The address with its password again. Raises UserError where nothing says it."""
    if f":{HIDDEN}@" not in uri:
        return uri
    password = os.environ.get(VARIABLE) or os.environ.get("MLFLOW_TRACKING_PASSWORD")
    if password is None:
        raise UserError(f"the password of {uri} is kept nowhere: give the address with it again, or set {VARIABLE}")
    return uri.replace(f":{HIDDEN}@", f":{quote(password, safe='')}@")
