"""A run as one of many: an error ends only the run that raised it, and is recorded in its folder."""

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
from stx.config.regular import regular
from stx.config.secrets import hidden
from stx.errors import OutOfMemory, Stopped, Taken, UserError, first_line
from stx.loop.listener import Listener
from stx.runs import identity
from stx.runs.files import ERROR
from stx.runs.job import Job
from stx.runs.make import run

ORPHANED = 2.0
"""Seconds between two checks that a worker's launcher is still there."""
ENDED = ("finished", "diverged", "pruned")
"""Outcomes that another attempt would not change."""


class Attempt(NamedTuple):
    message: str
    """What went wrong, in one line; empty for a run that completed."""
    full: bool
    """Whether memory ran out. Another program may have taken it, so that another attempt is worthwhile."""


class WorkerSettings(NamedTuple):
    """What a launcher tells a member, whatever process and folder the member finds itself in."""

    place: str
    """The working directory that relative file names refer to."""
    tags: Mapping[str, str]
    """Tags for the tracker."""
    threads: int = 0
    """PyTorch's threads; 0 leaves their number as it is."""
    quiet: bool = False
    """Whether to log warnings only, because another process reports the outcome."""
    cards: Sequence[str] = ()
    """CUDA devices to take one of, if several members work on one machine."""
    trial: Mapping[str, Any] = MappingProxyType({})
    """If the member is a trial of a search, which may cut it short: the arguments of stx.runs.pruning.Pruner."""

    def dumped(self) -> str:
        return json.dumps({**self._asdict(), "trial": dict(self.trial)})


def attempt(job: Job, *watchers: Listener) -> Attempt:
    """Run a job, or resume it if its folder holds its run; an exception is recorded and returned, not raised."""
    IDLE.clear()
    try:
        job.folder.mkdir(parents=True, exist_ok=True)
        (job.folder / ERROR).unlink(missing_ok=True)
        run(job._replace(resumed=identity.read(job.folder)), *watchers)
    except Taken as error:  # the process at work there reports the outcome
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


def apply_settings(dumped: str, folder: Path) -> WorkerSettings:
    """Take the working directory, threads and CUDA device that a member is told; all members share `folder`."""
    settings = WorkerSettings(**json.loads(dumped))
    os.chdir(settings.place)
    if settings.threads:
        end_with(os.getppid())
        os.environ["OMP_NUM_THREADS"] = str(settings.threads)  # if PyTorch has not been imported yet
        if torch := sys.modules.get("torch"):
            torch.set_num_threads(settings.threads)  # and if it has
    if settings.quiet:
        logging.getLogger("stx").setLevel(logging.WARNING)
    if settings.cards:
        take_card(folder, settings.cards)
    return settings


IDLE = Event()
IDLE.set()
"""Set while this worker has nothing to do."""
_parents: set[int] = set()


def end_with(parent: int) -> None:
    """End this worker process when its launcher, the process `parent`, has ended and no run is at work here.

    The workers of a pool would otherwise wait for ever for a launcher that was killed. Only the first call for each
    parent has an effect.
    """
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
"""The lock that this process holds for as long as it lives, as PyTorch keeps the device that it has begun with."""


def take_card(folder: Path, cards: Sequence[str]) -> None:
    """Let this process see only one CUDA device, which no other member has; if all are taken, it sees all of them."""
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
    """Why the member in a folder failed; empty if it did not, or had no time to record it."""
    try:
        return regular(folder / ERROR).read_text(encoding="utf-8", errors="replace").partition("\n")[0]
    except OSError:
        return ""


def outcome(folder: Path) -> str:
    """The recorded outcome of the member in a folder; empty if it has not begun or its record is damaged."""
    with suppress(UserError):
        record = identity.read(folder)
        return record.outcome if record else ""
    return ""


def over(folder: Path) -> bool:
    """Whether the member in a folder needs no other attempt: it completed, or it recorded why it failed."""
    return outcome(folder) in ENDED or bool(failure(folder))
