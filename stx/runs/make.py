"""One run: pictures -> network -> levels -> listeners."""

import logging
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from torch import Tensor

from stx import timeline
from stx.config.schema import Config
from stx.errors import Diverged, UserError
from stx.loop import checkpoint
from stx.loop.checkpoint import Checkpoint
from stx.loop.levels import ahead, coarse_to_fine, levels
from stx.loop.listener import Listener, Outcome
from stx.loop.signals import Stop, interruptible
from stx.measures.judge import Judge, mixed
from stx.measures.wrap import wrap
from stx.model.memory import told_when_full
from stx.model.prepare import Inputs, prepare
from stx.model.resized import resized
from stx.pictures import images
from stx.pictures.colour import grey, unchanged
from stx.runs import describe, identity, latest, plots, provenance, timing
from stx.runs.delivery import delivering, filming
from stx.runs.files import CHECKPOINT, JOURNAL, LOSSES, NORMS, OUTPUT, alone_in
from stx.runs.folder import Canvas, Folder, at_work, rescued
from stx.runs.identity import Identity
from stx.runs.job import Job, Result
from stx.runs.live.serving import page
from stx.runs.progress import Stage, progress
from stx.runs.table import mended, norms_table, refill
from stx.runs.timing import Timed
from stx.runs.tracking.store import PARENT
from stx.runs.tracking.tracker import Tracker, tracked
from stx.runs.words import style_distance

log = logging.getLogger("stx")


def run(job: Job, *watchers: Listener) -> Result:
    """Make one picture. `watchers` are told the same as the run's own listeners.

    Raises SystemExit after a signal, with the picture so far in the job's folder; UserError if the folder is not the
    run's to take; Diverged and Stopped.
    """
    config, folder, inputs = job.config, job.folder, prepare(job.config)
    folder.mkdir(parents=True, exist_ok=True)
    alone = "stx.digest" not in job.tags  # else the sweep or batch that is at work says how all of it goes on
    with alone_in(folder), told_how_to_go_on(folder, alone), timing.of_one_run(), interruptible() as stop:
        record, resumed = claimed(job, inputs), state_of(job, inputs)
        lacking = mended(folder / LOSSES, folder / JOURNAL, resumed.step) if resumed else ""
        refill(folder / NORMS, folder / JOURNAL, resumed.step if resumed else 0, norms_table)
        identity.write(folder, record)  # after all that may be refused, before any other file
        log.info(describe.opening(job, inputs, record, resumed))
        if lacking:
            log.warning(lacking)
        title = describe.title(config, job.choices)
        with (
            at_work(Folder(folder, record)) as files,
            delivering(config, inputs, folder) as delivery,
            page(config, title, inputs, resumed, stop) as view,
        ):
            films = filming(config, inputs, folder)
            watching = [delivery, *films, *watchers, view]
            told = job._replace(tags={**job.tags, **view.tags})
            outcome, picture, measured, where = worked(told, inputs, files, resumed, stop, watching)
            closing = describe.closing(outcome, measured, "" if PARENT in job.tags else where, job.config)
            say_at_the_end(job, closing)
            if outcome.diverged and config.guard.on_nan == "raise":
                raise Diverged(f"diverged at {outcome.event}; the last finite picture is {folder / OUTPUT}")
            finished, said = inputs.finish(picture), provenance.text(record)
            delivered = delivery.put(finished, said, outcome.stopped) or folder / OUTPUT
            for film in [] if outcome.stopped else films:
                with stop.at_once():
                    film.make(outcome.picture, outcome.steps)
            last = describe.last(folder, delivered, outcome, stop.signal, inputs.size, alone)
            view.end(outcome.status, f"{closing}\n{last}", picture)
    if stop.signal:
        log.info(last)
        sys.exit(128 + stop.signal)
    return Result(delivered, outcome.status, measured)


def worked(
    job: Job,
    inputs: Inputs,
    files: Folder,
    resumed: Checkpoint | None,
    stop: Stop,
    watchers: Sequence[Listener],
) -> "Worked":
    """Run the loop, with all that is written, tracked and shown of it."""
    config, folder, title = job.config, job.folder, describe.title(job.config, job.choices)
    canvas = Canvas(inputs.initial, inputs.finish)
    with (
        rescued(folder, canvas),
        tracked(config.tracking, describe.run(job, inputs, files.run), folder) as tracker,
        at_work(files),  # again, so that the tracker is told too
        progress([Stage.of(level) for level in ahead(config, inputs, resumed)], job.quiet) as bar,
    ):
        files.wrote = tracker.artifact
        latest.renew(folder)
        if not config.tracking.plots:
            plots.remove(folder)  # those from before the run was resumed
        judged = Judged(config, inputs, tracker, watchers)
        files.start(job, inputs)
        tracker.picture(inputs.finish(inputs.initial), 0)
        timeline.ended("name, record, folder")
        listeners = (canvas, files, tracker, judged, bar, Timed(), *watchers)
        outcome = coarse_to_fine(config, inputs, resumed, listeners, stop)
        picture, measured = resized(outcome.picture, inputs.initial.shape[1:], config.tile), dict[str, float]()
        if not outcome.stopped and not job.quiet:
            log.info("measuring the picture")
        with stop.at_once():
            measured = {} if outcome.stopped else judged.at_the_end(picture, outcome.steps)
        files.end(inputs, images.to_picture(inputs.finish(picture)), measured)
        timeline.ended("picture and sheet")
        if config.timing:
            files.timed(timeline.parts())
        if outcome.status == "finished" and not config.guard.keep_state:
            files.forget(outcome.picture)
        tracker.picture(picture, outcome.steps)
        tracker.finish(outcome.status, outcome.event, *describe.story(outcome, measured))
        files.close(outcome.status)  # after the tracker's last word: what is finished here is finished there
        with stop.at_once():
            tracker.plotted(plots.draw(folder, title) if config.tracking.plots else [])
        with stop.at_once():  # separately: the store is told even if a signal cuts the charts off
            tracker.settle()
    return Worked(outcome, picture, measured, tracker.where)


class Worked(NamedTuple):
    """What came of the loop."""

    outcome: Outcome
    picture: Tensor
    """At the run's full size, before its finish."""
    measured: dict[str, float]
    where: str
    """Where people can see the run; empty without a store."""


def say_at_the_end(job: Job, closing: str) -> None:
    timeline.ended("delivery")
    log.info(closing)
    if job.config.timing:
        log.info(timing.table(timeline.parts()))


@contextmanager
def told_how_to_go_on(folder: Path, alone: bool = True) -> Iterator[None]:
    """A block that says how to resume the run even after a second Ctrl-C, which waits for nothing."""
    try:
        yield
    except KeyboardInterrupt:
        if (folder / CHECKPOINT).exists():
            log.info(describe.how_to_go_on(folder, alone=alone))
        raise


def claimed(job: Job, inputs: Inputs) -> Identity:
    """The record of the run, as its folder will have it. Raises UserError if the folder holds something else."""
    if job.resumed is None:
        identity.refuse_taken(job.folder)
        return identity.new(job.overrides, job.choices, job.config, inputs, job.folder)
    if identity.read(job.folder) != job.resumed:
        raise UserError(f"{job.folder}: another process has continued this run in the meantime; try again")
    identity.refuse_changed(job.resumed, identity.named_files(job.config, inputs), job.folder)
    if edited := identity.edited(job.resumed, job.folder):
        log.warning(edited)
    return identity.taken_up(job.resumed, job.config, inputs, job.folder)


def state_of(job: Job, inputs: Inputs) -> Checkpoint | None:
    """The state from which a run is resumed; None if it has none. Raises UserError if the file holds no state of it."""
    if job.resumed is None:
        return None
    shapes, path = [level.inputs.initial.shape for level in levels(job.config, inputs)], job.folder / CHECKPOINT
    with told_when_full(str(inputs.hardware.device)):
        state = checkpoint.load(path, inputs.hardware.device, shapes, job.resumed.id)
        if state and state.step > job.config.optim.steps:
            with checkpoint.refused(path):
                raise ValueError(f"it is of step {state.step}, and the run has {job.config.optim.steps}")
        if state and state.optimiser:
            checkpoint.tried(path, state, inputs.optimiser)
    return state


class Judged(Listener):
    """Takes held-out measures, along the way and at the end. The judge is made when it is first needed."""

    def __init__(self, config: Config, inputs: Inputs, tracker: Tracker, watchers: Sequence[Listener] = ()):
        self.inputs, self.tracker, self.watchers = inputs, tracker, watchers
        self.every, self.mix, self.tile = config.tracking.measures_every, config.mix, config.tile
        self.as_seen = grey if config.colour.name == "luminance" else unchanged  # its colours are never shown

    @cached_property
    def judge(self) -> Judge:
        pictures = [self.reduced(picture) for picture in self.inputs.styles.values()]
        content = None if self.inputs.content is None else self.reduced(self.inputs.content)
        return mixed(content, pictures, [*self.mix.values()], min(self.reduced(self.inputs.initial).shape[1:]))

    def reduced(self, picture: Tensor) -> Tensor:
        """A picture at the size that there is memory to measure."""
        part = self.inputs.budget.judged
        return picture if part == 1 else resized(picture, [int(side * part) for side in picture.shape[1:]])

    def picture(self, picture: Tensor, step: int) -> None:
        whole = self.as_seen(resized(picture.clamp(0, 1), self.inputs.initial.shape[1:], self.tile))
        measured = self.measured(whole)
        self.tracker.measured(measured, step)
        for watcher in self.watchers if measured else ():
            watcher.observed(measured | self.judge.baselines, step)

    def measured(self, picture: Tensor) -> dict[str, float]:
        """Its measures; empty if it is too small to be judged."""
        judged = self.judge.judge(self.reduced(picture))
        around = {"measure/wrap": wrap(picture)} if judged and self.tile else {}
        return judged | around | style_distance(judged | self.judge.baselines)

    def at_the_end(self, picture: Tensor, step: int) -> dict[str, float]:
        """measure/<name> of the picture and baseline/<name>; empty if the pictures are too small."""
        seen = self.as_seen(picture.clamp(0, 1))
        measured = self.measured(seen)
        self.tracker.measured(measured, step)
        timeline.ended("measures")
        return measured | self.judge.baselines if measured else {}
