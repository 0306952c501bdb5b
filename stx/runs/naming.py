"""Names of runs: a single run is named after its pictures and its differences from the defaults, a run of a sweep after
its values on the axes. An option appears as `key=value`, with the last word of its key; options that need no key, such
as a picture or a statistic, appear as their value alone.
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
"""Groups whose options need no key to be understood, in their order within a name."""

NO_PART = ("content", "style", "resume", "tracking", "guard", "timing", "live", "output")
"""Groups and sections left out of names: every run has them, or they do not affect its picture."""

NAME = "mlflow.runName"
"""The tag with the name that a sweep gives to a job."""

LONGEST, LONGEST_PICTURE = 60, 16
"""In characters: a whole name, as sweeps list their runs in a narrow column, and each picture in a name too long."""


def run_name(config: Config, choices: Mapping[str, str]) -> str:
    """The pictures, options and values that differ from the defaults, as in "photo.jpg × swirls gram avg beta=10"; the
    pictures alone if nothing differs.

    An experiment's name stands for everything that it sets. If Hydra cannot find an option again, as with a search path
    that was typed, the run is named after its pictures.
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
    """The pictures by their file names, each cut to `longest` characters."""
    styles = " + ".join(cut(Path(style).name, longest) for style in config.styles.values())
    if config.content is None:
        return f"texture of {styles}"
    return f"{cut(Path(config.content).name, longest)} × {styles}"


def cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def job_name(values: Mapping[str, str], config: Config | None = None) -> str:
    """The name of a sweep's job: its values on the axes, as typed, or the pictures of an only job."""
    pictures = " × ".join(short(values[key]) for key in SEVERAL if values.get(key))
    options = [named(key, short(value)) for key, value in values.items() if value and key not in SEVERAL]
    return " ".join(filter(None, [pictures, *options])) or (pair(config) if config else "")


def named(key: str, shown: str) -> str:
    """An axis's value as it is shown, preceded by its key unless it needs none."""
    alone = key.lstrip("+") in (*NAMED_BY_THEMSELVES, *SEVERAL)
    return shown if alone else f"{key.rpartition('.')[2]}={shown}"


@cache
def plain(*overrides: str) -> tuple[Any, dict[str, str]]:
    """The config that the overrides compose, values still missing included, and the option of each group."""
    whole = compose(overrides)
    return OmegaConf.to_container(task(whole), resolve=True), choices_of(whole.hydra)


def shown(value: Any) -> str:
    """A value as one would type it; of a path, its last part alone."""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, list):
        return f"[{','.join(map(shown, value))}]"
    return f"{value:g}" if isinstance(value, float) else str(value).rpartition("/")[2]


def short(text: str) -> str:
    """A typed value, shortened: a path to its last part, a number with many decimals to four digits."""
    return end(text, 1)


def headings(keys: Collection[str]) -> dict[str, str]:
    """The column heading of each axis: the last word of its key, or the whole key if another axis ends in that word."""
    words = {key: key.rpartition(".")[2] for key in keys}
    return {key: word if [*words.values()].count(word) == 1 else key for key, word in words.items()}


def told_apart(values: Collection[str]) -> dict[str, str]:
    """How each of an axis's values is shown: with just enough of a path's folders to tell the values apart."""
    for parts in range(1, 2 + max(value.count("/") for value in values)):
        labels = {value: end(value, parts) for value in values}
        if len(set(labels.values())) == len(labels):
            return labels
    return {value: value for value in values}


def end(value: str, parts: int) -> str:
    """The last `parts` parts of a path, or all of it; a number is shortened."""
    if re.fullmatch(r"-?\d+\.\d{5,}(e[-+]?\d+)?", value):
        return f"{float(value):.4g}"
    if re.fullmatch(r"-?\d+\.0", value):  # how Hydra writes 1e2
        return value.removesuffix(".0")
    read = values_of(f"value={value}") if value[:1] in ("'", '"') else []
    text = str(read[0][1]) if read else value
    return "/".join(text.split("/")[-parts:]) or text
