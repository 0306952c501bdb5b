"""Hydra's door to stx's sweeps and searches: it takes plugins from a package of this name alone, and imports them at
every start."""

from typing import Any

from hydra.plugins.sweeper import Sweeper as Plugin
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


class Sweeper(Plugin):
    """All combinations of the values that are given. What its settings are is stx's business, as all the rest."""

    def __init__(self, **settings: Any):
        self.context: HydraContext
        self.config: DictConfig

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self.context, self.config = hydra_context, config

    def sweep(self, arguments: list[str]) -> None:
        from stx.studies.sweep.work import sweep

        sweep(self.config, self.context)


class Searcher(Sweeper):
    """Trials, one upon the other. Optuna is imported by a search alone."""

    def sweep(self, arguments: list[str]) -> None:
        from stx.studies.sweep.search import search

        search(self.config, self.context)
