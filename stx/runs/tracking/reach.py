"""Whether a store can be reached, found out within seconds: MLflow's own clients try for minutes."""

import importlib.metadata
import os
import socket
import sqlite3
import ssl
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit
from urllib.request import Request, urlopen

from stx.config.addresses import database_file
from stx.config.secrets import hidden, public
from stx.errors import UserError
from stx.runs.tracking.verdict import LOCKED, reason

SOON = 4.0
"""Seconds for a store's first answer."""
WRITABLE = "let yourself write to it, or name another store: tracking.uri=..."
PORTS = {"postgresql": 5432, "mysql": 3306, "mssql": 0}
"""Ports of the databases that MLflow takes, for addresses without one; 0 leaves it to the driver."""


@contextmanager
def reachable(uri: str) -> Iterator[None]:
    """A block that raises UserError if the store cannot be used: no server, no driver, no folder."""
    try:
        yield
    except UserError:
        raise
    except Exception as error:  # MLflow's, a driver's, a database's, the network's
        raise UserError(hidden(f"tracking.uri={uri}: {reason(error)}")) from None


def answers(uri: str) -> None:
    """Raise UserError, within seconds, if a server or a database at this address does not answer.

    MLflow's own clients try for minutes.
    """
    if not uri:
        raise UserError("tracking.uri= is empty")
    if path := database_file(uri):
        refuse_other_files(uri, path)
        refuse_held(uri, path)
    try:
        address = urlsplit(uri)
        host, kind = address.hostname, address.scheme.partition("+")[0]
        if not host:
            return
        if kind in ("http", "https"):
            within(SOON, lambda: healthy(address))
        elif kind in PORTS:
            if port := address.port or PORTS[kind]:
                within(SOON, lambda: socket.create_connection((host, port), timeout=SOON).close())
            with reachable(uri):
                within(SOON, lambda: connected(uri))
        elif kind not in of_mlflow():
            raise UserError(
                f"tracking.uri={public(uri)}: no kind of store is called {kind}; take sqlite:///..., http://... or "
                "postgresql+psycopg2://..."
            )
    except HTTPError:
        return  # an answer, if only a refusal
    except UserError:
        raise
    except (OSError, ValueError, HTTPException) as error:
        raise UserError(
            f"tracking.uri={public(uri)}: nothing answers there ({getattr(error, 'reason', None) or error})\n"
            "start the server, or go on without it: tracking.offline_ok=true"
        ) from None


def of_mlflow() -> set[str]:
    """Kinds of stores that only MLflow knows how to reach: those of Databricks, and those of its plugins."""
    plugins = importlib.metadata.entry_points(group="mlflow.tracking_store")
    return {"databricks", "databricks-uc", "uc"} | {plugin.name for plugin in plugins}


def healthy(address: SplitResult) -> None:
    """Ask a server for its health as MLflow would: through a proxy if there is one, with its certificate variables.

    Raises OSError and HTTPException.
    """
    host = address.netloc.rpartition("@")[2]
    request = Request(urlunsplit(address._replace(netloc=host, path=f"{address.path.rstrip('/')}/health")))
    if address.username is not None:
        login = f"{unquote(address.username)}:{unquote(address.password or '')}"
        request.add_header("Authorization", f"Basic {b64encode(login.encode()).decode()}")
    context = ssl.create_default_context(cafile=os.environ.get("MLFLOW_TRACKING_SERVER_CERT_PATH"))
    if os.environ.get("MLFLOW_TRACKING_INSECURE_TLS", "").lower() in ("true", "1"):
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if certificate := os.environ.get("MLFLOW_TRACKING_CLIENT_CERT_PATH"):
        context.load_cert_chain(certificate)
    urlopen(request, timeout=SOON, context=context).read()


def connected(uri: str) -> None:
    """Open a database once. Raises what its driver raises, for which MLflow would try for a hundred seconds."""
    from sqlalchemy import create_engine
    from sqlalchemy.pool import NullPool

    create_engine(uri, poolclass=NullPool).connect().close()


def within(seconds: float, act: Callable[[], Any]) -> Any:
    """Return or raise what `act` does; raise TimeoutError if it takes longer.

    A socket's own time-out begins again with each byte that comes.
    """
    results: list[Any] = []
    errors: list[Exception] = []

    def attempt() -> None:
        try:
            results.append(act())
        except Exception as error:
            errors.append(error)

    thread = threading.Thread(target=attempt, daemon=True)  # it delays no exit
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not results:
        raise TimeoutError(f"no whole answer within {seconds:g} s")
    return results[0]


def refuse_other_files(uri: str, path: Path) -> None:
    """Raise UserError if there is something else where a database file would be."""
    existing = next(place for place in (path.absolute(), *path.absolute().parents) if place.exists())
    if existing == path.absolute():
        wrong = not path.is_file() or beginning(path) not in (b"", b"SQLite format 3")
    else:
        wrong = not existing.is_dir()
    if wrong:
        raise UserError(f"tracking.uri={uri}: {existing} is no SQLite database; name another file")


def beginning(path: Path) -> bytes:
    """As much of a file as it takes to tell whether it is a database: the whole may be as large as the memory."""
    with path.open("rb") as file:
        return file.read(15)


def refuse_held(uri: str, path: Path) -> None:
    """Raise UserError if another process keeps a database to itself, or if it cannot be written to."""
    if not path.is_file():
        return
    for place in (path, path.parent):  # SQLite writes its journal beside the database
        if not os.access(place, os.W_OK):
            raise UserError(f"tracking.uri={uri}: {place} is read-only; {WRITABLE}")
    try:
        with closing(sqlite3.connect(path, timeout=SOON)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.rollback()
    except sqlite3.Error as error:
        if "readonly" in str(error):
            raise UserError(f"tracking.uri={uri}: {path} is read-only; {WRITABLE}") from None
        if str(error) != LOCKED:
            raise UserError(f"tracking.uri={uri}: {error}") from None
        raise UserError(
            f"tracking.uri={uri}: another process has held the database for {SOON:g} s\n"
            "wait for it or end it, or begin without the store: tracking.offline_ok=true"
        ) from None
