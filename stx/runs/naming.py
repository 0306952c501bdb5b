"""A run's name: what it does otherwise than the defaults."""

from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from hydra import compose
from hydra.errors import HydraException
from omegaconf import OmegaConf

from stx.config.schema import Config

NAMED_BY_THEMSELVES = ("experiment", "style_stat", "optim", "pooling", "model")
"""Groups whose options need no key to be understood, in the order in which they stand in a name."""

NO_PART = ("content", "style", "resume", "tracking", "guard")
"""Params of every run, or without influence on what it makes."""

LONGEST = 60
"""Characters; the runs of a sweep stand in a narrow column."""


def run_name(config: Config, choices: Mapping[str, str]) -> str:
    """Options and values that the defaults do not have: "gram avg beta=10"; the two pictures where there are none.

    An experiment's name stands for all that it sets. Asks Hydra for the defaults, so it must be at work. Where it does
    not find an option again, as with a search path that was typed, the pictures name the run.
    """
    try:
        return difference(config, choices)
    except HydraException:
        return pair(config)


def difference(config: Config, choices: Mapping[str, str]) -> str:
    experiment = [f"+experiment={choices['experiment']}"] if "experiment" in choices else []
    _, usual = composed(*experiment)
    chosen = {group: option for group, option in choices.items() if usual.get(group) != option and group not in NO_PART}
    added = [f"{'' if group in usual else '+'}{group}={option}" for group, option in chosen.items()]
    chosen |= {"experiment": choices["experiment"]} if experiment else {}
    before = dict(leaves(composed(*experiment, *added)[0]))
    after = dict(leaves(config.model_dump(by_alias=True)))
    changed = [key for key in after if after[key] != before.get(key) and key.split(".")[0] not in NO_PART]
    names = [key.rpartition(".")[2] for key in after]
    parts = [
        *(chosen[group] for group in NAMED_BY_THEMSELVES if group in chosen),
        *(f"{group}={option}" for group, option in chosen.items() if group not in NAMED_BY_THEMSELVES),
        *(
            f"{name if names.count(name) == 1 else key}={shown(after[key])}"
            for key, name in ((key, key.rpartition(".")[2]) for key in changed)
        ),
    ]
    name = " ".join(parts) or pair(config)
    return name if len(name) <= LONGEST else name[: LONGEST - 1].rstrip() + "…"


def pair(config: Config) -> str:
    return f"{Path(config.content).stem} × {Path(config.style).stem}"


@cache
def composed(*overrides: str) -> tuple[Any, Mapping[str, str]]:
    """The plain config that some overrides give, and the option of each group."""
    found = compose("config", list(overrides), return_hydra_config=True)
    choices = {group: option for group, option in found.hydra.runtime.choices.items() if "/" not in group}
    task = OmegaConf.masked_copy(found, [str(key) for key in found if key != "hydra"])
    return OmegaConf.to_container(task, resolve=True), choices


def leaves(value: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    """The values of nested dicts by their dotted keys."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{at}.{key}" if at else str(key))
    else:
        yield at, value


def shown(value: Any) -> str:
    """As one types it; of a path its end alone."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, list):
        return f"[{','.join(map(shown, value))}]"
    return f"{value:g}" if isinstance(value, float) else str(value).rpartition("/")[2]
