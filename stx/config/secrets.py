"""A store's password: taken out of what is typed before anybody writes it down, and put back where it is used."""

import os
import re
from collections.abc import Sequence
from urllib.parse import quote, unquote

from stx.errors import UserError

HIDDEN = "***"
VARIABLE = "STX_STORE_PASSWORD"
"""In the environment, for this process and those that it starts. It is set by what is typed."""
LOGIN = re.compile(r"(?P<before>://[^:/@\s]*:)(?P<password>\S*)(?P<behind>@)")
"""In any text, up to the last @: a password may have any sign in it."""
QUERY = re.compile(r"(?P<before>[?&](?:password|passwd|pwd|sslpassword)=)(?P<password>[^&\s'\"]+)(?P<behind>)", re.I)
"""Where databases take it too."""
INTERPOLATION = re.compile(r"\$\{.*\}")
TELLING = 5
"""Letters of a password from which it is looked for by itself: those of a shorter one stand in any text."""


def hidden(text: str) -> str:
    """The text with stars for the password of every address in it, and for the one that is in the environment."""
    for pattern in (LOGIN, QUERY):
        text = pattern.sub(rf"\g<before>{HIDDEN}\g<behind>", text)
    password = os.environ.get(VARIABLE, "")
    for written in (password, quote(password, safe=""), quote(password)) if len(password) >= TELLING else ():
        text = text.replace(written, HIDDEN)
    return text


def taken_out(typed: Sequence[str]) -> list[str]:
    """Overrides without the password of tracking.uri, which is kept in the environment. Raises UserError."""
    return [keep(text) if text.lstrip("+").startswith("tracking.uri=") else text for text in typed]


def keep(address: str) -> str:
    """A whole address, whatever stands before it, with stars for its password, which goes into the environment.

    Raises UserError for several in one, and for several passwords, of which one variable cannot hold more than one.
    """
    password = split(address)[1]
    if len(QUERY.findall(address)) + bool(LOGIN.search(address)) > 1:
        raise UserError(
            "tracking.uri: an address may have one password in it; a key's (sslpassword) can stand where the driver of "
            "the database looks for it by itself"
        )
    if "://" in password:
        raise UserError("tracking.uri: one store at a time is given with its password, not a sweep over several")
    if password and password != HIDDEN:
        os.environ[VARIABLE] = unquote(password)
    return public(address)


def public(address: str) -> str:
    """A whole address with stars for its password."""
    before, password, behind = split(address)
    return f"{before}{HIDDEN}{behind}" if password else address


def split(address: str) -> tuple[str, str, str]:
    """A whole address around its password, which is empty where it has none, or where ${...} says what it is."""
    start, separator, rest = address.partition("://")
    login, at, host = rest.rpartition("@")  # spaces and quotes too, as it is one whole address
    user, colon, password = login.partition(":")
    if separator and at and colon and "/" not in user:
        before, behind = f"{start}://{user}:", f"@{host}"
    elif separator and (match := QUERY.search(address)):
        password, before, behind = match["password"], address[: match.start("password")], address[match.end() :]
    else:
        return address, "", ""
    return (address, "", "") if INTERPOLATION.search(password) else (before, password, behind)


def revealed(address: str) -> str:
    """The address with its password again. Raises UserError where nothing says it."""
    address = keep(address)  # it may have come from a file or a variable
    if HIDDEN not in address:
        return address
    server = address.lower().startswith("http")
    password = os.environ.get(VARIABLE) or os.environ.get("MLFLOW_TRACKING_PASSWORD")
    if password is None and server and os.environ.get("MLFLOW_TRACKING_TOKEN"):
        return without_login(address)
    if password is None:
        raise UserError(
            f"the password of {address} is kept nowhere: give the address with it again, or set {VARIABLE}"
            f"{', or MLFLOW_TRACKING_PASSWORD or MLFLOW_TRACKING_TOKEN' if server else ''}"
        )
    return address.replace(HIDDEN, quote(password, safe=""))


def without_login(address: str) -> str:
    """For a browser, or where something else says who one is."""
    start, separator, rest = address.partition("://")
    return f"{start}{separator}{rest.rpartition('@')[2]}"
