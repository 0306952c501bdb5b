"""Many runs worked by a Hydra launcher, in whatever processes it has."""

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
from stx.runs.member import ENDED, Told, failure, outcome, over

log = logging.getLogger("stx")


class Order(NamedTuple):
    name: str
    overrides: Sequence[str]
    folder: Path
    tags: Mapping[str, str]
    """For the tracker."""
    trial: Mapping[str, Any] = MappingProxyType({})
    """Of a search: what may cut it short."""


class Crew(NamedTuple):
    """Whoever works: a launcher that has been set up, and what part of the machine each of its jobs is to take."""

    launcher: Any
    workers: int
    """Jobs that are worked at once."""
    at_once: int
    """Jobs that are handed out together; 0 for all, where the launcher itself lets some wait. Those that are worked in
    this process come one by one: nothing else may have the interpreter beside a run's steps."""
    threads: int = 0
    cards: Sequence[str] = ()
    quiet: bool = False


def work(crew: Crew, orders: Sequence[Order], root: Path, between: Callable[[], object]) -> None:
    """Make the runs that have not come to their end, in folders below `root`; call `between` where none is at work.

    A worker that dies may take others along. Whatever was at work then, or found no memory, is tried once more behind
    all others and alone, so that each death costs one run at most; it is resumed from its last state.
    Raises UserError where the launcher begins nothing at all.
    """
    wait_for(order.folder for order in orders)
    waiting = [order for order in orders if outcome(order.folder) not in ENDED]
    for order in waiting:
        (order.folder / ERROR).unlink(missing_ok=True)  # of an earlier try
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
        wait_for([order.folder])  # one may raise while others are still at work
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
    """A block in which others work: every so many seconds `look` is told how many of them have ended."""
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
    """Until no process is at work in them any more: a worker outlives whoever launched it and was killed."""
    for folder in folders:
        if in_use(folder):
            log.warning(f"{folder}: an earlier worker is still running there; waiting for it to end")
            while in_use(folder):
                time.sleep(1.0)


def launched(crew: Crew, orders: Sequence[Order], root: Path, between: Callable[[], object]) -> tuple[set[Path], str]:
    """The folders of those that found no memory, and what the launcher itself stumbled over last."""
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
    """Each one's overrides, with where it is to work and what it is told. All by Hydra's own keys, as its launchers
    print the others."""
    return [
        [
            *order.overrides,
            override("hydra.sweep.dir", str(root.absolute())),
            override("hydra.sweep.subdir", os.path.relpath(order.folder.absolute(), root.absolute())),
            override("hydra.sweeper.member", told(crew, order).dumped()),
        ]
        for order in orders
    ]


def told(crew: Crew, order: Order) -> Told:
    return Told(os.getcwd(), order.tags, crew.threads, crew.quiet, crew.cards, order.trial)


def without_memory(orders: Sequence[Order], returned: Sequence[Any]) -> set[Path]:
    """The folders of those that found no memory."""
    answers = zip(orders, returned, strict=True)
    return {order.folder for order, job in answers if job.status.name == "COMPLETED" and job.return_value[1]}


def raised(returned: Sequence[Any]) -> str:
    """What the last job that came to nothing raised before it could say so itself; empty where none did."""
    errors = [job._return_value for job in returned if job.status.name == "FAILED"]
    return hidden(first_line(errors[-1])) if errors else ""


def stamp(folder: Path) -> tuple[int, ...]:
    """Changes when a run begins in a folder, goes on there, or says why it cannot."""
    times = []
    for name in (RUN, ERROR):
        with suppress(OSError):
            times.append((folder / name).stat().st_mtime_ns)
    return tuple(times)


def chunks(orders: Sequence[Order], size: int) -> Iterator[Sequence[Order]]:
    size = size or max(1, len(orders))
    for start in range(0, len(orders), size):
        yield orders[start : start + size]
