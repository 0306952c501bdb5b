"""From overrides, as one types them, to a config: the one place that asks Hydra."""

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
from hydra.errors import ConfigCompositionException as ConfigCompositionException  # for others, who import no hydra
from hydra.errors import HydraException as HydraException
from hydra.errors import MissingConfigException as MissingConfigException
from hydra.errors import OverrideParseException as OverrideParseException
from hydra.types import HydraContext, RunMode
from omegaconf import DictConfig, OmegaConf

from stx.config.internals import BasicSweeper, Callbacks, get_args_parser
from stx.config.loader import OncePerChoice
from stx.config.schema import CONF, Config, validate

# The plugin of a launcher stores the types of its settings under the name that stx's preset for it has.
warnings.filterwarnings("ignore", message=r"\s*'hydra/launcher/", category=UserWarning)

ENTRY = "config"
"""conf/config.yaml, which all is composed from."""


class Composition(NamedTuple):
    """What overrides come to."""

    config: Config
    choices: dict[str, str]
    """The option of each config group."""
    overrides: list[str]


def composition(overrides: Sequence[str]) -> Composition:
    """Raises HydraException for what cannot be composed, UserError for what the schema refuses."""
    whole = compose(overrides)
    return Composition(validate(task(whole)), choices_of(whole.hydra), list(overrides))


def compose(overrides: Sequence[str], entry: str = ENTRY) -> DictConfig:
    """All that overrides compose, with Hydra's own part in `hydra`."""
    with at_work():
        return hydra.compose(entry, list(overrides), return_hydra_config=True)


@contextmanager
def at_work() -> Iterator[None]:
    """Hydra on stx's configs. In a Hydra command it is at work already and stays, with the search path typed there."""
    if GlobalHydra.instance().is_initialized():
        yield
    else:
        with initialize_config_dir(str(CONF), version_base="1.3"):
            yield


def once_per_choice() -> OncePerChoice:
    """Hydra's loader for as long as it is at work: it keeps what it has composed, for the jobs of a sweep."""
    own = GlobalHydra.instance().hydra
    assert own is not None
    loader = OncePerChoice(own.config_loader)  # type: ignore[arg-type]  # of which Hydra has one kind
    own.config_loader = loader
    return loader


def multirun(overrides: Sequence[str]) -> tuple[DictConfig, HydraContext]:
    """What Hydra has at hand at the start of a sweep, for a command that is none of its own; while it is at work."""
    loader = GlobalHydra.instance().config_loader()
    return loader.load_configuration(ENTRY, list(overrides), RunMode.MULTIRUN), HydraContext(loader, Callbacks())


def task(whole: DictConfig) -> DictConfig:
    """What stx makes of it: all but Hydra's own part."""
    return OmegaConf.masked_copy(whole, [str(key) for key in whole if key != "hydra"])


def choices_of(own: DictConfig | HydraConf) -> dict[str, str]:
    """The option of each config group of stx, from Hydra's own part."""
    return {group: option for group, option in own.runtime.choices.items() if "/" not in group}


def key_of(override: str) -> str:
    """The dotted key that an override sets."""
    return override.lstrip("+~").partition("=")[0]


def value_of(override: str) -> str:
    """The text that an override sets, out of its quotes. Raises HydraException for what is none."""
    return unescaped(str(OverridesParser.create().parse_override(override).value()))


def values_of(override: str) -> list[tuple[str, Any]]:
    """What an override stands for, each as one types it and as it is: its value, or those that a sweep goes through.

    Nothing of what cannot be read, or has no values that could be listed.
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
    """A value of Hydra's grammar, each text in it as it was before it was `escaped`."""
    if isinstance(value, list):
        return [plain(one) for one in value]
    return unescaped(value) if isinstance(value, str) else value


def override(key: str, text: str) -> str:
    """`key=text` as Hydra reads it back, in quotes where the text has signs in it that Hydra takes for its own."""
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
    """In quotes, from which Hydra takes whatever text it is."""
    text = re.sub(r'(\\*)"', r'\1\1\\"', escaped(text))  # a backslash is one, unless a quote follows
    text = re.sub(r"(\\*)\Z", r"\1\1", text)  # as the closing one does
    return f'"{text}"'


def escaped(text: str) -> str:
    """As OmegaConf gives it back: `${` would be the value of another option."""
    return re.sub(r"(\\*)\$\{", r"\1\1\\${", text)


def unescaped(text: str) -> str:
    """What `escaped` was given; `${` that is another option's value stays."""
    return re.sub(r"(\\*)\\\$\{", lambda signs: signs[0] if len(signs[1]) % 2 else f"{signs[1][::2]}${{", text)


def leaves(nested: Any, at: str = "") -> Iterator[tuple[str, Any]]:
    """The values of nested dicts by their dotted keys."""
    if isinstance(nested, dict):
        for key, inner in nested.items():
            yield from leaves(inner, f"{at}.{key}" if at else str(key))
    else:
        yield at, nested


def arguments_parser() -> argparse.ArgumentParser:
    """Of Hydra's command line: overrides, and flags such as --multirun."""
    return get_args_parser()


def overrides_of(whole: Any) -> list[str]:
    """Those of stx as they were typed, with the ${...} in them: what one stands for may be a secret."""
    own = whole.hydra if "hydra" in whole else whole
    typed: Any = OmegaConf.to_container(own.overrides.task)
    return list(typed)


def jobs_of_sweep(whole: DictConfig, read: Callable[[list[str]], list[str]] = list) -> list[list[str]]:
    """The overrides of each job of a sweep that is a plain product, while Hydra is at work on it. `read` says what
    words of the command line stand for."""
    parsed = OverridesParser.create(GlobalHydra.instance().config_loader()).parse_overrides(read(swept(whole)))
    return [list(job) for batch in BasicSweeper.split_arguments(parsed, max_batch_size=None) for job in batch]


def swept(whole: DictConfig) -> list[str]:
    """The overrides of a multirun as they are typed, behind those that its sweeper's settings have."""
    return [*(f"{key}={value}" for key, value in (whole.hydra.sweeper.params or {}).items()), *overrides_of(whole)]


class Varied(NamedTuple):
    """An override that stands for more than one value."""

    key: str
    typed: str
    values: tuple[str, ...] = ()
    """Of a choice, as one types each."""
    ends: tuple[float | int, float | int] | None = None
    """Of an interval, as they are typed, and of a range, the first and the last that are in it."""
    step: float | int | None = None
    tags: frozenset[str] = frozenset()


def varied(whole: DictConfig, read: Callable[[list[str]], list[str]] = list) -> list[str | Varied]:
    """The overrides of a multirun as they are typed, and those that stand for more than one value in parts. `read` as
    for `jobs_of_sweep`."""
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
    """The least and the largest of range(start, stop, step), which leaves `stop` out; nothing of an empty one."""
    first, end, by = (Decimal(str(value)) for value in (start, stop, step))
    steps = math.ceil((end - first) / by) - 1 if by else -1
    if steps < 0:
        return None
    kind = int if all(isinstance(value, int) for value in (start, stop, step)) else float
    low, high = sorted((first, first + steps * by))
    return kind(low), kind(high)


def raised_in_hydra(error: ValueError) -> bool:
    """Hydra answers `group=null` and the like with plain ValueErrors."""
    return traceback.extract_tb(error.__traceback__)[-1].filename.startswith(os.path.dirname(hydra.__file__))
