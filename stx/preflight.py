"""Hydra's hooks before it makes a folder: every job is checked there, with its pictures and weights."""

from typing import Any

from hydra import compose
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf

from stx.command import mistakes
from stx.config import validate
from stx.errors import UserError


class Preflight(Callback):
    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        # Hydra turns a callback's exceptions into warnings and goes on, but not SystemExit.
        with mistakes():
            check(OmegaConf.masked_copy(config, [str(key) for key in config if key != "hydra"]))

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        """All jobs before the first, where the sweep is a plain product; other sweepers invent theirs as they go."""
        if not config.hydra.sweeper._target_.endswith(".BasicSweeper"):
            return
        with mistakes():
            for overrides in jobs(config):
                try:
                    check(compose(config.hydra.job.config_name, overrides))
                except UserError as error:
                    raise UserError(f"{error}\n(in the job {' '.join(overrides)}; none was started)") from None


def check(composed: DictConfig) -> None:
    """Raise UserError for whatever would keep this job from running."""
    config = validate(composed)
    from stx.prepare import prepare  # late: it imports torch

    prepare(config)


def jobs(config: DictConfig) -> list[list[str]]:
    """The overrides of each job of a sweep."""
    params = [f"{key}={value}" for key, value in (config.hydra.sweeper.params or {}).items()]
    parsed = OverridesParser.create().parse_overrides([*params, *config.hydra.overrides.task])
    return [list(job) for batch in BasicSweeper.split_arguments(parsed, max_batch_size=None) for job in batch]
