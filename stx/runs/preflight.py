"""Hooks that Hydra calls before it makes a folder: every job is checked there, with its pictures and weights."""

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf, open_dict, read_write

from stx import timeline
from stx.config.command import answering, say
from stx.config.compose import escaped, key_of, overrides_of, task
from stx.config.effects import refuse_ineffective
from stx.config.secrets import hidden, public
from stx.config.variables import say_taken
from stx.errors import UserError
from stx.runs.check import begin_store, check, reach_store
from stx.runs.sweep import plan, refuse_somebody_s


class Preflight(Callback):
    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        with nothing_else_starts():
            timeline.ended("Python, Hydra, the config")
            for typed in overrides_of(config):
                if key_of(typed).startswith("sweep."):
                    raise UserError(f"{typed} is for a sweep: add --multirun; a single run is then a sweep of one")
            if (launcher := config.hydra.runtime.choices.get("hydra/launcher")) != "basic":
                raise UserError(f"hydra/launcher={launcher} is for a sweep: add --multirun")
            begin_store(config)
            if config.resume is not None:
                go_on(config)
                return
            folder = Path(config.hydra.run.dir)
            checked, _ = check(config, folder, alone=True)
            refuse_ineffective(checked, overrides_of(config))
            from stx.runs.identity import refuse_taken  # late: it imports torch

            refuse_taken(folder)
            reach_store(checked)

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """Check all jobs first, for Hydra's own sweeper: stx's does so itself, others invent theirs as they go."""
        with nothing_else_starts():
            if config.hydra.sweeper._target_.endswith(".BasicSweeper"):
                plan(config)
                refuse_somebody_s(Path(config.hydra.sweep.dir))
            else:
                say_taken(task(config))
            with read_write(config), open_dict(config):  # Hydra writes it down as multirun.yaml
                if uri := OmegaConf.to_container(config.tracking).get("uri"):  # type: ignore[union-attr]
                    config.tracking.uri = public(str(uri))


@contextmanager
def nothing_else_starts() -> Iterator[None]:
    """A block whose exceptions become SystemExit: Hydra turns all others of a callback into warnings and goes on."""
    try:
        with answering():
            yield
    except Exception:
        say(hidden(traceback.format_exc()).rstrip())
        sys.exit(1)


def go_on(config: DictConfig) -> None:
    """Point Hydra to the folder of the run to resume, and check that run."""
    from stx.model.prepare import prepare
    from stx.runs import delivery, identity, resume
    from stx.runs.make import state_of

    job = resume.job(str(config.resume), overrides_of(config), config.tracking)
    inputs = prepare(job.config)
    delivery.refuse(job.config)
    if job.resumed is not None:
        identity.refuse_changed(job.resumed, identity.named_files(job.config, inputs), job.folder)
    state_of(job, inputs)
    reach_store(job.config)
    with open_dict(config):
        config.resume = escaped(str(job.folder))  # "last" would mean any run that begins meanwhile
        config.hydra.run.dir = escaped(str(job.folder))
