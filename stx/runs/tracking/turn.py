"""One process at a time in a store: those that touch a new one together all fail in MLflow's migrations."""

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
"""Seconds for which another process may hold a store: the first touch of a new database takes six."""
KEY = 0x737478
"""Of PostgreSQL's lock, which is a number that all have agreed upon: "stx"."""


def turn(uri: str) -> AbstractContextManager[None]:
    """Nobody else's while it lasts, where the store is a database; a server sees to its own."""
    if file := database_file(uri):
        return alone_with(file.absolute().parent / ".store.lock")
    if urlsplit(uri).scheme.partition("+")[0] == "postgresql":
        return alone_in_database(uri)
    return nullcontext()


@contextmanager
def alone_with(lock: Path) -> Iterator[None]:
    """By a file. Raises UserError where another process's turn lasts."""
    held = FileLock(str(lock))
    lock.touch()  # where it cannot be, FileLock would wait for a process that has it

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
    """By PostgreSQL's own lock, from whatever machine. It ends with its transaction, so that a process that dies lets
    it go, and a pool of connections between does no harm. Raises UserError as above."""
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
    """`come` waits so many seconds for the turn, and says whether it has come. Another one's is said."""
    if come(SOON):
        return
    log.warning("%s: another process has the store; waiting up to %.0f s", where, LONGEST_LOCK)
    if not come(LONGEST_LOCK):
        raise Held(
            f"{where}: another process has kept the store for a minute; end it, or name another store: tracking.uri=..."
        )
