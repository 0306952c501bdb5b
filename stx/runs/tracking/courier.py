"""A journal's delivery in a thread of its own: a store that is slow, away or hanging stops no run."""

import json
import logging
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Protocol

from stx import atomic
from stx.config.regular import regular
from stx.config.secrets import hidden
from stx.runs.files import DELIVERED, JOURNAL, UNDELIVERED
from stx.runs.tracking.journal import Entry, entries
from stx.runs.tracking.verdict import Verdict, reason, verdict

log = logging.getLogger("stx")

FIRST_WAIT, LONGEST_WAIT = 0.5, 15.0
"""Seconds between attempts, doubled each time."""
QUIET = 3.0
"""Seconds of waiting for a store before anybody is told of it."""


class Send(Protocol):
    """A way into a store."""

    run_id: str
    """The id of the run there; empty as long as there is none."""

    def connect(self) -> int:
        """Connect to the store, and return how many bytes of the journal it has."""

    def __call__(self, entry: Entry, doubtful: bool) -> None:
        """Deliver one entry. If `doubtful`, it may have been delivered before: what is there must not be sent again."""


class GivenUp(Exception):
    """Delivery is given up for now; the journal keeps the rest."""


class Unknown(Exception):
    """The store has lost the run."""


class Courier(threading.Thread):
    """Delivers a folder's journal in order, from where an earlier process got to. A daemon: it delays no exit."""

    def __init__(self, folder: Path, send: Send):
        super().__init__(name="courier", daemon=True)
        self.folder, self.send, self.offset = folder, send, 0
        self.before = (folder / JOURNAL).stat().st_size
        """Bytes that the journal had at the start: they may have been delivered by a process that could not note it."""
        self.trouble = ""
        """The store's last error, while it fails."""
        self.more, self.end, self.given_up = threading.Event(), threading.Event(), threading.Event()

    def run(self) -> None:
        while not self.given_up.is_set():
            try:
                self.attempt(self.connect, "the connection")
                self.follow()
                return
            except GivenUp:
                return
            except OSError as error:  # the folder was moved away
                self.trouble = f"{error.filename or self.folder}: {error.strerror or error}"
                return
            except Unknown:
                log.warning("the store has lost the run: all of it is sent again")
                self.given_up.wait(FIRST_WAIT)

    def connect(self, doubtful: bool) -> None:
        reached = self.send.connect()
        if reached > max(self.before, self.offset):  # the journal was cut or lost: nobody knows what the store has
            reached, self.before = 0, sys.maxsize
        self.offset = reached

    def follow(self) -> None:
        """Deliver entries as they come, until `end` is set and all are delivered."""
        while True:
            for entry, after in entries(self.folder / JOURNAL, self.offset):
                if self.given_up.is_set():
                    return
                self.attempt(partial(self.send, entry), named(entry), after)
                self.offset = after
                self.note(after)
            if self.end.is_set() and self.offset >= (self.folder / JOURNAL).stat().st_size:
                return
            self.more.wait(1.0)
            self.more.clear()

    def note(self, after: int) -> None:
        """Note how far delivery has got. If that fails, as on a full disk, the next process compares with the store."""
        try:
            note(self.folder, after, self.send.run_id)
        except OSError as error:
            log.debug("not noted: %s", error)

    def attempt(self, act: Callable[[bool], None], what: str, after: int = 0) -> None:
        """Repeat `act` until it works, or turns out never to work. Raises GivenUp and Unknown."""
        wait, doubtful = FIRST_WAIT, after <= self.before
        while True:
            try:
                act(doubtful)
            except Exception as error:  # whatever a network, a database or a server may raise
                why, kind = hidden(reason(error)), verdict(error)
                if kind is Verdict.NEVER and after and self.send.run_id:  # without a run, no later entry can go on
                    return set_aside(self.folder, what, why)
                if kind is Verdict.UNKNOWN and after:
                    raise Unknown from None
                if not self.trouble:
                    log.warning("the store does not take what it is sent (%s); it waits in %s", why, self.folder)
                self.trouble, doubtful = why, True
                if kind is not Verdict.AWAY or self.given_up.wait(wait):
                    log.debug("given up: %s", why)
                    raise GivenUp from None
                wait = min(2 * wait, LONGEST_WAIT)
                continue
            if self.trouble:
                log.warning("the store answers again")
                self.trouble = ""
            return None

    def finish(self, patience: float) -> bool:
        """Deliver what is left, until nothing has got through for `patience` seconds. Returns whether all is delivered.

        A store that has not failed but is slow, as with many writers, gets six times as long.
        """
        self.end.set()
        self.more.set()
        reached, since = self.offset, time.monotonic()
        saying = threading.Timer(QUIET, self.say_waiting)
        saying.daemon = True
        saying.start()
        try:
            while self.is_alive() and time.monotonic() - since < (patience if self.trouble else 6 * patience):
                self.join(0.02)
                if self.offset > reached:
                    reached, since = self.offset, time.monotonic()
        finally:
            saying.cancel()
            self.given_up.set()
        return self.offset >= (self.folder / JOURNAL).stat().st_size

    def say_waiting(self) -> None:
        if not self.trouble:
            log.warning("waiting for the store, which is slow, or held by another process")


def named(entry: Entry) -> str:
    """What an entry is, in a word or two."""
    if "picture" in entry:
        return f"picture {entry['picture']['file']}"
    rows = entry.get("rows") or entry.get("measured")
    if isinstance(rows, list) and rows and all(isinstance(row, list) and row for row in rows):
        return f"{', '.join(entry)} of step {' to '.join(dict.fromkeys(f'{row[0]}' for row in (rows[0], rows[-1])))}"
    return f"artifact {entry['artifact']}" if "artifact" in entry else ", ".join(entry)


def set_aside(folder: Path, what: str, why: str) -> None:
    """Note an entry that no store will ever take, so that those after it go on."""
    path, line = folder / UNDELIVERED, json.dumps({"what": what, "why": why})
    if path.exists() and line in regular(path).read_text(encoding="utf-8").splitlines():
        return  # set aside before: sent --again, or by a process that could not note it
    with suppress(OSError), path.open("a", encoding="utf-8") as file:  # on a full disk, the warning still says it
        file.write(f"{line}\n")
    log.warning("%s: the store cannot take it (%s); set aside in %s, all else goes on", what, why, path)


def delivered(folder: Path, run_id: str = "") -> int:
    """How many bytes of a folder's journal its store has, under the run of that id or, without one, under any."""
    try:
        noted = json.loads(regular(folder / DELIVERED).read_text(encoding="utf-8"))
        return int(noted["bytes"]) if not run_id or noted.get("run_id", run_id) == run_id else 0
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return 0


def note(folder: Path, offset: int, run_id: str) -> None:
    atomic.write(folder / DELIVERED, json.dumps({"bytes": offset, "run_id": run_id, "at": time.time()}))


def journals(folder: Path) -> list[Path]:
    """The folders of runs, at or below this one, that have a journal."""
    return sorted(journal.parent for journal in folder.rglob(JOURNAL))


def pending(folder: Path) -> list[Path]:
    """The folders of runs, at or below this one, whose stores lack some of the journal."""
    return [run for run in journals(folder) if delivered(run) < (run / JOURNAL).stat().st_size]
