"""One process at a time in a store: processes that open a new one together all fail in MLflow's migrations."""

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from urllib.parse import urlsplit

from filelock import FileLock, Timeout

from stx.config.addresses import database_file
from stx.config.secrets import public
from stx.runs.tracking.reach import SOON
from stx.runs.tracking.verdict import Held

log = logging.getLogger("stx")

LONGEST_LOCK = 60.0
"""Seconds for which another process may hold a store: opening a new database for the first time takes six."""
KEY = 0x737478
"""The number of PostgreSQL's lock, the same for all processes: "stx" in ASCII."""


def turn(uri: str) -> AbstractContextManager[None]:
    """A block in which no other process opens the store, if it is a database; a server sees to that itself."""
    if file := database_file(uri):
        return alone_with(file.absolute().parent / ".store.lock")
    if urlsplit(uri).scheme.partition("+")[0] == "postgresql":
        return alone_in_database(uri)
    return nullcontext()


@contextmanager
def alone_with(lock: Path) -> Iterator[None]:
    """Take turns by a lock file. Raises Held, a UserError, if another process's turn does not end."""
    held = FileLock(str(lock))
    lock.touch()  # raises if it cannot be made: FileLock would wait, as if a process had it

    def come(seconds: float) -> bool:
        try:
            held.acquire(timeout=seconds)
        except Timeout:
            return False
        return True

    wait_for(come, str(lock))
    try:
        yield
    finally:
        held.release()


@contextmanager
def alone_in_database(uri: str) -> Iterator[None]:
    """Take turns by PostgreSQL's own lock, from whatever machine. Raises as `alone_with` does.

    The lock ends with its transaction, so that a process that dies releases it, and a pool of connections in between
    does no harm.
    """
    from sqlalchemy import create_engine, text
    from sqlalchemy.pool import NullPool

    with create_engine(uri, poolclass=NullPool).connect() as connection:

        def come(seconds: float) -> bool:
            end = time.monotonic() + seconds
            while not connection.scalar(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": KEY}):
                if time.monotonic() > end:
                    return False
                time.sleep(0.05)
            return True

        wait_for(come, public(uri))
        yield


def wait_for(come: Callable[[float], bool], where: str) -> None:
    """Wait for the turn, and say so if another process has it. Raises Held if it does not come.

    `come` waits for so many seconds and returns whether the turn has come.
    """
    if come(SOON):
        return
    log.warning("%s: another process has the store; waiting up to %.0f s", where, LONGEST_LOCK)
    if not come(LONGEST_LOCK):
        raise Held(
            f"{where}: another process has kept the store for a minute; end it, or name another store: tracking.uri=..."
        )
