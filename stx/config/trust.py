"""Which functions a YAML may name: it may be somebody else's, and a call can do anything."""

import importlib
import os
import sys
from collections.abc import Iterable

from stx.errors import UserError, did_you_mean

OFFERING = ("stx.stats", "stx.loop.optimisers", "stx.measures.distances", "stx.measures.transport")
"""Modules that publish in `__all__` what a YAML may name, whatever else they have or have imported."""
LOSSES = "torch.nn.functional"
"""It publishes no list: its losses are told by how their names end."""
ENDINGS = ("_loss", "_div", "_cross_entropy", "_cross_entropy_with_logits")
HOMES = (*OFFERING, "torch.nn", "torch._C._nn")
"""Where that may be defined which a module that the user trusts has from elsewhere."""
TRUST = "STX_TRUST"
"""The environment variable with further modules, separated by commas: it is the user's, and no YAML sets it."""


def refuse_target(target: str, option: str) -> None:
    """Raise UserError for what is neither published nor trusted: before it is imported, as that runs it too."""
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
    """Let modules of the user's be imported from where one works, as `python -m` does and a console script does not.
    Last: nothing there takes a package's place."""
    if "" not in sys.path:
        sys.path.append("")


def refuse_home(target: str, option: str, home: str) -> None:
    """Raise UserError for what is defined in `home`, and named by way of a trusted module, as `mine.os.system`."""
    if not below(home, (*HOMES, *trusted())):
        raise untrusted(target, option, home)


def published(module: str) -> list[str]:
    """What a module has for a YAML to name: nothing, where it is not for that, and then it is not imported."""
    if module in OFFERING:
        return list(importlib.import_module(module).__all__)
    if module == LOSSES:
        return [name for name in dir(importlib.import_module(module)) if f"_{name}".endswith(ENDINGS)]
    return []


def trusted() -> list[str]:
    """Further modules, as the user says."""
    return list(filter(None, os.environ.get(TRUST, "").split(",")))


def below(name: str, modules: Iterable[str]) -> bool:
    return any(name == module or name.startswith(f"{module}.") for module in modules)


def untrusted(target: str, option: str, module: str) -> UserError:
    top = module.partition(".")[0] or target
    modules = ",".join([*filter(None, [os.environ.get(TRUST)]), top])
    hint = "" if top == "stx" else f"; if you trust {top}, say so: {TRUST}={modules}"
    return UserError(
        f"{option}._target_={target}: a YAML may call functions of stx and torch.nn alone{hint}\n"
        f"of stx and torch.nn it may call what {', '.join(OFFERING)} publish and the losses of {LOSSES}"
    )
