"""Hydra parses some twenty YAML files for each composition, which is nearly half of its time: in tests each of the
checkout's once, as they stay what they are. Importing this sees to it."""

from copy import deepcopy
from dataclasses import replace
from typing import Any

from hydra._internal.config_repository import ConfigRepository
from hydra.core.object_type import ObjectType

from stx.config.schema import CONF

PARSED: dict[str, Any] = {}
load_config = ConfigRepository.load_config


def parsed_once(self: ConfigRepository, config_path: str) -> Any:
    source = self._find_object_source(config_path, ObjectType.CONFIG)
    if source is None or source.path != str(CONF):
        return load_config(self, config_path)
    if config_path not in PARSED:
        PARSED[config_path] = load_config(self, config_path)
    return replace(PARSED[config_path], config=deepcopy(PARSED[config_path].config))  # which is composed into


ConfigRepository.load_config = parsed_once  # type: ignore[method-assign]
