"""What Hydra does over and over to the same end, done once in tests, which compose a thousand times: importing this
sees to it. Half of a composition's time: twenty YAML files of the checkout that are parsed again, though they stay what
they are, and a map of all choices for each of them, though no default list here has a ${...} to look up in it."""

from copy import deepcopy
from dataclasses import replace
from typing import Any

from hydra._internal import defaults_list
from hydra._internal.config_repository import ConfigRepository
from hydra.core.object_type import ObjectType

from stx.config.schema import CONF

PARSED: dict[str, Any] = {}
load_config, interpolation_map = ConfigRepository.load_config, defaults_list._create_interpolation_map


def parsed_once(self: ConfigRepository, config_path: str) -> Any:
    source = self._find_object_source(config_path, ObjectType.CONFIG)
    if source is None or source.path != str(CONF):
        return load_config(self, config_path)
    if config_path not in PARSED:
        PARSED[config_path] = load_config(self, config_path)
    return replace(PARSED[config_path], config=deepcopy(PARSED[config_path].config))  # which is composed into


def map_where_needed(overrides: Any, defaults: list[Any], self_added: bool) -> Any:
    wanted = any(not default.is_self() and default.is_interpolation() for default in defaults)
    return interpolation_map(overrides, defaults, self_added) if wanted else None


ConfigRepository.load_config = parsed_once  # type: ignore[method-assign]
defaults_list._create_interpolation_map = map_where_needed
