"""Hydra's door to stx's searches, as stx_sweeper is to its sweeps: Optuna is imported by a search alone."""

from typing import Any

from hydra.plugins.sweeper import Sweeper as Plugin
from hydra.types import HydraContext, TaskFunction
from omegaconf import DictConfig


class Sweeper(Plugin):
    """What its settings are is stx's business."""

    def __init__(self, **settings: Any):
        self.context: HydraContext
        self.config: DictConfig

    def setup(self, *, hydra_context: HydraContext, task_function: TaskFunction, config: DictConfig) -> None:
        self.context, self.config = hydra_context, config

    def sweep(self, arguments: list[str]) -> None:
        from stx.studies.sweep.search import search

        search(self.config, self.context)
