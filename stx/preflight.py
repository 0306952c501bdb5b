"""Hydra's hooks before it makes a folder: every job is checked there, with its pictures and weights."""

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from hydra import compose
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf

from stx.command import mistakes
from stx.config import Config, validate
from stx.errors import UserError

if TYPE_CHECKING:
    from stx.prepare import Inputs


class Preflight(Callback):
    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        with nothing_else_starts():
            check(config)

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """All jobs before the first, where the sweep is a plain product; other sweepers invent theirs as they go."""
        if not config.hydra.sweeper._target_.endswith(".BasicSweeper"):
            return
        with nothing_else_starts():
            for overrides in jobs(config):
                try:
                    check(compose(config.hydra.job.config_name, overrides, return_hydra_config=True))
                except UserError as error:
                    raise UserError(f"{error}\n(in the job {' '.join(overrides)}; none was started)") from None


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
    task = OmegaConf.masked_copy(composed, [str(key) for key in composed if key != "hydra"])
    for group, section in task.items():
        if isinstance(section, DictConfig) and group not in composed.hydra.runtime.choices:
            raise UserError(f"{group!s} takes one option, by its name")  # not a list, which Hydra would merge
    if composed.hydra.job.chdir:
        raise UserError("hydra.job.chdir=true: stx reads and writes paths as you typed them; leave it out")
    config = validate(task)
    from stx.prepare import prepare  # late: it imports torch

    return config, prepare(config)


def jobs(config: DictConfig) -> list[list[str]]:
    """The overrides of each job of a sweep."""
    params = [f"{key}={value}" for key, value in (config.hydra.sweeper.params or {}).items()]
    parsed = OverridesParser.create(GlobalHydra.instance().config_loader()).parse_overrides(
        [*params, *config.hydra.overrides.task]
    )
    return [list(job) for batch in BasicSweeper.split_arguments(parsed, max_batch_size=None) for job in batch]
