"""A sweep, from what was typed to its page: plan -> launcher -> folders -> page."""

import logging
import os
import shlex
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from stx import atomic
from stx.config.command import result, say
from stx.config.compose import override, overrides_of
from stx.config.schema import sweep_options
from stx.config.secrets import hidden
from stx.errors import UserError
from stx.loop.signals import raising
from stx.runs.files import OUTPUT, SETTINGS, SWEEP, alone_in
from stx.runs.launcher import crew
from stx.runs.launching import Crew, Order, work
from stx.runs.member import ENDED
from stx.runs.sweep import Task, earlier, plan, refuse_somebody_s, workers_of, write
from stx.runs.tracking.parent import Nobody, parent
from stx.studies.sweep import report
from stx.studies.sweep.forecast import forecast
from stx.studies.sweep.results import OVER, Row, lost, read, summary

log = logging.getLogger("stx")

OFTEN = 5.0
"""Seconds at least between two pages of a sweep that is at work,"""
SHARE = 20
"""and as many times what one takes."""


def sweep(config: DictConfig, context: Any) -> None:
    """All of it. Exits with 1 where a job gave nothing. Raises UserError before the first has begun."""
    typed, own = overrides_of(config), sweep_options(config)
    if own.resume:
        go_on_in(config, typed)
    with crew(config, context) as workers:
        tasks = plan(config)
        if own.plan:
            say(forecast(tasks, workers))
            return
        folder = Path(config.hydra.sweep.dir)
        if not own.resume:
            refuse_somebody_s(folder)
        folder.mkdir(parents=True, exist_ok=True)
        with alone_in(folder), raising():
            atomic.write(folder / SETTINGS, OmegaConf.to_yaml(config))
            write(folder, tasks, typed, workers_of(config))
            run(tasks, workers, folder, command([*workers_of(config), *typed]))


def run(tasks: Sequence[Task], workers: Crew, folder: Path, command: str) -> None:
    name = f"{' x '.join(tasks[0].values) or 'one job'}, {len(tasks)} jobs"
    stands = parent([task.config.tracking for task in tasks], folder, name)
    stands.show([], {"stx.command": command, "stx.axes": ", ".join(tasks[0].values)})
    orders = [
        Order(task.name, task.overrides, task.folder, {**stands.tags, "stx.digest": task.digest}) for task in tasks
    ]
    now_and_then = seldom(lambda: show(tasks, folder, stands, command))
    try:
        with meanwhile(now_and_then, tasks) if workers.at_once != 1 else nullcontext():
            work(workers, orders, folder, now_and_then)
    except BaseException as error:
        stopped = isinstance(error, (KeyboardInterrupt, SystemExit))
        show(tasks, folder, stands, command)
        stands.end("interrupted" if stopped else "failed", "KILLED" if stopped else "FAILED")
        if stopped:
            say(f"the sweep so far: {folder / report.PAGE}.html\ngo on: {go_on(folder)}")
        raise
    page = show(tasks, folder, stands, command)
    rows, seen = [read(task) for task in tasks], f"MLflow: {stands.where}" if stands.where else ""
    stands.measured(summary(rows))
    stands.end("finished", "FINISHED")
    for line in filter(None, [report.verdict(rows).replace("**", ""), *failures(rows), seen]):
        say(line)
    for row in rows:
        if row.outcome in ENDED:
            result(str(row.task.folder / OUTPUT))
    result(str(page))
    if lost(rows):
        sys.exit(1)


def failures(rows: Sequence[Row]) -> list[str]:
    return [f"{row.task.name} ({row.task.folder}): {row.message or 'diverged'}" for row in lost(rows)]


def show(tasks: Sequence[Task], folder: Path, stands: Nobody, command: str) -> Path:
    """The page as things stand, in the folder and in the store."""
    rows = [read(task) for task in tasks]
    page, *others = report.write(folder, rows, command)
    stands.show([page, *others], {"mlflow.note.content": report.description(rows, command)})
    return page


def seldom(act: Callable[[], object]) -> Callable[[], None]:
    """Acts at calls that come so late that all acts together take little of the time. What goes wrong is said, and ends
    nothing: a full disk, say, of which the jobs beside have their own word."""
    due = time.monotonic() + OFTEN

    def call() -> None:
        nonlocal due
        if (began := time.monotonic()) >= due:
            try:
                act()
            except Exception as error:
                log.warning(f"the sweep's page is not renewed: {hidden(str(error) or type(error).__name__)}")
            due = time.monotonic() + max(OFTEN, SHARE * (time.monotonic() - began))

    return call


@contextmanager
def meanwhile(act: Callable[[], object], tasks: Sequence[Task]) -> Iterator[None]:
    """A block, during which something is done whenever a job has ended: launchers answer at their end alone.

    Not where they work in this process: its steps would wait for it.
    """
    over, told = threading.Event(), 0

    def watch() -> None:
        nonlocal told
        while not over.wait(OFTEN):
            if (ended := sum(read(task).outcome in OVER for task in tasks)) != told:
                told = ended
                act()

    watcher = threading.Thread(target=watch, name="sweep", daemon=True)
    watcher.start()
    try:
        yield
    finally:
        over.set()
        watcher.join()


def go_on_in(config: DictConfig, typed: Sequence[str]) -> None:
    """Send the sweep to the folder that it had, where none is named."""
    own: Any = OmegaConf.to_container(config.hydra.overrides.hydra)
    if not any(text.startswith("hydra.sweep.dir=") for text in own):
        with read_write(config), open_dict(config):
            config.hydra.sweep.dir = str(earlier(typed, Path("outputs")))
    elif not (Path(config.hydra.sweep.dir) / SWEEP).exists():
        raise UserError(f"sweep.resume=true: {config.hydra.sweep.dir} holds no sweep")


def go_on(folder: Path) -> str:
    return shlex.join(["python", "-m", "stx.run", override("resume", os.path.relpath(folder))])


def command(typed: Sequence[str]) -> str:
    return shlex.join(["python", "-m", "stx.run", "--multirun", *dict.fromkeys(typed)])
