"""What a failed delivery means: wait, begin a new run, leave it, or set one entry aside."""

from enum import Enum

from PIL import UnidentifiedImageError

from stx.errors import UserError

LATER = (401, 403, 408, 425, 429)
"""HTTP statuses that another try may change: who asks, and how often."""


class Verdict(Enum):
    AWAY = "tried again"
    UNKNOWN = "the store does not know the run: all of it is sent again"
    DELETED = "somebody has deleted it: left alone"
    NEVER = "can never be delivered: set aside"


def verdict(error: Exception) -> Verdict:
    """Of whatever a network, a database, a server or a damaged file has raised."""
    status = getattr(error, "get_http_status_code", None)  # MLflow's errors, without its import
    if status is not None:
        if "'active' state" in str(error):
            return Verdict.DELETED
        if getattr(error, "error_code", "") == "RESOURCE_DOES_NOT_EXIST":
            return Verdict.UNKNOWN
        return Verdict.NEVER if 400 <= status() < 500 and status() not in LATER else Verdict.AWAY
    if isinstance(error, UserError):
        return Verdict.DELETED
    if isinstance(error, FileNotFoundError | IsADirectoryError | UnidentifiedImageError):
        return Verdict.NEVER
    if isinstance(error, OSError):  # the network's too
        return Verdict.AWAY
    return Verdict.NEVER if isinstance(error, ValueError | TypeError | KeyError | SyntaxError) else Verdict.AWAY
