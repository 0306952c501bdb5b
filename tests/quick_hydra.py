"""What Hydra does over and over to the same end, done once in tests, which compose a thousand times: importing this
sees to it. Nine tenths of a composition are YAML parsed again, the list of defaults and their merge, which hang on the
groups' options alone and stay what they are while no file but those of the checkout and of Hydra has a part in them."""

from copy import deepcopy
from dataclasses import replace
from typing import Any

from hydra._internal import config_loader_impl
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra._internal.config_repository import ConfigRepository
from hydra._internal.defaults_list import DefaultsList, Overrides
from hydra.core.object_type import ObjectType

from stx.config.schema import CONF

OURS = {str(CONF), "hydra.conf", ""}
"""Where configs come from: the checkout, Hydra's package, and Hydra's list of what was stored in Python."""
parsed = ConfigRepository.load_config
listed, composed = config_loader_impl.create_defaults_list, ConfigLoaderImpl._compose_config_from_defaults_list
PARSED: dict[str, Any] = {}
LISTS: dict[str, DefaultsList] = {}
CONFIGS: dict[str, Any] = {}


def parsed_once(self: ConfigRepository, config_path: str) -> Any:
    source = self._find_object_source(config_path, ObjectType.CONFIG)
    if source is None or source.path not in OURS:
        return parsed(self, config_path)
    if config_path not in PARSED:
        PARSED[config_path] = parsed(self, config_path)
    return replace(PARSED[config_path], config=deepcopy(PARSED[config_path].config))  # which is composed into


def ours(repo: Any) -> bool:
    return {source.path for source in repo.get_sources()} <= OURS


def listed_once(repo: Any, config_name: Any, overrides_list: Any, prepend_hydra: bool, skip_missing: bool) -> Any:
    overrides = Overrides(repo=repo, overrides_list=overrides_list)
    groups = [one.input_line for one in overrides_list if one not in overrides.config_overrides]
    key = repr((config_name, prepend_hydra, groups))  # what to skip makes a difference for ??? alone
    if not ours(repo) or "???" in key:
        return listed(repo, config_name, overrides_list, prepend_hydra, skip_missing)
    if key not in LISTS:
        LISTS[key] = listed(repo, config_name, overrides_list, prepend_hydra, skip_missing)
        return LISTS[key]
    overrides.known_choices = LISTS[key].overrides.known_choices
    return DefaultsList(LISTS[key].defaults, LISTS[key].defaults_tree, overrides.config_overrides, overrides)


def composed_once(self: Any, defaults: Any, repo: Any) -> Any:
    if not ours(repo):
        return composed(self, defaults, repo)
    key = repr(defaults)
    if key not in CONFIGS:
        CONFIGS[key] = composed(self, defaults, repo)
    return deepcopy(CONFIGS[key])  # which overrides change


ConfigRepository.load_config = parsed_once  # type: ignore[method-assign]
config_loader_impl.create_defaults_list = listed_once
ConfigLoaderImpl._compose_config_from_defaults_list = composed_once  # type: ignore[method-assign]
