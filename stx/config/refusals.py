"""Messages for what Hydra could not compose: in one to three lines the option, what is allowed, the nearest match."""

import re
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

import yaml
from omegaconf import DictConfig, OmegaConf

from stx.config.compose import (
    ConfigCompositionException,
    HydraException,
    MissingConfigException,
    OverrideParseException,
    arguments_parser,
    compose,
    key_of,
    task,
)
from stx.config.explain import unknown_option
from stx.config.functions import of_another
from stx.config.paths import FILES, exists
from stx.config.schema import CONF, Config
from stx.config.search_path import override_of
from stx.errors import choose_from

MOST_NAMES = 40
"""Most choices that a message lists; with more it would be longer than two lines."""
EVERYDAY = {"size": ["image_size.long_side"], "strength": ["loss_weights.beta"], "iterations": ["optim.steps"]}
"""Options by the names that people try first."""
OWN = ("style_stat", "content_stat", "prior")
"""Groups to which users add options of their own."""


def explain_hydra(error: HydraException, typed: Sequence[str] | None) -> str:
    """A message for an error of Hydra's.

    `typed` are the overrides, for a command that does not use Hydra's own parser.
    """
    text = str(error)
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        listed = re.search(r"Available options in '([^']+)'", text)
        group = listed[1] if listed else str(error.missing_cfg_file).partition("/")[0]
        option = str(error.missing_cfg_file).removeprefix(f"{group}/")
        allowed = sorted([*(error.options or []), *presets(group)])  # Hydra does not look into a group's folders
        if group and allowed:
            return choice(f"{group}={option}", group, option, allowed)
    if isinstance(error, OverrideParseException):
        return unreadable(str(error.override), list(sys.argv[1:] if typed is None else typed), text)
    if several := re.search(r"Ambiguous value for argument '([^=']+)=([^']*)'", text):
        key, values = several.groups()
        as_list = f"; to give them as one list: {key}=[{values}]" if takes_list(key, typed) else ""
        return f"{key}={values}: several values; stx run --multirun runs each of them{as_list}"
    unknown = re.search(r"Could not override '([^']+)'|Key '([^']+)' is not in struct", text)
    if isinstance(error, ConfigCompositionException) and unknown:
        option = (unknown[1] or unknown[2]).partition("@")[0]
        if presets(option):
            appended = re.search(r"use (\+\S+)", text)
            return f"{option} is added with a plus: {appended[1] if appended else f'+{option}={presets(option)[0]}'}"
        others = without(option, typed)
        return of_another(option) + unknown_option(
            option, siblings(option, others), namesakes(option, others) or EVERYDAY.get(option, ())
        )
    return " ".join(line.strip() for line in text.splitlines() if "HYDRA_FULL_ERROR" not in line)


def unreadable(given: str, words: Sequence[str], text: str) -> str:
    """A message for one of the `words` typed, `given`, that Hydra cannot read; `text` is what it says itself."""
    key = key_of(given)
    place = words.index(given) + 1 if given in words else len(words)
    if words[place : place + 1] == ["="]:
        value = "".join(words[place + 1 : place + 2])
        return f"{given} = {value}: without blanks beside the equals sign: {shlex.quote(f'{given}={value}')}"
    if len(values := values_from(given, words[place:])) > 1:
        return f"{' '.join(values)}: without blanks behind the commas: {''.join(values)}"
    if "=" not in given and (exists(given) or (given.isidentifier() and given not in Config.model_fields)):
        return f"{given}: options are key=value: content={given}; stx paint takes two pictures as they stand"
    if spaced := re.fullmatch(r"([\w.@/+~]+)\s+=\s*(.*)|([\w.@/+~]+)=\s+(.*)", given):
        plain = f"{spaced[1] or spaced[3]}={spaced[2] or spaced[4] or ''}"
        return f"{given}: without blanks beside the equals sign: {plain}"
    example = f'{key}="..."' if "=" in given and key not in FILES else 'content="a=b.png"'
    why = re.search(r"while evaluating '[^']+': (?!Unknown function)(.+)", text)
    if why and key not in FILES:
        return f"{given}: {why[1]}"
    missing = "; there is no file of that name" if key in FILES else ""
    return (
        f"cannot read the option {given}: it is key=value without blanks, and a value with anything beside ASCII "
        f"letters, digits and -_./:+%@ in it is quoted twice: '{example}'{missing}"
    )


def values_from(given: str, behind: Sequence[str]) -> list[str]:
    """The words of an option whose values were typed with blanks behind the commas, from `given` on."""
    values = [given]
    for word in behind:
        if not values[-1].endswith(",") or word.startswith("-") or "=" in word:
            break
        values.append(word)
    return values


LISTS = ("style", "masks.style", "style_mix", "optim.pyramid")
"""Options that take a list although their default is none."""


def takes_list(option: str, typed: Sequence[str] | None) -> bool:
    if option in LISTS or option.startswith(("style_stat.", "content_stat.", "prior.")):  # a function's may be either
        return True
    others = without(option, typed)
    return others is not None and OmegaConf.is_list(OmegaConf.select(others, option, throw_on_resolution_failure=False))


def choice(typed: str, group: str, name: str, allowed: Sequence[str]) -> str:
    shown = allowed if len(allowed) <= MOST_NAMES else [allowed[0], "...", allowed[-1]]
    return f"{typed}{choose_from(name, allowed, shown)}{own_folder(group) if group in OWN else ''}"


def own_folder(group: str) -> str:
    """What a message adds about options of the user's own: how to name their folder, or what the named one lacks."""
    flags = [re.fullmatch(r"(?:--config-dir|-cd)(?:=(.*))?", word) for word in sys.argv]
    places = [flag[1] or "".join(sys.argv[at + 1 : at + 2]) for at, flag in enumerate(flags) if flag]
    if not places:
        return "; for one of your own: --config-dir FOLDER"
    folder = Path(places[-1])
    if (folder / group).is_dir():
        return ""
    above = f"; give the folder above it: --config-dir {folder.parent}" if folder.name == group else ""
    return f"; options of your own are looked for in {folder / group}, which does not exist{above}"


def not_by_name(typed: Sequence[str]) -> str:
    """A message for the override, which Hydra does not name, that chooses a group's option not by a name: pooling=2."""
    for text in typed:
        group, _, value = text.partition("=")
        number = value.lower() in ("nan", "inf", "-inf")  # to Hydra, but a string to YAML
        if (CONF / group).is_dir() and (number or not isinstance(yaml.safe_load(value), str)):
            allowed = sorted([*(file.stem for file in (CONF / group).glob("*.yaml")), *presets(group)])
            return choice(text, group, value, allowed)
    return ""


def presets(group: str) -> list[str]:
    """The options of a group that lie in folders, such as thesis/e01_gram of `experiment`."""
    files = (CONF / group).glob("*/*.yaml") if group.isidentifier() else ()
    names = (str(file.relative_to(CONF / group).with_suffix("")) for file in files)
    return sorted(name for name in names if not name.endswith("/base"))  # what the others share


def without(option: str, typed: Sequence[str] | None) -> DictConfig | None:
    """The config that all other overrides compose, or None if another one is a mistake. Sweeps are left out."""
    if typed is None:
        arguments = arguments_parser().parse_args()
        typed = arguments.overrides + ([override_of(Path(arguments.config_dir))] if arguments.config_dir else [])
    others = [text for text in typed if key_of(text) != option and "," not in text]
    try:
        composed = compose(others)
    except HydraException:
        return None
    return composed if option.startswith("hydra.") else task(composed)


def siblings(option: str, others: DictConfig | None) -> list[str]:
    """The options in the section of one that Hydra does not know."""
    if others is None:
        return []  # more than one mistake: this one is reported without suggestions
    parent = OmegaConf.select(others, option.rpartition(".")[0]) if "." in option else others
    return [str(key) for key in parent if not str(key).startswith("_")] if isinstance(parent, DictConfig) else []


def namesakes(option: str, others: DictConfig | None) -> list[str]:
    """The options of the same name in groups, for one that was typed without its group: loss_weights.beta for beta."""
    if others is None or "." in option:
        return []
    groups = ((str(group), others._get_node(group)) for group in others)
    return [f"{group}.{option}" for group, node in groups if isinstance(node, DictConfig) and option in node]
