"""Hydra's entry point to stx's sweeps and searches.

Hydra looks for plugins only in a package of this name, and imports them at every start.
"""

from typing import Any

from hydra.plugins.sweeper import Sweeper as Plugin
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


class Sweeper(Plugin):
    """Runs all combinations of the given values. `settings` are ignored here: stx reads them from the config."""

    def __init__(self, **settings: Any):
        self.context: HydraContext
        self.config: DictConfig

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self.context, self.config = hydra_context, config

    def sweep(self, arguments: list[str]) -> None:
        from stx.studies.sweep.work import sweep

        sweep(self.config, self.context)


class Searcher(Sweeper):
    """Runs trials, each chosen by the results of earlier ones. Only a search imports Optuna."""

    def sweep(self, arguments: list[str]) -> None:
        from stx.studies.sweep.search import search

        search(self.config, self.context)
