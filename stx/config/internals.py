"""Private names of Hydra and OmegaConf that stx needs. Only this file imports them: other versions may have others."""

from hydra._internal.callbacks import Callbacks
from hydra._internal.config_loader_impl import ConfigLoaderImpl, get_overrides_dirname
from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra._internal.utils import get_args_parser
from omegaconf._utils import get_yaml_loader

__all__ = [
    "BasicSweeper",
    "Callbacks",
    "ConfigLoaderImpl",
    "get_args_parser",
    "get_overrides_dirname",
    "get_yaml_loader",
]
