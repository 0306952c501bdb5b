"""Options that a YAML takes from an environment variable if that is set: `${oc.env:NAME,otherwise}`."""

import os
import re
from collections.abc import Iterator

from omegaconf import DictConfig, OmegaConf

from stx.config.command import say_once
from stx.config.compose import leaves
from stx.config.secrets import hidden, public

LEFT = re.compile(r"\$\{oc\.env:(?P<name>\w+),(?P<otherwise>.*)\}")


def left_to_variables(composed: DictConfig) -> Iterator[tuple[str, str, str]]:
    """Yield each such option's dotted key, its variable, and its value if the variable is not set."""
    for key, value in leaves(OmegaConf.to_container(composed)):
        if left := LEFT.fullmatch(str(value)):
            yield key, left["name"], left["otherwise"]


def say_taken(composed: DictConfig) -> None:
    """Say on stderr, once, which values of a config come from the environment."""
    said = ", ".join(
        hidden(f"{key}={public(os.environ[name])} (from {name})")
        for key, name, _ in left_to_variables(composed)
        if name in os.environ
    )
    if said:
        say_once(f"stx: {said}")


def without_variables(composed: DictConfig) -> DictConfig:
    """The config as it is if none of the variables is set."""
    plain = OmegaConf.create(composed)
    for key, _, otherwise in left_to_variables(composed):
        OmegaConf.update(plain, key, otherwise)
    return plain
