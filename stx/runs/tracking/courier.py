"""A journal's delivery in a thread of its own: a store that is slow, away or hanging stops no run."""

import json
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from stx import atomic
from stx.runs.files import DELIVERED, JOURNAL
from stx.runs.tracking.journal import Entry, entries

log = logging.getLogger("stx")

Send = Callable[[Entry, bool], None]
"""Deliver one entry. True: it may have been delivered before, so whatever is there already must not be sent again."""

FIRST_WAIT, LONGEST_WAIT = 0.5, 15.0
"""Seconds between attempts, doubled each time."""


class Courier(threading.Thread):
    """Delivers a folder's journal in order, from where an earlier process got to. A daemon: it holds no exit up."""

    def __init__(self, folder: Path, send: Send):
        super().__init__(name="courier", daemon=True)
        self.folder, self.send = folder, send
        self.offset = delivered(folder)
        self.before = (folder / JOURNAL).stat().st_size
        """What was written before may have been delivered before, by a process that could not note it."""
        self.trouble = ""
        """What the store last answered, while it fails."""
        self.more, self.end, self.given_up = threading.Event(), threading.Event(), threading.Event()

    def run(self) -> None:
        while True:
            for entry, after in entries(self.folder / JOURNAL, self.offset):
                if not self.deliver(entry, after <= self.before):
                    return
                self.offset = after
                note(self.folder, after)
            if self.end.is_set() and self.offset >= (self.folder / JOURNAL).stat().st_size:
                return
            self.more.wait(1.0)
            self.more.clear()

    def deliver(self, entry: Entry, doubtful: bool) -> bool:
        """Try until it works. False: given up."""
        wait = FIRST_WAIT
        while True:
            try:
                self.send(entry, doubtful)
            except Exception as error:  # whatever a network, a database or a server may raise
                if not self.trouble:
                    log.warning("the store does not take what it is sent; it waits in %s", self.folder)
                self.trouble = (str(error).strip() or type(error).__name__).splitlines()[0]
                doubtful = True
                if self.given_up.wait(wait):
                    return False
                wait = min(2 * wait, LONGEST_WAIT)
                continue
            if self.trouble:
                log.warning("the store answers again")
                self.trouble = ""
            return True

    def wake(self) -> None:
        """There is more in the journal."""
        self.more.set()

    def finish(self, patience: float) -> bool:
        """Deliver what is left, until nothing has got through for `patience` seconds; a store that has not failed but
        is slow, with many writers, gets six times as many. True: all of it is delivered."""
        self.end.set()
        self.more.set()
        reached, since = self.offset, time.monotonic()
        while self.is_alive() and time.monotonic() - since < (patience if self.trouble else 6 * patience):
            self.join(0.02)
            if self.offset > reached:
                reached, since = self.offset, time.monotonic()
        self.given_up.set()
        return self.offset >= (self.folder / JOURNAL).stat().st_size


def delivered(folder: Path) -> int:
    """How many bytes of a folder's journal its store has."""
    try:
        return int(json.loads((folder / DELIVERED).read_text(encoding="utf-8"))["bytes"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0


def note(folder: Path, offset: int) -> None:
    atomic.write(folder / DELIVERED, json.dumps({"bytes": offset, "at": time.time()}))


def pending(folder: Path) -> list[Path]:
    """The runs at or below a folder whose stores do not have all of their journals."""
    return sorted(
        journal.parent for journal in folder.rglob(JOURNAL) if delivered(journal.parent) < journal.stat().st_size
    )
