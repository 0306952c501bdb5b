"""Which functions a YAML may name: the YAML may be somebody else's, and a call can do anything."""

import importlib
import os
import sys
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from stx.errors import UserError, did_you_mean

OFFERING = ("stx.stats", "stx.loop.optimisers", "stx.measures.distances", "stx.measures.transport")
"""Modules in which a YAML may name what `__all__` lists, and nothing else that they define or import."""
LOSSES = "torch.nn.functional"
"""The module of PyTorch's losses. It publishes no list of them, so they are recognised by their names' endings."""
ENDINGS = ("_loss", "_div", "_cross_entropy", "_cross_entropy_with_logits")
HOMES = (*OFFERING, "torch.nn", "torch._C._nn")
"""Modules in which a named function may be defined, besides those that the user trusts."""
TRUST = "STX_TRUST"
"""The environment variable with further trusted modules, separated by commas. Only the user sets it, never a YAML."""


def refuse_target(target: str, option: str) -> None:
    """Raise UserError for a name that is neither published nor trusted.

    This comes before the import, which would already run code of the module.
    """
    if "." not in target:
        example = next((module for module in OFFERING if target in published(module)), "mine")
        raise UserError(
            f"{option}._target_={target}: should be module.function, such as {example}.{target or 'statistic'}"
        )
    if below(target, trusted()):
        look_here()
        return
    module, _, name = target.rpartition(".")
    names = published(module)
    if names and name not in names:
        raise UserError(
            f"{option}._target_={target}: no function of that name can be imported from what {module} publishes"
            f"{did_you_mean(name, names)}"
        )
    if not names:
        raise untrusted(target, option, target)


def look_here() -> None:
    """Let the user's modules be imported from the working directory, as with `python -m` but not a console script.

    It comes last in `sys.path`, so that nothing in it shadows a package.
    """
    if "" not in sys.path:
        sys.path.append("")


def refuse_home(target: str, option: str, home: str) -> None:
    """Raise UserError if the module that defines a function, `home`, is not allowed, as for `mine.os.system`."""
    if not below(home, (*HOMES, *trusted())):
        raise untrusted(target, option, home)


def published(module: str) -> list[str]:
    """The names of a module that a YAML may use. Modules that are not meant for that have none and are not imported."""
    if module in OFFERING:
        return list(importlib.import_module(module).__all__)
    if module == LOSSES:
        return [name for name in dir(importlib.import_module(module)) if f"_{name}".endswith(ENDINGS)]
    return []


def trusted() -> list[str]:
    """Further modules that the user trusts, whose files may be named too: mine.py is mine."""
    return [name.removesuffix(".py") for name in filter(None, os.environ.get(TRUST, "").split(","))]


def own_modules(config: Any) -> list[str]:
    """The modules of a config's functions that are neither stx's nor PyTorch's, which the user has to trust."""
    if isinstance(config, Mapping):
        target = str(config.get("_target_") or "").partition(".")[0]
        own = [target] if target not in ("", "stx", "torch") else []
        return sorted({*own, *(name for value in config.values() for name in own_modules(value))})
    return sorted({name for each in config for name in own_modules(each)}) if isinstance(config, list | tuple) else []


def below(name: str, modules: Iterable[str]) -> bool:
    return any(name == module or name.startswith(f"{module}.") for module in modules)


def untrusted(target: str, option: str, module: str) -> UserError:
    top = module.partition(".")[0] or target
    modules = ",".join([*filter(None, [os.environ.get(TRUST)]), top])
    near = "".join(f" ({TRUST} names {name}: is that the same?)" for name in get_close_matches(top, trusted(), n=1))
    hint = "" if top == "stx" else f"; if you trust {top}, say so: {TRUST}={modules}{near}"
    return UserError(
        f"{option}._target_={target}: a YAML may call functions of stx and torch.nn only{hint}\n"
        f"these are the functions that {', '.join(OFFERING)} publish, and the losses of {LOSSES}"
    )
