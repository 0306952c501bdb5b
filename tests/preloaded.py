"""What a test's command finds done when it starts: commands are forked from a process that has imported this.

Imports, which take longer than all else that most commands do, and what each of them would read or paint for itself.
tests/test_wheel.py types commands into a shell, where nothing is done beforehand.
"""

from copy import deepcopy
from dataclasses import replace
from typing import Any

import stx.runs.tracking  # what MLflow reads of the environment when it is imported

# isort: split

import matplotlib.pyplot  # noqa: F401
import mlflow.store.tracking.sqlalchemy_store  # noqa: F401
import pytest  # noqa: F401
from hydra._internal.config_repository import ConfigRepository
from hydra.core.object_type import ObjectType
from sqlalchemy.orm import configure_mappers

import stx.measures.judge
import stx.run
import stx.runs.make
import stx.runs.naming
import stx.runs.preflight
import stx.runs.resume
import stx.runs.tracking.store
import stx.studies.charts
import stx.studies.compare.report
import stx.studies.thesis.report  # noqa: F401
from stx.config.schema import CONF
from stx.model.weights import load_weights
from stx.pictures.bundled import painted

PARSED: dict[str, Any] = {}
load_config = ConfigRepository.load_config


def parsed_once(self: ConfigRepository, config_path: str) -> Any:
    """Hydra parses some twenty YAML files for each composition, which is nearly half of its time: here each of the
    checkout's once, as they stay what they are."""
    source = self._find_object_source(config_path, ObjectType.CONFIG)
    if source is None or source.path != str(CONF):
        return load_config(self, config_path)
    if config_path not in PARSED:
        PARSED[config_path] = load_config(self, config_path)
    return replace(PARSED[config_path], config=deepcopy(PARSED[config_path].config))  # which is composed into


ConfigRepository.load_config = parsed_once  # type: ignore[method-assign]
configure_mappers()
for style in ("swirls", "woodcut"):
    painted(style)
for network in ("vgg19", "vgg19_random"):
    load_weights(network, None, 0)
