"""A store's password: removed from what was typed before that is recorded anywhere, and put back where it is used."""

import os
import re
from collections.abc import Sequence
from urllib.parse import quote, unquote

from stx.errors import UserError

HIDDEN = "***"
VARIABLE = "STX_STORE_PASSWORD"
"""The environment variable with the password, for this process and those that it starts. Set from what is typed."""
STORE = "MLFLOW_TRACKING_URI"
"""MLflow's variable. A password in it stays there, as it is meant only for that address."""
LOGIN = re.compile(r"(?P<before>://[^:/@\s]*:)(?P<password>\S*)(?P<behind>@)")
"""A login in any text. It extends to the last @, because a password may contain any character but blanks."""
QUERY = re.compile(r"(?P<before>[?&](?:password|passwd|pwd|sslpassword)=)(?P<password>[^&\s'\"]+)(?P<behind>)", re.I)
"""A password among the parameters of an address, where databases accept it too."""
INTERPOLATION = re.compile(r"\$\{.*\}")
TELLING = 5
"""Least length of a password that is searched for by itself: a shorter one would be found in any text."""


def hidden(text: str) -> str:
    """The text with stars in place of the password of every address in it, and of passwords in the environment."""
    for pattern in (LOGIN, QUERY):
        text = pattern.sub(rf"\g<before>{HIDDEN}\g<behind>", text)
    for password in (os.environ.get(VARIABLE, ""), unquote(split(os.environ.get(STORE, ""))[1])):
        for written in (password, quote(password, safe=""), quote(password)) if len(password) >= TELLING else ():
            text = text.replace(written, HIDDEN)
    return text


def taken_out(typed: Sequence[str]) -> list[str]:
    """Overrides without the password of tracking.uri, which is moved to the environment. Raises UserError."""
    return [keep(text) if text.lstrip("+").startswith("tracking.uri=") else text for text in typed]


def keep(address: str) -> str:
    """The address with stars in place of its password, which is moved to the environment.

    `address` extends to the end of the text and may follow other text, such as `tracking.uri=`. Raises UserError as
    `refuse_several` does.
    """
    refuse_several(address)
    password = split(address)[1]
    if password and password != HIDDEN:
        os.environ[VARIABLE] = unquote(password)
    return public(address)


def refuse_several(address: str) -> None:
    """Raise UserError for several addresses in one, and for several passwords, as only one could be kept."""
    if len(QUERY.findall(address)) + bool(LOGIN.search(address)) > 1:
        raise UserError(
            "tracking.uri: an address can hold one password; put that of a key (sslpassword) where the database's "
            "driver looks for it"
        )
    if "://" in split(address)[1]:
        raise UserError("tracking.uri: a store with a password cannot be swept over; give one at a time")


def public(address: str) -> str:
    """The address with stars in place of its password."""
    before, password, behind = split(address)
    return f"{before}{HIDDEN}{behind}" if password else address


def split(address: str) -> tuple[str, str, str]:
    """Split an address into what precedes its password, the password, and what follows it.

    The password is empty if there is none, or if it contains an interpolation, ${...}.
    """
    start, separator, rest = address.partition("://")
    login, at, host = rest.rpartition("@")  # may contain spaces and quotes, as all of the text is one address
    user, colon, password = login.partition(":")
    if separator and at and colon and "/" not in user:
        before, behind = f"{start}://{user}:", f"@{host}"
    elif separator and (match := QUERY.search(address)):
        password, before, behind = match["password"], address[: match.start("password")], address[match.end() :]
    else:
        return address, "", ""
    return (address, "", "") if INTERPOLATION.search(password) else (before, password, behind)


def revealed(address: str) -> str:
    """The address with its password put back.

    Raises UserError if the password cannot be found, and as `refuse_several` does.
    """
    refuse_several(address)
    if own := of_variable(address):
        return own
    address = keep(address)  # an address from a file or another variable may still have its password
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
    """MLFLOW_TRACKING_URI with its password if it is this address and no other password was typed for it, else ""."""
    given = os.environ.get(STORE, "")
    before, password, behind = split(given)
    if password in ("", HIDDEN) or (address != given and (address != public(given) or os.environ.get(VARIABLE))):
        return ""
    return f"{before}{quote(unquote(password), safe='')}{behind}"


def without_login(address: str) -> str:
    """The address without user and password: for a browser, or where a token takes their place."""
    start, separator, rest = address.partition("://")
    return f"{start}{separator}{rest.rpartition('@')[2]}"
