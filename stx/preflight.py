"""Hydra's two hooks before it makes a folder: the whole job is checked there, with its pictures and weights."""

import sys
from collections.abc import Sequence
from typing import Any

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.experimental.callback import Callback
from omegaconf import DictConfig, OmegaConf

from stx.config import validate
from stx.errors import UserError


def check(composed: DictConfig) -> None:
    """Raise UserError for whatever would keep this job from running."""
    from stx.prepare import prepare  # late: it imports torch

    task = OmegaConf.masked_copy(composed, [key for key in composed if key != "hydra"])
    prepare(validate(task))


class Preflight(Callback):
    def on_run_start(self, config: DictConfig, **kwargs: Any) -> None:
        try:
            check(config)
        except UserError as error:
            # Hydra turns a callback's exceptions into warnings and goes on; SystemExit is none of those.
            sys.stderr.write(f"stx: {error}\n")
            sys.exit(2)


class CheckedSweeper(BasicSweeper):
    """Hydra's own sweeper, which composes all jobs before the first, and here checks them too."""

    def validate_batch_is_legal(self, batch: Sequence[Sequence[str]]) -> None:
        assert self.hydra_context is not None and self.config is not None
        for overrides in batch:
            composed = self.hydra_context.config_loader.load_sweep_config(self.config, list(overrides))
            try:
                check(composed)
            except UserError as error:
                raise UserError(f"{error}\n(the job {' '.join(overrides)}; none was started)") from None
