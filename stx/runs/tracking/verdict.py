"""What a failed delivery means: wait, begin a new run, leave it, or set one entry aside."""

import re
from enum import Enum
from json import JSONDecodeError

from PIL import UnidentifiedImageError

from stx.errors import UserError, first_line

LATER = (401, 403, 404, 407, 408, 423, 425, 429)
"""HTTP statuses below 500 that another attempt may change: they depend on who asks, how often, and whether a proxy has
its server back."""
WRAPPERS = ("INTERNAL_ERROR", "BAD_REQUEST")
"""MLflow's codes for whatever it did not expect: the error that it was raised from says more."""


STRANGER = ("UNAUTHENTICATED", "PERMISSION_DENIED", "CUSTOMER_UNAUTHORIZED")
"""MLflow's codes for a password that is wrong or missing."""
LOCKED = "database is locked"
"""SQLite's message while another process holds the database."""


class Held(UserError):
    """Another process has the store: at the start an error, later something to wait for."""


class Verdict(Enum):
    AWAY = "tried again"
    UNKNOWN = "the store does not know the run: all of it is sent again"
    DELETED = "somebody has deleted it: left alone"
    NEVER = "can never be delivered: set aside"


def verdict(error: BaseException) -> Verdict:
    """The verdict on whatever a network, a database, a server or a damaged file has raised."""
    status = getattr(error, "get_http_status_code", None)  # an error of MLflow's, without importing it
    if status is not None:
        return of_mlflow(error, status())
    response = getattr(error, "response", None)  # an error of requests, for artifacts
    if response is not None:
        return of_status(response.status_code)
    if isinstance(error, UserError):
        return Verdict.AWAY if isinstance(error, Held) else Verdict.DELETED
    if isinstance(error, FileNotFoundError | IsADirectoryError | UnidentifiedImageError) or refused_by_database(error):
        return Verdict.NEVER
    if isinstance(
        error, OSError | JSONDecodeError
    ):  # an OSError may be the network's; a proxy may send a page in place of JSON
        return Verdict.AWAY
    return Verdict.NEVER if isinstance(error, ValueError | TypeError | KeyError | SyntaxError) else Verdict.AWAY


def reason(error: BaseException) -> str:
    """What went wrong, in one line: a database's own words, without the statement that it could not execute."""
    below: BaseException | None = error
    while below is not None:
        if isinstance(words := getattr(below, "orig", None), BaseException):  # SQLAlchemy's
            return reason(words)
        below = below.__cause__
    if "Invalid Host header" in str(error):
        return "the server is not to answer to this name: start it with --allowed-hosts=host:port, as in the address"
    if getattr(error, "error_code", "") in STRANGER:
        return (
            "the server does not know who asks, or has nothing for them: give user and password, as in "
            "tracking.uri=http://user:password@host, or MLFLOW_TRACKING_USERNAME and _PASSWORD, or _TOKEN"
        )
    said = first_line(error)
    if no_connection := re.match(r"API request to (\S+?)/api/.*(\[Errno[^\"')]*)", said):
        return f"{no_connection[1]} {no_connection[2]}"
    if refused := re.match(r"API request to (\S+?)/api/.*too many (\d{3}) error responses", said):
        return f"{refused[1]} answers with status {refused[2]}"
    return "another process holds the database" if said == LOCKED else said


def of_mlflow(error: BaseException, status: int) -> Verdict:
    code, below = getattr(error, "error_code", ""), error.__cause__
    if "'active' state" in str(error):
        return Verdict.DELETED
    if code == "RESOURCE_DOES_NOT_EXIST":
        return Verdict.UNKNOWN
    return verdict(below) if below is not None and code in WRAPPERS else of_status(status)


def of_status(status: int) -> Verdict:
    return Verdict.NEVER if 400 <= status < 500 and status not in LATER else Verdict.AWAY


def refused_by_database(error: BaseException) -> bool:
    """Whether a database refuses such values, whatever its state."""
    from sqlalchemy.exc import (
        DataError,
        DBAPIError,
        IntegrityError,
        NotSupportedError,
        ProgrammingError,
        StatementError,
    )

    if isinstance(error, DBAPIError):
        return isinstance(error, DataError | IntegrityError | NotSupportedError | ProgrammingError)
    return isinstance(error, StatementError)
