"""Many runs made by a Hydra launcher, in whatever processes it starts."""

import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread
from types import MappingProxyType
from typing import Any, NamedTuple

from stx import atomic
from stx.config.compose import override
from stx.config.secrets import hidden
from stx.errors import UserError, first_line
from stx.runs.files import ERROR, RUN, in_use
from stx.runs.member import ENDED, WorkerSettings, failure, outcome, over

log = logging.getLogger("stx")


class Order(NamedTuple):
    name: str
    overrides: Sequence[str]
    folder: Path
    tags: Mapping[str, str]
    """Tags for the tracker."""
    trial: Mapping[str, Any] = MappingProxyType({})
    """If the run is a trial of a search, what may cut it short."""


class Crew(NamedTuple):
    """A launcher that has been set up, and the part of the machine that each of its jobs takes."""

    launcher: Any
    workers: int
    """Jobs that run at once."""
    at_once: int
    """Jobs that are handed out together; 0 for all, if the launcher itself lets some wait. Jobs run in this process
    come one by one, as the steps of a run need the interpreter to themselves."""
    threads: int = 0
    cards: Sequence[str] = ()
    quiet: bool = False


def work(crew: Crew, orders: Sequence[Order], root: Path, between: Callable[[], object]) -> None:
    """Make the runs that have not completed, in folders below `root`; call `between` while none is at work.

    A worker that dies may take others along. A run that was at work then, or ran out of memory, is tried once more,
    alone and after all others, so that each death costs one run at most; it is resumed from its last state.
    Raises UserError if the launcher begins no job at all.
    """
    wait_for(order.folder for order in orders)
    waiting = [order for order in orders if outcome(order.folder) not in ENDED]
    for order in waiting:
        (order.folder / ERROR).unlink(missing_ok=True)  # of an earlier attempt
    again: list[Order] = []
    while waiting:
        before = {order.folder: stamp(order.folder) for order in waiting}
        full, lost = launched(crew, waiting, root, between)
        begun = [order for order in waiting if stamp(order.folder) != before[order.folder]]
        again += [order for order in begun if not over(order.folder) or order.folder in full]
        if not begun:
            raise UserError(f"hydra/launcher: no job has begun: {lost or 'it says nothing'}")
        waiting = [order for order in waiting if order not in begun]
    for order in again:
        wait_for([order.folder])  # a launcher may raise while its jobs are still at work
        if outcome(order.folder) in ENDED:
            continue
        log.warning(f"{order.name}: {failure(order.folder) or 'its worker died'}; tried again")
        (order.folder / ERROR).unlink(missing_ok=True)
        _, lost = launched(crew, [order], root, between)
        if not over(order.folder):
            with suppress(OSError):
                atomic.write(order.folder / ERROR, f"its worker died, twice{f': {lost}' if lost else ''}\n")


@contextmanager
def watched(folders: Sequence[Path], often: float, look: Callable[[int], object]) -> Iterator[None]:
    """A block during which others work: every `often` seconds, `look` is told how many of the `folders` are done."""
    ending = Event()

    def watch() -> None:
        while not ending.wait(often):
            look(sum(map(over, folders)))

    watcher = Thread(target=watch, name="watcher", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ending.set()
        watcher.join()


def wait_for(folders: Iterable[Path]) -> None:
    """Wait until no process is at work in the folders: a worker outlives a launcher that was killed."""
    for folder in folders:
        if in_use(folder):
            log.warning(f"{folder}: an earlier worker is still running there; waiting for it to end")
            while in_use(folder):
                time.sleep(1.0)


def launched(crew: Crew, orders: Sequence[Order], root: Path, between: Callable[[], object]) -> tuple[set[Path], str]:
    """Launch the orders; return the folders of those that ran out of memory, and the launcher's own last error."""
    full, lost = set[Path](), ""
    for number, chunk in enumerate(chunks(orders, crew.at_once), start=1):
        if crew.at_once == 1 and not crew.quiet:
            log.info(f"{number}/{len(orders)}: {chunk[0].name}")
        try:
            returned = crew.launcher.launch(typed(crew, chunk, root), initial_job_idx=0)
            full |= without_memory(chunk, returned)
            lost = raised(returned) or lost
        except Exception as error:
            lost = hidden(first_line(error))
        between()
    return full, lost


def typed(crew: Crew, orders: Sequence[Order], root: Path) -> list[list[str]]:
    """Each order's overrides, with where it is to work and what it is told. These additions have Hydra's own keys,
    because its launchers print all other overrides."""
    return [
        [
            *order.overrides,
            override("hydra.sweep.dir", str(root.absolute())),
            override("hydra.sweep.subdir", os.path.relpath(order.folder.absolute(), root.absolute())),
            override("hydra.sweeper.member", worker_settings(crew, order).dumped()),
        ]
        for order in orders
    ]


def worker_settings(crew: Crew, order: Order) -> WorkerSettings:
    return WorkerSettings(os.getcwd(), order.tags, crew.threads, crew.quiet, crew.cards, order.trial)


def without_memory(orders: Sequence[Order], returned: Sequence[Any]) -> set[Path]:
    """The folders of the orders that ran out of memory."""
    answers = zip(orders, returned, strict=True)
    return {order.folder for order, job in answers if job.status.name == "COMPLETED" and job.return_value[1]}


def raised(returned: Sequence[Any]) -> str:
    """What the last job that failed raised before it could record it itself; empty if none failed."""
    errors = [job._return_value for job in returned if job.status.name == "FAILED"]
    return hidden(first_line(errors[-1])) if errors else ""


def stamp(folder: Path) -> tuple[int, ...]:
    """A value that changes when a run begins in a folder, is resumed there, or records why it cannot."""
    times = []
    for name in (RUN, ERROR):
        with suppress(OSError):
            times.append((folder / name).stat().st_mtime_ns)
    return tuple(times)


def chunks(orders: Sequence[Order], size: int) -> Iterator[Sequence[Order]]:
    size = size or max(1, len(orders))
    for start in range(0, len(orders), size):
        yield orders[start : start + size]
