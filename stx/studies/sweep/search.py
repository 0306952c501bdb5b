"""A search, from what was typed to its page: ground -> study -> launcher -> folders -> study -> page."""

import logging
import sys
import time
from collections.abc import Sequence
from contextlib import nullcontext
from itertools import count
from pathlib import Path
from statistics import mean
from typing import Any

from omegaconf import DictConfig, OmegaConf

from stx import atomic
from stx.config.command import result, say
from stx.config.compose import at_work, key_of, overrides_of
from stx.config.schema import Search, search_options, sweep_options
from stx.errors import UserError, first_line
from stx.loop.signals import raising
from stx.runs.check import reach_store
from stx.runs.files import ERROR, OUTPUT, SETTINGS, alone_in
from stx.runs.launcher import crew
from stx.runs.launching import Crew, Order, work
from stx.runs.naming import NAME
from stx.runs.study import all_trials, optuna
from stx.runs.sweep import checked, refuse_somebody_s
from stx.runs.sweep_record import recorded, workers_of, write
from stx.runs.task import Task
from stx.runs.tracking.parent import NoParent, parent
from stx.studies.sweep import report, trials
from stx.studies.sweep.findings import answer, findings, lines
from stx.studies.sweep.forecast import needed, summed
from stx.studies.sweep.probe import Ground, ground
from stx.studies.sweep.results import Row, read, unbegun
from stx.studies.sweep.space import as_typed, overrides, space
from stx.studies.sweep.work import closing, command, failures, go_on_in, meanwhile, or_said, seldom

log = logging.getLogger("stx")

DRAWN = 60.0
"""Least seconds between two drawings of the plots while trials are running."""


def search(config: DictConfig, context: Any) -> None:
    """Run a whole search. Exits with 1 if no trial is its answer. Raises UserError before the first trial has begun."""
    typed, own, settings = overrides_of(config), sweep_options(config), search_options(config)
    optuna()  # first: if it is missing, nothing else matters
    if own.resume:
        go_on_in(config, typed, search=True)
    folder = Path(config.hydra.sweep.dir)
    trials.refuse_other_s(folder, own.resume)
    workers = crew(config, context)
    stands_on = ground(config, settings)
    if own.plan:
        seconds, disk = needed(stands_on.tried)
        many, each = settings.n_trials, disk / len(seconds)
        say(summed(f"{many} trials", [mean(seconds)] * many, each * many, workers))
        return
    now = trials.described(stands_on.axes, settings.content_at_most, stands_on.digest)
    if own.resume:
        trials.refuse_another(folder, now, settings.n_trials)
    else:
        refuse_somebody_s(folder, report.NAMES)
    reach_store(stands_on.base)
    folder.mkdir(parents=True, exist_ok=True)
    with alone_in(folder), raising():
        study = trials.taken_up(folder, now)
        atomic.write(folder / SETTINGS, OmegaConf.to_yaml(config))
        Searching(config, settings, stands_on, study, workers, folder).run()


class Searching:
    """A search at work in its folder."""

    def __init__(
        self, config: DictConfig, settings: Search, stands_on: Ground, study: Any, workers: Crew, folder: Path
    ):
        self.config, self.settings, self.ground, self.study = config, settings, stands_on, study
        self.workers, self.folder, self.typed = workers, folder, overrides_of(config)
        self.sweeper = workers_of(config)
        self.command = command([*self.sweeper, *self.typed])
        self.space = space(stands_on.axes)
        self.seed = stands_on.base.seed if settings.seed is None else settings.seed
        self.parent_run, self.drawn = NoParent(), time.monotonic()
        self.tasks = {
            one["number"]: Task(
                one["number"], one["overrides"], one["values"], folder / one["folder"], stands_on.base, one["digest"]
            )
            for one in recorded(folder).get("jobs", ())
        }

    def run(self) -> None:
        names = [key_of(axis.key) for axis in self.ground.axes]
        title = f"search: {' x '.join(names)}, {self.settings.n_trials} trials"
        self.parent_run = parent([self.ground.base.tracking], self.folder, title)
        self.parent_run.show([], {"stx.command": self.command, "stx.axes": ", ".join(names)})
        with closing("search", lambda: self.show(last=True), self.parent_run, self.folder):
            while batch := self.next():
                self.work(batch)
            self.parent_run.lost(unbegun(self.rows()))
        self.say_at_the_end()

    def next(self) -> Sequence[Any]:
        """The next trials to run together: those that were left behind, before any new one is asked for."""
        numbers = trials.left(self.study) or range(len(all_trials(self.study)), self.settings.n_trials)
        return [trials.ask(self.study, self.space, self.seed, number) for number in numbers[: self.workers.workers]]

    def work(self, batch: Sequence[Any]) -> None:
        twins = {one.number: trials.twin(self.study, one) for one in batch}
        here = {one.number: self.task(one) for one in batch if twins[one.number] is None}
        self.tasks |= here
        write(self.folder, list(self.tasks.values()), self.typed, self.sweeper)
        able = [task for task in here.values() if task.digest]
        with meanwhile(seldom(self.show), able) if able and self.workers.at_once != 1 else nullcontext():
            work(self.workers, [self.order(task) for task in able], self.folder, lambda: None)
        for number, task in here.items():
            trials.tell(self.study, number, read(task), self.settings.content_at_most)
        for number, other in twins.items():
            if other is not None:
                log.info(f"trial {number} has the values of trial {other.number}, and takes its result")
                trials.tell_alike(self.study, number, all_trials(self.study)[other.number])
        or_said(self.show)
        if (tried := len(all_trials(self.study))) < self.settings.n_trials:
            for line in lines(self.answer(), self.rows(), self.settings.content_at_most):
                log.info(f"after {tried} of {self.settings.n_trials} trials: {line.replace('**', '')}")

    def task(self, one: Any) -> Task:
        """The task of a trial; one without a digest, whose folder says why, if its values do not go together."""
        values = as_typed(one.params)
        typed = overrides(self.ground.parts, values)
        before = [job for job in recorded(self.folder).get("jobs", ()) if job["number"] == one.number]
        kept = {job["digest"]: [(job["number"], job["folder"])] for job in before}
        taken = {task.folder.resolve() for number, task in self.tasks.items() if number != one.number}
        try:
            with at_work():
                return checked(self.config, typed, values, kept, iter([one.number]), taken)
        except UserError as error:
            folder = next(
                place
                for place in (self.folder / f"{one.number}{'-failed' * tries}" for tries in count())
                if not place.exists() or list(place.iterdir()) == [place / ERROR]
            )
            folder.mkdir(exist_ok=True)
            atomic.write(folder / ERROR, f"{first_line(error)}\n")
            return Task(one.number, typed, values, folder, self.ground.base, "")

    def order(self, task: Task) -> Order:
        seen, bound = task.config.tracking.measures_every, self.settings.content_at_most
        watched = seen and bound is not None and self.settings.pruner is not False
        trial = {"folder": str(self.folder.absolute()), "number": task.number, "content_at_most": bound,
                 "steps": task.config.optim.steps}  # fmt: skip
        tags = {**self.parent_run.tags, "stx.digest": task.digest, "stx.trial": f"{task.number}", NAME: task.name}
        name = f"trial {task.number} of {self.settings.n_trials}: {task.name}"
        return Order(name, task.overrides, task.folder, tags, trial if watched else {})

    def rows(self) -> list[Row]:
        return [read(self.tasks[number]) for number in sorted(self.tasks)]

    def answer(self) -> list[Row]:
        return answer(self.study, self.rows(), self.settings.content_at_most)

    def show(self, last: bool = False) -> None:
        """Update the page, in the folder and in the store."""
        if rows := self.rows():
            draw = last or time.monotonic() - self.drawn >= DRAWN
            self.drawn = time.monotonic() if draw else self.drawn
            settings = self.settings
            so_far = findings(self.study, rows, self.folder, settings.n_trials, settings.content_at_most, draw)
            files = report.write(self.folder, rows, self.command, so_far)
            self.parent_run.show(files, {"mlflow.note.content": report.description(rows, self.command, files, so_far)})

    def say_at_the_end(self) -> None:
        rows, chosen = self.rows(), self.answer()
        seen = f"MLflow: {self.parent_run.where}" if self.parent_run.where else ""
        said = [line.replace("**", "") for line in lines(chosen, rows, self.settings.content_at_most)]
        for line in filter(None, [*failures(rows), seen, *said]):
            say(line)
        for row in chosen:
            result(str(row.task.folder / OUTPUT))
        result(f"{self.folder / report.PAGE}.html")
        if not chosen:
            sys.exit(1)
