"""python -m stx.run: config -> pictures -> loss network -> loop -> tracker."""

import logging
import os
import sys
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import hydra
from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from stx.config import command
from stx.config.compose import choices_of
from stx.config.schema import CONF, Config, validate
from stx.errors import Diverged

if TYPE_CHECKING:
    from PIL import Image
    from torch import Tensor

    from stx.loop.levels import Start

log = logging.getLogger("stx")


class Job(NamedTuple):
    """One run as it was asked for."""

    config: Config
    folder: Path
    choices: dict[str, str]
    """The option of each config group."""
    overrides: list[str]
    tags: Mapping[str, str] = MappingProxyType({})
    """For the tracker, beside its own: which batch the run belongs to."""
    quiet: bool = False
    resumed: bool = False
    """Its folder has a checkpoint to go on from."""
    name: str = ""
    """For the tracker; without one, its pictures'."""


class Made(NamedTuple):
    """What came of a run."""

    picture: Path
    outcome: str
    """finished or diverged."""
    measured: dict[str, float]
    """measure/<name> of the picture and baseline/<name>; empty where pictures are too small to be judged."""


def run(job: Job, watch: Callable[["Image.Image"], None] = lambda picture: None) -> Made:
    """Make one picture. `watch` gets it every few seconds, as large as the level of the pyramid is.

    Raises SystemExit behind a signal, with the picture so far in the job's folder, and Diverged and Stopped.
    """
    # Late: torch takes a second that --help, completion and mistakes need not wait for.
    from stx.loop import checkpoint
    from stx.loop.levels import coarse_to_fine, levels, resized
    from stx.loop.signals import interruptible
    from stx.measures.judge import measurer
    from stx.model.prepare import prepare
    from stx.pictures import images
    from stx.runs import describe, latest
    from stx.runs.files import LOSSES, losses_table, rescued
    from stx.runs.progress import Stage, progress
    from stx.runs.tracking.tracker import TRACKERS

    config, folder = job.config, job.folder
    inputs = prepare(config)
    log.info(describe.opening(job, inputs))
    ahead = [(level.until, level.inputs.initial.shape) for level in levels(config, inputs)]
    resumed = checkpoint.load(folder, inputs.hardware.device, [shape for _, shape in ahead]) if job.resumed else None
    if resumed:  # levels behind it are none of its stages
        ahead = [(until, shape) for until, shape in ahead if shape.numel() >= resumed.image.numel()]
    output, canvas = folder / "output.png", [inputs.initial]
    judges = cache(lambda: measurer(inputs.content, inputs.style))  # when the first is asked for

    def judged(picture: "Tensor") -> dict[str, float]:
        return judges().judge(resized(picture.clamp(0, 1), inputs.content.shape[1:]))

    tracking = config.tracking
    store = tracking.model_dump(exclude={"name", "pictures_every", "measures_every", "grad_norms_every"})
    with (
        interruptible() as stop,
        rescued(folder, lambda path: images.save(images.to_picture(canvas[-1]), path)),
        TRACKERS[tracking.name](describe.run(job, inputs), folder, **store) as tracker,
        progress([Stage(until, width, height) for until, (_, height, width) in ahead], job.quiet) as advance,
    ):
        latest.renew(folder)
        for path in describe.write(job, inputs):
            tracker.artifact(path)
        tracker.picture(images.to_picture(inputs.initial), 0)

        def keep(newest: "Tensor") -> None:
            picture = images.to_picture(newest)
            images.save(picture, output)
            watch(picture)

        def begun(level: "Start") -> None:
            canvas.append(level.image)
            tracker.artifact(describe.calibration(folder, level))
            if level.image.is_cuda:
                tracker.measured({"time/cuda_graph": float(level.graph)}, level.done)

        outcome, optimiser = coarse_to_fine(
            config,
            inputs,
            folder,
            resumed,
            begun=begun,
            rows_to=(losses_table(folder / LOSSES), tracker.rows, advance),
            keep=keep,
            along=[
                (tracking.pictures_every, lambda picture, step: tracker.picture(images.to_picture(picture), step)),
                (tracking.measures_every, lambda picture, step: tracker.measured(judged(picture), step)),
            ],
            stop=stop,
        )
        picture = images.to_picture(resized(outcome.picture, inputs.content.shape[1:]))
        images.save(picture, output)
        tracker.picture(picture, outcome.steps)
        measured = {} if stop.signal else judged(outcome.picture)
        tracker.measured(measured, outcome.steps)
        measured |= judges().baselines if measured else {}
        for path in describe.results(folder, inputs, picture, outcome, measured):
            tracker.artifact(path)
        tracker.finish(outcome.status, outcome.event)

    log.info(describe.closing(outcome, measured, optimiser, tracker.where))
    if outcome.status == "diverged" and config.guard.on_nan == "raise":
        raise Diverged(f"diverged at {outcome.event}; the last finite picture is {output}")
    if stop.signal and outcome.status != "finished":  # one that came behind the last step interrupts nothing
        log.info(describe.how_to_go_on(folder))
        sys.exit(128 + stop.signal)
    return Made(output, outcome.status, measured)


@hydra.main(config_path=str(CONF), config_name="config", version_base="1.3")
def job(composed: DictConfig) -> None:
    hydra_config = HydraConfig.get()
    overrides = list(hydra_config.overrides.task)
    if composed.resume is not None:
        from stx.runs import resume

        made = run(resume.job(str(composed.resume), overrides, composed.tracking))
    else:
        folder = Path(os.path.relpath(hydra_config.runtime.output_dir))
        from stx.runs.naming import run_name
        from stx.runs.preflight import refuse_taken

        refuse_taken(folder)  # two jobs of a sweep, by hydra.sweep.subdir
        config, choices = validate(composed), choices_of(hydra_config)
        made = run(Job(config, folder, choices, overrides, name=run_name(config, choices)))
    sys.stdout.write(f"{made.picture}\n")


def main() -> None:
    command.main(job)


if __name__ == "__main__":
    main()
