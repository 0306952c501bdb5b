"""A sweep, from what was typed to its page: plan -> launcher -> folders -> page."""

import logging
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from stx import atomic
from stx.config import search_path
from stx.config.command import result, say
from stx.config.compose import key_of, override, overrides_of
from stx.config.schema import sweep_options
from stx.config.secrets import hidden
from stx.errors import UserError, first_line
from stx.loop.signals import raising
from stx.runs.files import OUTPUT, SETTINGS, STUDY, SWEEP, alone_in
from stx.runs.launcher import crew
from stx.runs.launching import Crew, Order, watched, work
from stx.runs.member import ENDED, outcome
from stx.runs.naming import NAME
from stx.runs.sweep import by_axes, plan, refuse_somebody_s
from stx.runs.sweep_before import kept
from stx.runs.sweep_record import earlier, recorded, workers_of, write
from stx.runs.task import Task
from stx.runs.tracking.parent import NoParent, parent
from stx.studies.sweep import report
from stx.studies.sweep.forecast import forecast
from stx.studies.sweep.results import Row, at_end, lost, read, summary, unbegun

log = logging.getLogger("stx")

OFTEN = 5.0
"""Least seconds between two updates of the page of a running sweep."""
SHARE = 20
"""The interval is also at least this many times what one update takes."""


def sweep(config: DictConfig, context: Any) -> None:
    """Run a whole sweep. Exits with 1 if a job failed or diverged. Raises UserError before the first job has begun."""
    typed, own = overrides_of(config), sweep_options(config)
    if own.resume:
        go_on_in(config, typed)
    workers, folder = crew(config, context), Path(config.hydra.sweep.dir)
    if (folder / STUDY).exists():
        raise UserError(f"{folder} holds a search; continue it with resume={folder}, or name another: hydra.sweep.dir=")
    tasks = plan(config)
    others = kept(folder, recorded(folder), tasks)
    if own.plan:
        say(forecast(tasks, workers))
        return
    if own.resume:
        ended = sum(outcome(task.folder) in ENDED for task in tasks)
        say(f"continues {folder}: {ended} of {len(tasks)} jobs have ended")
    else:
        refuse_somebody_s(folder, report.NAMES)
    folder.mkdir(parents=True, exist_ok=True)
    with alone_in(folder), raising():
        atomic.write(folder / SETTINGS, OmegaConf.to_yaml(config))
        write(folder, tasks, typed, workers_of(config))
        run(tasks, others, workers, folder, command([*workers_of(config), *typed]))


def run(asked: Sequence[Task], others: Sequence[Task], workers: Crew, folder: Path, command: str) -> None:
    """Run the jobs that are `asked` for, and show them together with `others` that were run before."""
    tasks = by_axes([*asked, *others]) if others else asked
    name = f"{' x '.join(tasks[0].values) or 'one job'}, {len(tasks)} jobs"
    parent_run = parent([task.config.tracking for task in tasks], folder, name)
    parent_run.show([], {"stx.command": command, "stx.axes": ", ".join(tasks[0].values)})
    orders = [
        Order(task.name, task.overrides, task.folder, {**parent_run.tags, "stx.digest": task.digest, NAME: task.name})
        for task in tasks[: len(asked)]
    ]
    now_and_then = seldom(lambda: show(tasks, folder, parent_run, command))
    with closing("sweep", lambda: show(tasks, folder, parent_run, command), parent_run, folder):
        with meanwhile(now_and_then, asked) if workers.at_once != 1 else nullcontext():
            work(workers, orders, folder, now_and_then)
        rows = at_end([read(task) for task in tasks])
        parent_run.lost(unbegun(rows))
        parent_run.measured(summary(rows))
    seen = f"MLflow: {parent_run.where}" if parent_run.where else ""
    for line in filter(None, [report.verdict(rows).replace("**", ""), *failures(rows), seen]):
        say(line)
    for row in rows:
        if row.outcome in ENDED:
            result(str(row.task.folder / OUTPUT))
    result(f"{folder / report.PAGE}.html")
    if lost(rows):
        sys.exit(1)


@contextmanager
def closing(what: str, show: Callable[[], object], parent_run: NoParent, folder: Path) -> Iterator[None]:
    """A block of a sweep's or a search's work: however it ends, its page and its run show it."""
    ended = ("finished", "FINISHED")
    try:
        yield
    except BaseException as error:
        stopped = isinstance(error, (KeyboardInterrupt, SystemExit))
        ended = ("interrupted", "KILLED") if stopped else ("failed", "FAILED")
        raise
    finally:
        or_said(show)
        parent_run.end(*ended)
        if ended[0] == "interrupted":
            say(f"the {what} so far: {folder / report.PAGE}.html\ngo on: {go_on(folder)}")


def failures(rows: Sequence[Row]) -> list[str]:
    return [f"{row.task.name} ({row.task.folder}): {said(row)}" for row in lost(rows)]


def said(row: Row) -> str:
    return row.message if row.outcome == "failed" else f"{row.outcome}: {row.message or 'not finite'}"


def show(tasks: Sequence[Task], folder: Path, parent_run: NoParent, command: str) -> None:
    """Update the page, in the folder and in the store."""
    rows = [read(task) for task in tasks]
    files = report.write(folder, rows, command)
    parent_run.show(files, {"mlflow.note.content": report.description(rows, command, files)})


def or_said(act: Callable[[], object]) -> None:
    """Update a page by `act`; an error is logged and ends nothing. The jobs themselves report, say, a full disk."""
    try:
        act()
    except Exception as error:
        log.warning(f"the sweep's page could not be updated: {hidden(first_line(error))}")


def seldom(act: Callable[[], object]) -> Callable[[], bool]:
    """A function that calls `act` only so seldom that all its calls together take little of the time.

    It returns whether it called `act`, and logs what goes wrong in it.
    """
    due = time.monotonic() + OFTEN

    def call() -> bool:
        nonlocal due
        if (began := time.monotonic()) < due:
            return False
        or_said(act)
        due = time.monotonic() + max(OFTEN, SHARE * (time.monotonic() - began))
        return True

    return call


@contextmanager
def meanwhile(act: Callable[[], bool], tasks: Sequence[Task]) -> Iterator[None]:
    """A block during which `act` is called when jobs have ended, and again if it declines.

    It is needed because launchers answer only when all jobs have ended. It is not for jobs in this process, whose steps
    would wait for it.
    """
    told = said = 0

    def look(ended: int) -> None:
        nonlocal told, said
        if ended != said:
            said = ended
            log.info(f"{ended} of {len(tasks)} have ended")
        if ended != told and act():
            told = ended

    with watched([task.folder for task in tasks], OFTEN, look):
        yield


def go_on_in(config: DictConfig, typed: Sequence[str], search: bool = False) -> None:
    """Send a sweep or search to the folder that it had, if none is named. Raises UserError if there is none."""
    own: Any = OmegaConf.to_container(config.hydra.overrides.hydra)
    if not any(text.startswith("hydra.sweep.dir=") for text in own):
        with read_write(config), open_dict(config):
            config.hydra.sweep.dir = str(earlier(typed, Path("outputs"), search))
    elif not (Path(config.hydra.sweep.dir) / SWEEP).exists():
        raise UserError(f"sweep.resume=true: {config.hydra.sweep.dir} holds no sweep")


def go_on(folder: Path) -> str:
    return search_path.command_line(["run"], [override("resume", os.path.relpath(folder))])


def command(typed: Sequence[str]) -> str:
    """What starts the sweep from the beginning, however it was continued."""
    begun = [text for text in dict.fromkeys(typed) if key_of(text) != "sweep.resume"]
    return search_path.command_line(["run", "--multirun"], begun)
