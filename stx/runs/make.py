"""One run: pictures -> network -> levels -> listeners."""

import logging
import sys
from functools import cached_property

from torch import Tensor

from stx.errors import Diverged
from stx.loop import checkpoint
from stx.loop.levels import ahead, coarse_to_fine, levels, resized
from stx.loop.listener import Listener
from stx.loop.signals import interruptible
from stx.measures.judge import Judge, measurer
from stx.model.prepare import Inputs, prepare
from stx.pictures import images
from stx.runs import describe, latest
from stx.runs.files import CHECKPOINT, OUTPUT
from stx.runs.folder import Canvas, Folder, rescued
from stx.runs.job import Job, Result
from stx.runs.progress import Stage, progress
from stx.runs.tracking.tracker import Tracker, tracked

log = logging.getLogger("stx")


def run(job: Job, *watchers: Listener) -> Result:
    """Make one picture. `watchers` are told what the run's own listeners are.

    Raises SystemExit behind a signal, with the picture so far in the job's folder, and Diverged and Stopped.
    """
    config, folder = job.config, job.folder
    inputs = prepare(config)
    log.info(describe.opening(job, inputs))
    shapes = [level.inputs.initial.shape for level in levels(config, inputs)]
    resumed = checkpoint.load(folder / CHECKPOINT, inputs.hardware.device, shapes) if job.resumed else None
    canvas = Canvas(inputs.initial)
    with (
        interruptible() as stop,
        rescued(folder, canvas),
        tracked(config.tracking, describe.run(job, inputs), folder) as tracker,
        progress([Stage.of(level) for level in ahead(config, inputs, resumed)], job.quiet) as bar,
    ):
        latest.renew(folder)
        files, judged = Folder(folder, tracker.artifact), Judged(inputs, tracker, config.tracking.measures_every)
        files.start(job, inputs)
        tracker.picture(inputs.initial, 0)
        outcome = coarse_to_fine(config, inputs, resumed, (canvas, files, tracker, judged, bar, *watchers), stop)
        picture = resized(outcome.picture, inputs.content.shape[1:])
        measured = {} if outcome.stopped else judged.at_the_end(picture, outcome.steps)
        files.end(inputs, images.to_picture(picture), measured, outcome.status)
        tracker.picture(picture, outcome.steps)
        tracker.finish(outcome.status, outcome.event)
    log.info(describe.closing(outcome, measured, tracker.where))
    if outcome.diverged and config.guard.on_nan == "raise":
        raise Diverged(f"diverged at {outcome.event}; the last finite picture is {folder / OUTPUT}")
    if outcome.stopped:
        log.info(describe.how_to_go_on(folder))
        sys.exit(128 + (stop.signal or 0))
    return Result(folder / OUTPUT, outcome.status, measured)


class Judged(Listener):
    """Held-out measures, along the way and at the end. The judge is made when it is first asked for."""

    def __init__(self, inputs: Inputs, tracker: Tracker, every: int):
        self.inputs, self.tracker, self.every = inputs, tracker, every

    @cached_property
    def judge(self) -> Judge:
        return measurer(self.inputs.content, self.inputs.style)

    def picture(self, picture: Tensor, step: int) -> None:
        whole = resized(picture.clamp(0, 1), self.inputs.content.shape[1:])
        self.tracker.measured(self.judge.judge(whole), step)

    def at_the_end(self, picture: Tensor, step: int) -> dict[str, float]:
        """measure/<name> of the picture and baseline/<name>; nothing where pictures are too small."""
        measured = self.judge.judge(picture.clamp(0, 1))
        self.tracker.measured(measured, step)
        return measured | self.judge.baselines if measured else {}
