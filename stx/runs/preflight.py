"""Hydra's hooks before it makes a folder: every job is checked there, with its pictures and weights."""

import os
import shutil
import sys
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from stx import timeline
from stx.config.command import answering, say
from stx.config.compose import compose, escaped, jobs_of_sweep, overrides_of, task
from stx.config.effects import ineffective, refuse_ineffective, swept_in_vain
from stx.config.schema import Config, MlflowTracking, validate
from stx.config.secrets import hidden, public
from stx.config.variables import say_taken
from stx.errors import UserError
from stx.runs.files import HYDRA, alone_in

if TYPE_CHECKING:
    from stx.model.prepare import Inputs


SWEEP = "multirun.yaml"
"""Where Hydra writes a sweep's settings, in the folder of all its jobs."""


class Preflight(Callback):
    def __init__(self) -> None:
        self.held = ExitStack()
        """The folder of a sweep, while it is at work."""

    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        with nothing_else_starts():
            timeline.ended("Python, Hydra, the config")
            if OmegaConf.select(config, "tracking.name") == "mlflow":
                from stx.runs.tracking import office

                office.begin()  # it imports MLflow while torch is imported here
            if config.resume is not None:
                go_on(config)
                return
            folder = Path(config.hydra.run.dir)
            checked, _ = check(config, folder)
            refuse_ineffective(checked, overrides_of(config))
            from stx.runs.identity import refuse_taken  # late: it imports torch

            refuse_taken(folder)
            reach_store(checked)

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """All jobs before the first, where the sweep is a plain product; other sweepers invent theirs as they go."""
        with nothing_else_starts():
            if config.hydra.sweeper._target_.endswith(".BasicSweeper"):
                check_sweep(config)
            else:
                say_taken(task(config))
            with read_write(config), open_dict(config):  # Hydra writes it down as multirun.yaml
                if uri := OmegaConf.to_container(config.tracking).get("uri"):  # type: ignore[union-attr]
                    config.tracking.uri = public(str(uri))
            place = Path(config.hydra.sweep.dir)
            refuse_somebody_s(place / SWEEP)
            place.mkdir(parents=True, exist_ok=True)
            self.held.enter_context(alone_in(place))

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        self.held.close()


def check_sweep(config: DictConfig) -> None:
    """Raise UserError for the first job that could not run, or not in its folder."""
    from stx.runs.identity import refuse_taken  # late: it imports torch

    jobs: dict[Path, Config] = {}
    said: dict[str, None] = {}
    asked = jobs_of_sweep(config)
    own: Any = OmegaConf.to_container(config.hydra.overrides.hydra)  # with the ${...} in them
    if not asked:
        raise UserError("--multirun: the sweep is empty, there is no job in it")
    for number, overrides in enumerate(asked):
        try:
            whole = compose([*own, *overrides], config.hydra.job.config_name)
            folder = folder_of_job(config, whole, number)
            job, _ = check(whole, folder)
            if job.resume is not None:
                raise UserError("resume= goes on with one run: leave out --multirun")
            if any(folder.resolve() == other.resolve() for other in jobs):  # by a link, too
                raise UserError(f"{folder} is another job's too: let hydra.sweep.subdir tell them apart")
            refuse_taken(folder)
        except UserError as error:
            why = str(error).replace("hydra.run.dir=", "hydra.sweep.dir=")
            raise UserError(f"{why}\n(in the job {' '.join(overrides)}; none was started)") from None
        jobs[folder] = job
        said |= dict.fromkeys(ineffective(job, overrides))
    for line in (*said, swept_in_vain(jobs.values())):
        if line:
            say(f"stx: {line}")
    for job in {job.tracking: job for job in jobs.values()}.values():
        reach_store(job)


def refuse_somebody_s(path: Path) -> None:
    """Raise UserError where Hydra would write a sweep's settings over what is no sweep's."""
    if path.is_file() and path.read_bytes()[:6] == b"hydra:":
        return
    if os.path.lexists(path):
        raise UserError(f"{path} would be written over; name another folder: hydra.sweep.dir=...")


def folder_of_job(sweep: DictConfig, whole: DictConfig, number: int) -> Path:
    """Where Hydra's launcher will let a job work."""
    OmegaConf.copy_cache(sweep, whole)  # the same ${now:...}
    with read_write(whole), open_dict(whole):
        whole.hydra.job.num = number
        whole.hydra.job.id = f"{number}"
        return Path(whole.hydra.sweep.dir) / str(whole.hydra.sweep.subdir)


@contextmanager
def nothing_else_starts() -> Iterator[None]:
    """Hydra turns a callback's exceptions into warnings and goes on, but not SystemExit."""
    try:
        with answering():
            yield
    except Exception:
        say(hidden(traceback.format_exc()).rstrip())
        sys.exit(1)


def check(composed: DictConfig, folder: Path) -> tuple[Config, "Inputs"]:
    """A job's config and what it starts from.

    Raises UserError for whatever would keep it from running, in the `folder` that it will write to.
    """
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
    if composed.hydra.output_subdir is not None:
        raise UserError(
            f"hydra.output_subdir={composed.hydra.output_subdir}: stx writes what Hydra would, into {HYDRA}/; "
            "leave it out"
        )
    say_taken(own)
    config = validate(own)
    from stx.model.prepare import prepare  # late: it imports torch

    timeline.ended("PyTorch's import")
    inputs = prepare(config)
    check_space(config, inputs, folder)
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
            f"{folder}: {free / 1e6:.0f} MB are free there and this run may need {max(1.0, needed / 1e6):.0f} MB; "
            "make room, or name another folder: hydra.run.dir=..."
        )


def go_on(config: DictConfig) -> None:
    """Send Hydra to the folder of the run to resume, and check that run as it was."""
    from stx.model.prepare import prepare
    from stx.runs import identity, resume
    from stx.runs.make import state_of

    job = resume.job(str(config.resume), overrides_of(config), config.tracking)
    inputs = prepare(job.config)
    if job.resumed:
        identity.refuse_changed(job.resumed, identity.named_files(job.config, inputs), job.folder)
    state_of(job, inputs)
    reach_store(job.config)
    with open_dict(config):
        config.resume = escaped(str(job.folder))  # by "last" a run that begins meanwhile would be meant
        config.hydra.run.dir = escaped(str(job.folder))


def reach_store(config: Config) -> None:
    """Raise UserError where a run would have nowhere to tell of itself."""
    tracking = config.tracking
    if isinstance(tracking, MlflowTracking) and not tracking.offline_ok:
        from stx.runs.tracking import office
        from stx.runs.tracking.reach import answers

        answers(tracking.uri)
        office.open_store(tracking.uri, tracking.experiment)
        timeline.ended("the store's answer")
