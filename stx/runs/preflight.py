"""Hydra's hooks before it makes a folder: every job is checked there, with its pictures and weights."""

import os
import shutil
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig, open_dict

from stx.config.command import mistakes
from stx.config.compose import compose, escaped, jobs_of_sweep, task, typed
from stx.config.schema import Config, MlflowTracking, validate
from stx.errors import UserError
from stx.runs.files import CHECKPOINT, refuse_taken

if TYPE_CHECKING:
    from stx.model.prepare import Inputs


class Preflight(Callback):
    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        with nothing_else_starts():
            if config.resume is not None:
                go_on(config)
                return
            checked, _ = check(config)
            refuse_taken(Path(config.hydra.run.dir))
            reach_store(checked)

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """All jobs before the first, where the sweep is a plain product; other sweepers invent theirs as they go."""
        if not config.hydra.sweeper._target_.endswith(".BasicSweeper"):
            return
        with nothing_else_starts():
            stores = {}
            asked = jobs_of_sweep(config)
            if not asked:
                raise UserError("--multirun: the sweep is empty, there is no job in it")
            for overrides in asked:
                try:
                    job, _ = check(compose(overrides, config.hydra.job.config_name))
                    if job.resume is not None:
                        raise UserError("resume= goes on with one run: leave out --multirun")
                    stores[job.tracking] = job
                except UserError as error:
                    raise UserError(f"{error}\n(in the job {' '.join(overrides)}; none was started)") from None
            for job in stores.values():
                reach_store(job)


@contextmanager
def nothing_else_starts() -> Iterator[None]:
    """Hydra turns a callback's exceptions into warnings and goes on, but not SystemExit."""
    try:
        with mistakes():
            yield
    except Exception:
        traceback.print_exc()
        sys.exit(1)


def check(composed: DictConfig) -> tuple[Config, "Inputs"]:
    """A job's config and what it starts from. Raises UserError for whatever would keep it from running."""
    own = task(composed)
    for group, section in own.items():
        if isinstance(section, DictConfig) and group not in composed.hydra.runtime.choices:
            raise UserError(f"{group!s} takes one option, by its name")  # not a list, which Hydra would merge
    for part in ("launcher", "sweeper"):
        if not isinstance(composed.hydra[part], DictConfig):
            raise UserError(f"hydra.{part}={composed.hydra[part]}: it is chosen with a slash, hydra/{part}=...")
    for place in composed.hydra.searchpath:
        if "://" not in place and not Path(place).is_dir():
            raise UserError(f"hydra.searchpath: there is no folder {place}")
    if composed.hydra.job.chdir:
        raise UserError("hydra.job.chdir=true: stx reads and writes paths as you typed them; leave it out")
    config = validate(own)
    from stx.model.prepare import prepare  # late: it imports torch

    inputs = prepare(config)
    check_space(config, inputs, Path(composed.hydra.run.dir))
    return config, inputs


def check_space(config: Config, inputs: "Inputs", folder: Path) -> None:
    """Raise UserError where a run would fill the disk: a state and its successor, and the pictures along the way."""
    from stx.model.prepare import remembered  # late: it imports torch

    picture = 4 * inputs.content.numel()
    kept = remembered(inputs.optimiser) + 6
    shown = config.optim.steps // config.tracking.pictures_every if config.tracking.pictures_every else 0
    needed = 2 * kept * picture + shown * picture // 4
    existing = next(parent for parent in (folder.absolute(), *folder.absolute().parents) if parent.exists())
    if not existing.is_dir():
        raise UserError(f"{folder}: {existing} is a file; name a folder")
    if not os.access(existing, os.W_OK | os.X_OK):
        raise UserError(f"{folder}: {existing} may not be written to; name another folder: hydra.run.dir=...")
    free = shutil.disk_usage(existing).free
    if free < needed:
        raise UserError(
            f"{folder}: {free / 1e6:.0f} MB are free there and this run may need {needed / 1e6:.0f} MB; "
            "make room, or name another folder: hydra.run.dir=..."
        )


def go_on(config: DictConfig) -> None:
    """Send Hydra to the folder of the run to resume, and check that run as it was."""
    from stx.loop import checkpoint
    from stx.loop.levels import levels
    from stx.model.prepare import prepare
    from stx.runs import resume

    job = resume.job(str(config.resume), typed(config.hydra), config.tracking)
    inputs = prepare(job.config)
    shapes = [level.inputs.initial.shape for level in levels(job.config, inputs)]
    checkpoint.load(job.folder / CHECKPOINT, inputs.hardware.device, shapes)
    reach_store(job.config)
    with open_dict(config):
        config.resume = escaped(str(job.folder))  # by "last" a run that begins meanwhile would be meant
        config.hydra.run.dir = escaped(str(job.folder))
        config.hydra.output_subdir = None  # Hydra's record of the first start stays


def reach_store(config: Config) -> None:
    """Raise UserError where a run would have nowhere to tell of itself."""
    tracking = config.tracking
    if isinstance(tracking, MlflowTracking) and not tracking.offline_ok:
        from stx.runs.tracking.store import answers, open_store, reachable  # late: they import mlflow

        answers(tracking.uri)
        with reachable(tracking.uri):
            open_store(tracking.uri, tracking.experiment)
