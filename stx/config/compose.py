"""From typed overrides to a config. Only this module asks Hydra to compose one."""

import argparse
import math
import os
import re
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, NamedTuple

import hydra
from hydra import initialize_config_dir
from hydra.conf import HydraConf
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import ConfigCompositionException as ConfigCompositionException  # for modules that import no hydra
from hydra.errors import HydraException as HydraException
from hydra.errors import MissingConfigException as MissingConfigException
from hydra.errors import OverrideParseException as OverrideParseException
from hydra.types import HydraContext, RunMode
from omegaconf import DictConfig, OmegaConf

from stx.config.internals import BasicSweeper, Callbacks, get_args_parser
from stx.config.loader import OncePerChoice
from stx.config.schema import CONF, Config, validate

# Hydra warns because a launcher's plugin stores the schema of its settings under the name of stx's preset for it.
warnings.filterwarnings("ignore", message=r"\s*'hydra/launcher/", category=UserWarning)

ENTRY = "config"
"""conf/config.yaml, from which every config is composed."""


class Composition(NamedTuple):
    """A config composed from overrides."""

    config: Config
    choices: dict[str, str]
    """The chosen option of each config group."""
    overrides: list[str]


def composition(overrides: Sequence[str]) -> Composition:
    """Compose and validate a config.

    Raises HydraException if it cannot be composed, and UserError if the schema refuses it.
    """
    whole = compose(overrides)
    return Composition(validate(task(whole)), choices_of(whole.hydra), list(overrides))


def compose(overrides: Sequence[str], entry: str = ENTRY) -> DictConfig:
    """The config that overrides compose, including Hydra's own part, `hydra`."""
    with at_work():
        return hydra.compose(entry, list(overrides), return_hydra_config=True)


@contextmanager
def at_work() -> Iterator[None]:
    """Initialise Hydra with stx's configs, for the block.

    In a Hydra command it is initialised already and stays so, with the search path that was typed.
    """
    if GlobalHydra.instance().is_initialized():
        yield
    else:
        with initialize_config_dir(str(CONF), version_base="1.3"):
            yield


def once_per_choice() -> OncePerChoice:
    """Give Hydra a loader that keeps what it has composed, for the jobs of a sweep. Hydra must be initialised."""
    own = GlobalHydra.instance().hydra
    assert own is not None
    loader = OncePerChoice(own.config_loader)  # type: ignore[arg-type]  # Hydra has only this kind
    own.config_loader = loader
    return loader


def multirun(overrides: Sequence[str]) -> tuple[DictConfig, HydraContext]:
    """What Hydra has at the start of a sweep, for a command that is not Hydra's. Hydra must be initialised."""
    loader = GlobalHydra.instance().config_loader()
    return loader.load_configuration(ENTRY, list(overrides), RunMode.MULTIRUN), HydraContext(loader, Callbacks())


def task(whole: DictConfig) -> DictConfig:
    """A composed config without Hydra's own part."""
    return OmegaConf.masked_copy(whole, [str(key) for key in whole if key != "hydra"])


def choices_of(own: DictConfig | HydraConf) -> dict[str, str]:
    """The chosen option of each of stx's config groups, from Hydra's own part of the config."""
    return {group: option for group, option in own.runtime.choices.items() if "/" not in group}


def key_of(override: str) -> str:
    """The dotted key that an override sets."""
    return override.lstrip("+~").partition("=")[0]


def value_of(override: str) -> str:
    """The text that an override sets, without quotes. Raises HydraException if it cannot be parsed."""
    return unescaped(str(OverridesParser.create().parse_override(override).value()))


def values_of(override: str) -> list[tuple[str, Any]]:
    """The values of an override, each as text and parsed: its only value, or all those of a choice to sweep over.

    Empty if the override cannot be parsed, or if its values cannot be listed.
    """
    parse = OverridesParser.create().parse_override
    try:
        whole = parse(override)
        if whole.is_delete() or (whole.is_sweep_override() and not whole.is_choice_sweep()):
            return []
        typed = list(whole.sweep_string_iterator()) if whole.is_choice_sweep() else [whole.get_value_string()]
        return [(text, plain(parse(f"value={text}").value())) for text in typed]
    except HydraException:
        return []


def plain(value: Any) -> Any:
    """A value that Hydra has parsed, with every text in it `unescaped`."""
    if isinstance(value, list):
        return [plain(one) for one in value]
    return unescaped(value) if isinstance(value, str) else value


def override(key: str, text: str) -> str:
    """`key=text` in Hydra's grammar, with the text in quotes if Hydra would not read it back as it is."""
    plain = f"{key}={text}"
    try:
        if "${" not in text and OverridesParser.create().parse_override(plain).value() == text:
            return plain
    except HydraException:
        pass
    return f"{key}={quoted(text)}"


def stands_for_several(text: str) -> bool:
    """Whether an override is an axis of a sweep."""
    try:
        return bool(OverridesParser.create().parse_override(text).is_sweep_override())
    except HydraException:
        return False


def quoted(text: str) -> str:
    """The text in quotes, from which Hydra reads it back whatever is in it."""
    text = re.sub(r'(\\*)"', r'\1\1\\"', escaped(text))  # backslashes are literal unless a quote follows
    text = re.sub(r"(\\*)\Z", r"\1\1", text)  # as the closing quote does
    return f'"{text}"'


def escaped(text: str) -> str:
    """Escape `${`, which OmegaConf would otherwise take for the start of an interpolation."""
    return re.sub(r"(\\*)\$\{", r"\1\1\\${", text)


def unescaped(text: str) -> str:
    """Undo `escaped`. A `${` that is an interpolation stays."""
    return re.sub(r"(\\*)\\\$\{", lambda signs: signs[0] if len(signs[1]) % 2 else f"{signs[1][::2]}${{", text)


def leaves(nested: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    """The values of nested dicts by their dotted keys."""
    if isinstance(nested, dict):
        for key, inner in nested.items():
            yield from leaves(inner, f"{at}.{key}" if at else str(key))
    else:
        yield at, nested


def arguments_parser() -> argparse.ArgumentParser:
    """The parser of Hydra's command line: overrides, and flags such as --multirun."""
    return get_args_parser()


def overrides_of(whole: Any) -> list[str]:
    """The overrides of stx's options as they were typed. Any ${...} stays, as its value may be secret."""
    own = whole.hydra if "hydra" in whole else whole
    typed: Any = OmegaConf.to_container(own.overrides.task)
    return list(typed)


def jobs_of_sweep(whole: DictConfig, read: Callable[[list[str]], list[str]] = list) -> list[list[str]]:
    """The overrides of each job of a sweep that is a plain product. Hydra must be initialised; `read` turns words of
    the command line into the overrides that they stand for."""
    parsed = OverridesParser.create(GlobalHydra.instance().config_loader()).parse_overrides(read(swept(whole)))
    return [list(job) for batch in BasicSweeper.split_arguments(parsed, max_batch_size=None) for job in batch]


def swept(whole: DictConfig) -> list[str]:
    """The overrides of a multirun as they were typed, preceded by those in its sweeper's settings."""
    return [*(f"{key}={value}" for key, value in (whole.hydra.sweeper.params or {}).items()), *overrides_of(whole)]


class Varied(NamedTuple):
    """An override that stands for more than one value."""

    key: str
    typed: str
    values: tuple[str, ...] = ()
    """The values of a choice, as they are typed."""
    ends: tuple[float | int, float | int] | None = None
    """The ends of an interval as they are typed, or the least and the largest value in a range."""
    step: float | int | None = None
    tags: frozenset[str] = frozenset()


def varied(whole: DictConfig, read: Callable[[list[str]], list[str]] = list) -> list[str | Varied]:
    """The overrides of a multirun as they were typed, but those that stand for more than one value parsed.

    `read` is as for `jobs_of_sweep`.
    """
    parser = OverridesParser.create(GlobalHydra.instance().config_loader())
    parts: list[str | Varied] = []
    for one in parser.parse_overrides(read(swept(whole))):
        if not one.is_sweep_override():
            parts.append(str(one.input_line))
            continue
        found = Varied(one.get_key_element(), one.get_value_string())
        value: Any = one.value()
        if one.is_choice_sweep():
            found = found._replace(values=tuple(dict.fromkeys(one.sweep_string_iterator())))
        elif one.is_range_sweep():
            found = found._replace(ends=ends_of(value.start, value.stop, value.step), step=abs(value.step))
        else:
            found = found._replace(ends=(value.start, value.end))
        parts.append(found._replace(tags=frozenset(getattr(value, "tags", ()))))
    return parts


def ends_of(start: float, stop: float, step: float) -> tuple[float, float] | None:
    """The least and the largest value of range(start, stop, step), which excludes `stop`; None if it is empty."""
    first, end, by = (Decimal(str(value)) for value in (start, stop, step))
    steps = math.ceil((end - first) / by) - 1 if by else -1
    if steps < 0:
        return None
    kind = int if all(isinstance(value, int) for value in (start, stop, step)) else float
    low, high = sorted((first, first + steps * by))
    return kind(low), kind(high)


def raised_in_hydra(error: Exception) -> bool:
    """Whether Hydra itself raised an error: it raises ValueError for `group=null` and the like."""
    return traceback.extract_tb(error.__traceback__)[-1].filename.startswith(os.path.dirname(hydra.__file__))
