"""A function named in the config, with its keyword arguments checked against its signature."""

import inspect
import os
import pkgutil
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from stx.config.explain import unknown_option
from stx.config.schema import Call
from stx.errors import UserError

TRUSTED = ("stx", "torch.nn", "torch._C._nn")
"""Where functions may come from that a YAML names: it may be somebody else's, and a call can do anything."""
TRUST = "STX_TRUST"
"""The environment variable with further modules, separated by commas: it is the user's, and no YAML sets it."""


def refuse_untrusted(target: str, module: str, option: str) -> None:
    """Raise UserError unless `module`, or what is above it, is trusted: before it is imported, as that runs it too."""
    trusted = [*TRUSTED, *filter(None, os.environ.get(TRUST, "").split(","))]
    if not any(module == name or module.startswith(f"{name}.") for name in trusted):
        wanted = module.partition(".")[0] or target
        raise UserError(
            f"{option}._target_={target}: a YAML may call functions of stx and torch.nn alone; if you trust {wanted}, "
            f"say so: {TRUST}={wanted}"
        )


def bind(call: Call, option: str, given: tuple[str, ...]) -> Callable[..., Any]:
    """The function that a config section names, as a partial of its keyword arguments.

    `given` are the arguments that the caller passes itself. Raises UserError.
    """
    refuse_untrusted(call.target, call.target, option)
    try:
        function = pkgutil.resolve_name(call.target)
        signature, hints = inspect.signature(function), get_type_hints(function, include_extras=True)
    except (ImportError, AttributeError, ValueError, TypeError, NameError) as error:
        raise UserError(
            f"{option}._target_={call.target}: no function of that name can be imported ({error})"
        ) from None
    refuse_untrusted(call.target, getattr(function, "__module__", None) or "", option)
    parameters = {
        name: parameter
        for name, parameter in list(signature.parameters.items())[1:]
        if name not in given and parameter.kind is not parameter.VAR_KEYWORD
    }
    arguments: Mapping[str, Any] = call.model_extra or {}
    for name, value in arguments.items():
        if name not in parameters:
            raise UserError(unknown_option(f"{option}.{name}", list(parameters)))
        try:
            TypeAdapter(hints.get(name, Any)).validate_python(value)
        except ValidationError as error:
            causes = " or ".join(cause["msg"].lower().removeprefix("input should be ") for cause in error.errors())
            raise UserError(f"{option}.{name}={value}: should be {causes}") from None
    for name, parameter in parameters.items():
        if name not in arguments and parameter.default is parameter.empty:
            raise UserError(f"{option}.{name} must be given: {call.target} has no default for it")
    return partial(function, **arguments)
