"""A store's password: taken out of what is typed before anybody writes it down, and put back where it is used."""

import os
import re
from collections.abc import Sequence
from urllib.parse import quote, unquote

from stx.errors import UserError

HIDDEN = "***"
VARIABLE = "STX_STORE_PASSWORD"
"""In the environment, for this process and those that it starts. It is set by what is typed."""
STORE = "MLFLOW_TRACKING_URI"
"""A password in MLflow's variable stays there, as it is meant for that address alone."""
LOGIN = re.compile(r"(?P<before>://[^:/@\s]*:)(?P<password>\S*)(?P<behind>@)")
"""In any text, up to the last @: a password may have any sign in it."""
QUERY = re.compile(r"(?P<before>[?&](?:password|passwd|pwd|sslpassword)=)(?P<password>[^&\s'\"]+)(?P<behind>)", re.I)
"""Where databases take it too."""
INTERPOLATION = re.compile(r"\$\{.*\}")
TELLING = 5
"""Letters of a password from which it is looked for by itself: those of a shorter one stand in any text."""


def hidden(text: str) -> str:
    """The text with stars for the password of every address in it, and for those that are in the environment."""
    for pattern in (LOGIN, QUERY):
        text = pattern.sub(rf"\g<before>{HIDDEN}\g<behind>", text)
    for password in (os.environ.get(VARIABLE, ""), unquote(split(os.environ.get(STORE, ""))[1])):
        for written in (password, quote(password, safe=""), quote(password)) if len(password) >= TELLING else ():
            text = text.replace(written, HIDDEN)
    return text


def taken_out(typed: Sequence[str]) -> list[str]:
    """Overrides without the password of tracking.uri, which is kept in the environment. Raises UserError."""
    return [keep(text) if text.lstrip("+").startswith("tracking.uri=") else text for text in typed]


def keep(address: str) -> str:
    """A whole address, whatever stands before it, with stars for its password, which goes into the environment.

    Raises UserError as below.
    """
    refuse_several(address)
    password = split(address)[1]
    if password and password != HIDDEN:
        os.environ[VARIABLE] = unquote(password)
    return public(address)


def refuse_several(address: str) -> None:
    """Raise UserError for several addresses in one, and for several passwords, of which one alone could be kept."""
    if len(QUERY.findall(address)) + bool(LOGIN.search(address)) > 1:
        raise UserError(
            "tracking.uri: an address can hold one password; put that of a key (sslpassword) where the database's "
            "driver looks for it"
        )
    if "://" in split(address)[1]:
        raise UserError("tracking.uri: a store with a password cannot be swept over; give one at a time")


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
    """The address with its password again. Raises UserError where nothing says it, and as above."""
    refuse_several(address)
    if own := of_variable(address):
        return own
    address = keep(address)  # it may have come from a file or another variable
    if HIDDEN not in address:
        return address
    server = address.lower().startswith("http")
    password = os.environ.get(VARIABLE) or os.environ.get("MLFLOW_TRACKING_PASSWORD")
    if password is None and server and os.environ.get("MLFLOW_TRACKING_TOKEN"):
        return without_login(address)
    if password is None:
        raise UserError(
            f"the password of {address} is not stored: give the address with it again, or set {VARIABLE}"
            f"{', or MLFLOW_TRACKING_PASSWORD or MLFLOW_TRACKING_TOKEN' if server else ''}"
        )
    return address.replace(HIDDEN, quote(password, safe=""))


def of_variable(address: str) -> str:
    """MLFLOW_TRACKING_URI with its password where it is this address, and none was typed for it; else nothing."""
    given = os.environ.get(STORE, "")
    before, password, behind = split(given)
    if password in ("", HIDDEN) or (address != given and (address != public(given) or os.environ.get(VARIABLE))):
        return ""
    return f"{before}{quote(unquote(password), safe='')}{behind}"


def without_login(address: str) -> str:
    """For a browser, or where something else says who one is."""
    start, separator, rest = address.partition("://")
    return f"{start}{separator}{rest.rpartition('@')[2]}"
