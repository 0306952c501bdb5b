"""A run as one of many: what it raises ends it alone, and is written down."""

import json
import logging
import os
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from types import MappingProxyType
from typing import Any, NamedTuple

from filelock import FileLock, Timeout

from stx import atomic
from stx.config.secrets import hidden
from stx.errors import OutOfMemory, Stopped, Taken, UserError, first_line
from stx.loop.listener import Listener
from stx.runs import identity
from stx.runs.files import ERROR
from stx.runs.job import Job
from stx.runs.make import run

ORPHANED = 2.0
"""Seconds between two looks whether a worker's launcher is still there."""
ENDED = ("finished", "diverged", "pruned")
"""Outcomes that another try would not change."""


class Attempt(NamedTuple):
    message: str
    """What went wrong, in a line; empty for a run that came to its end."""
    full: bool
    """It was want of memory, which may be another program's doing: worth another try."""


class Told(NamedTuple):
    """What whoever launches a member tells it, in whatever process and folder it finds itself."""

    place: str
    """The folder in which the names of files have their meaning."""
    tags: Mapping[str, str]
    """For the tracker."""
    threads: int = 0
    """For PyTorch; 0 leaves them as they are."""
    quiet: bool = False
    """Warnings alone: somebody else says what comes of it."""
    cards: Sequence[str] = ()
    """CUDA devices to take one of, where several members are at work on one machine."""
    trial: Mapping[str, Any] = MappingProxyType({})
    """Of a search, whose study may cut it short: what stx.runs.pruning asks for."""

    def dumped(self) -> str:
        return json.dumps({**self._asdict(), "trial": dict(self.trial)})


def attempt(job: Job, *watchers: Listener) -> Attempt:
    """Run it, or go on with what its folder holds of it."""
    IDLE.clear()
    try:
        job.folder.mkdir(parents=True, exist_ok=True)
        (job.folder / ERROR).unlink(missing_ok=True)
        run(job._replace(resumed=identity.read(job.folder)), *watchers)
    except Taken as error:  # whoever is at work there says what comes of it
        return Attempt(str(error), False)
    except Exception as error:
        kind = "" if isinstance(error, (UserError, Stopped)) else f"{type(error).__name__}: "
        message = hidden(f"{kind}{first_line(error)}" if str(error).strip() else type(error).__name__)
        with suppress(OSError):
            atomic.write(job.folder / ERROR, f"{message}\n\n{hidden(traceback.format_exc())}")
        return Attempt(message, isinstance(error, OutOfMemory))
    finally:
        IDLE.set()
    return Attempt("", False)


def arrive(dumped: str, folder: Path) -> Told:
    """Take the place and the part of the machine that a member is told. `folder` is that of all members."""
    told = Told(**json.loads(dumped))
    os.chdir(told.place)
    if told.threads:
        end_with(os.getppid())
        os.environ["OMP_NUM_THREADS"] = str(told.threads)  # for a PyTorch that has not been imported,
        if torch := sys.modules.get("torch"):
            torch.set_num_threads(told.threads)  # and for one that has
    if told.quiet:
        logging.getLogger("stx").setLevel(logging.WARNING)
    if told.cards:
        take_card(folder, told.cards)
    return told


IDLE = Event()
IDLE.set()
"""Whether this worker has nothing to do."""
_parents: set[int] = set()


def end_with(parent: int) -> None:
    """Let this process, one of several workers of a machine, end where its launcher has and nothing is at work in it:
    a pool's workers wait for ever for one that was killed. Once for each process that it is one of."""
    if parent in _parents:
        return
    _parents.add(parent)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(ORPHANED)
        IDLE.wait()
        os._exit(1)

    Thread(target=watch, name="parent", daemon=True).start()


_card: list[Any] = []
"""The lock that this process holds, for as long as it lives: PyTorch keeps to the card that it has begun with."""


def take_card(folder: Path, cards: Sequence[str]) -> None:
    """Let this process see one CUDA device, that no other member has; where all are taken, all of them."""
    if _card:
        return
    for card in cards:
        lock = FileLock(str(folder / f".card-{card}.lock"), timeout=0)
        try:
            lock.acquire()
        except Timeout:
            continue
        _card.append(lock)
        os.environ["CUDA_VISIBLE_DEVICES"] = card
        return


def failure(folder: Path) -> str:
    """Why the member in a folder failed; empty where it did not, or had no time to say."""
    try:
        return (folder / ERROR).read_text(encoding="utf-8", errors="replace").partition("\n")[0]
    except OSError:
        return ""


def outcome(folder: Path) -> str:
    """How the member in a folder ended; empty for one that has not begun, or is damaged."""
    with suppress(UserError):
        record = identity.read(folder)
        return record.outcome if record else ""
    return ""


def over(folder: Path) -> bool:
    """Whether another try of the member in a folder is not worth it: it came to its end, or said why not."""
    return outcome(folder) in ENDED or bool(failure(folder))
