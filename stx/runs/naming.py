"""What runs are called: one by itself by its pictures and by what else it does otherwise than the defaults, one of a
sweep by the values of its axes. An option is `key=value`, by the last word of its key; a picture or a statistic, say,
needs none and is its value.
"""

import re
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from stx.config.compose import HydraException, choices_of, compose, leaves, task, values_of
from stx.config.paths import SEVERAL
from stx.config.schema import Config

NAMED_BY_THEMSELVES = ("experiment", "style_stat", "optim", "pooling", "model")
"""Groups whose options need no key to be understood, in the order in which they stand in a name."""

NO_PART = ("content", "style", "resume", "tracking", "guard", "timing", "live", "output")
"""Params of every run, or without influence on what it makes."""

NAME = "mlflow.runName"
"""The tag of a job that its sweep names."""

LONGEST, LONGEST_PICTURE = 60, 16
"""Characters; the runs of a sweep stand in a narrow column. A picture's are cut where the whole is too long."""


def run_name(config: Config, choices: Mapping[str, str]) -> str:
    """Pictures, options and values that the defaults do not have: "photo.jpg × swirls gram avg beta=10"; the two
    pictures where there are none.

    An experiment's name stands for all that it sets. Where Hydra does not find an option again, as with a search path
    that was typed, the pictures name the run.
    """
    try:
        return difference(config, choices)
    except HydraException:
        return pair(config)


def difference(config: Config, choices: Mapping[str, str]) -> str:
    experiment = [f"+experiment={choices['experiment']}"] if "experiment" in choices else []
    _, usual = plain(*experiment)
    chosen = {group: option for group, option in choices.items() if usual.get(group) != option and group not in NO_PART}
    added = [f"{'' if group in usual else '+'}{group}={option}" for group, option in chosen.items()]
    chosen |= {"experiment": choices["experiment"]} if experiment else {}
    before = dict(leaves(plain(*experiment, *added)[0]))
    after = dict(leaves(config.model_dump(by_alias=True)))
    other = [key for key in after if after[key] != before.get(key)]
    changed = [key for key in other if key.split(".")[0] not in NO_PART]
    names = [key.rpartition(".")[2] for key in after]
    parts = [
        *(chosen[group] for group in NAMED_BY_THEMSELVES if group in chosen),
        *(f"{group}={option}" for group, option in chosen.items() if group not in NAMED_BY_THEMSELVES),
        *(
            f"{name if names.count(name) == 1 else key}={shown(after[key])}"
            for key, name in ((key, key.rpartition(".")[2]) for key in changed)
        ),
    ]
    own = not parts or any(key in SEVERAL for key in other)
    name = " ".join([*([pair(config)] if own else []), *parts])
    if own and len(name) > LONGEST:
        name = " ".join([pair(config, LONGEST_PICTURE), *parts])
    return cut(name, LONGEST)


def pair(config: Config, longest: int = LONGEST) -> str:
    """The pictures, by the ends of their paths, each of so many characters at most."""
    styles = " + ".join(cut(Path(style).name, longest) for style in config.styles.values())
    if config.content is None:
        return f"texture of {styles}"
    return f"{cut(Path(config.content).name, longest)} × {styles}"


def cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def job_name(values: Mapping[str, str], config: Config | None = None) -> str:
    """Of a job of a sweep, by what it has of each axis, as typed; of the only job by its pictures."""
    pictures = " × ".join(short(values[key]) for key in SEVERAL if values.get(key))
    options = [named(key, short(value)) for key, value in values.items() if value and key not in SEVERAL]
    return " ".join(filter(None, [pictures, *options])) or (pair(config) if config else "")


def named(key: str, shown: str) -> str:
    """An axis's value, as it is shown, with what it is of."""
    alone = key.lstrip("+") in (*NAMED_BY_THEMSELVES, *SEVERAL)
    return shown if alone else f"{key.rpartition('.')[2]}={shown}"


@cache
def plain(*overrides: str) -> tuple[Any, dict[str, str]]:
    """The config that some overrides give, with gaps where they leave some, and the option of each group."""
    whole = compose(overrides)
    return OmegaConf.to_container(task(whole), resolve=True), choices_of(whole.hydra)


def shown(value: Any) -> str:
    """As one types it; of a path its end alone."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, list):
        return f"[{','.join(map(shown, value))}]"
    return f"{value:g}" if isinstance(value, float) else str(value).rpartition("/")[2]


def short(text: str) -> str:
    """A value as it is typed: of a path its end alone, of a number what tells it apart."""
    return end(text, 1)


def headings(keys: Collection[str]) -> dict[str, str]:
    """How each axis is called above a column: by the last word of its key, where no other ends in that."""
    words = {key: key.rpartition(".")[2] for key in keys}
    return {key: word if [*words.values()].count(word) == 1 else key for key, word in words.items()}


def told_apart(values: Collection[str]) -> dict[str, str]:
    """How each of an axis's values is shown, with as many folders of a path as tell them apart."""
    for parts in range(1, 2 + max(value.count("/") for value in values)):
        labels = {value: end(value, parts) for value in values}
        if len(set(labels.values())) == len(labels):
            return labels
    return {value: value for value in values}


def end(value: str, parts: int) -> str:
    """Of a path its last parts, or all."""
    if re.fullmatch(r"-?\d+\.\d{5,}(e[-+]?\d+)?", value):
        return f"{float(value):.4g}"
    if re.fullmatch(r"-?\d+\.0", value):  # Hydra's 1e2
        return value.removesuffix(".0")
    read = values_of(f"value={value}") if value[:1] in ("'", '"') else []
    text = str(read[0][1]) if read else value
    return "/".join(text.split("/")[-parts:]) or text
