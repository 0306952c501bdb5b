"""A function named in the config, with its keyword arguments checked against its signature."""

import inspect
import pkgutil
import sys
from functools import cache, partial
from typing import Any, get_type_hints

import yaml
from pydantic import ConfigDict, TypeAdapter, ValidationError

from stx.config.explain import explain_value, unknown_option
from stx.config.schema import CONF, Call, in_float32, whole
from stx.config.trust import refuse_home, refuse_target
from stx.errors import UserError, did_you_mean, first_line, line_of

FEW_OWNERS = 2
"""Most options that a message names as having a setting. A setting in more YAML files belongs to a shared function, and
other options of that function have it too without listing it."""
STRICT = ConfigDict(strict=True, allow_inf_nan=False)
"""true is not a number, 1.5 is not an int, and infinity and NaN are refused."""


def bind(call: Call, option: str, given: tuple[str, ...]) -> "partial[Any]":
    """The function or class that a config section names, as a partial with its keyword arguments.

    `given` names the arguments after the first that the caller passes itself. Raises UserError.
    """
    refuse_target(call.target, option)
    try:
        function = pkgutil.resolve_name(call.target)
        signature = inspect.signature(function)
        hints = get_type_hints(function.__init__ if inspect.isclass(function) else function, include_extras=True)
    except (Exception, SystemExit) as error:  # the user's own module may do anything while it is imported
        raise UserError(f"{option}._target_={call.target}: {unimported(call.target, error)}") from error
    refuse_home(call.target, option, getattr(function, "__module__", None) or "")
    parameters = {
        name: parameter
        for name, parameter in list(signature.parameters.items())[1:]
        if name not in given and parameter.kind is not parameter.VAR_KEYWORD
    }
    fields = [name for name in type(call).model_fields if name not in ("target", "name")]
    arguments: dict[str, Any] = {}
    for name, value in (call.model_extra or {}).items():
        if name not in parameters:
            raise UserError(of_another(f"{option}.{name}") + unknown_option(f"{option}.{name}", [*parameters, *fields]))
        arguments[name] = checked(f"{option}.{name}", value, hints.get(name, Any))
    for name, parameter in parameters.items():
        if name not in arguments and parameter.default is parameter.empty:
            raise UserError(f"{option}.{name} must be given: {call.target} has no default for it")
    return partial(function, **arguments)


def unimported(target: str, error: BaseException) -> str:
    """Why a function could not be imported: its own module fails, or there is no function of that name."""
    place = line_of(error)
    if place or not isinstance(error, (ImportError, AttributeError, ValueError, TypeError)):
        said = error.msg if isinstance(error, SyntaxError) else first_line(error)
        return f"importing it fails: {type(error).__name__}: {said}{place}"
    why = f"{error}{neighbour(target)}"
    if isinstance(error, ModuleNotFoundError):
        why = f"{why}; modules of your own are looked for in this folder and on PYTHONPATH"
    return f"no function of that name can be imported ({why})"


def neighbour(target: str) -> str:
    """A hint at the most similar name in a module that lacks the function `target`."""
    module, _, name = target.rpartition(".")
    return did_you_mean(name, dir(sys.modules[module])) if module in sys.modules else ""


def checked(option: str, value: Any, hint: Any) -> Any:
    """`value`, checked against an argument's type hint; 1e3 becomes an int if the hint is for one. Raises UserError."""
    if takes_whole_numbers(hint):
        value = whole(value)
    try:
        TypeAdapter(hint, config=STRICT).validate_python(value)
        if isinstance(value, float):
            in_float32(value)
    except ValidationError as error:
        raise UserError(explain_value(option, value, error)) from None
    except ValueError as error:
        raise UserError(f"{option}: {error}") from None
    return value


def takes_whole_numbers(hint: Any) -> bool:
    """Whether a type hint is for whole numbers, so that 1e3 may be typed for 1000."""
    return hint is int or getattr(hint, "__origin__", None) is int


@cache
def option_of(group: str, function: str) -> str:
    """The option of `group` that stands for a function of stx.stats, or the function's own name unless exactly one
    option does."""
    files = sorted((CONF / group).glob("*.yaml"))
    targets = {file.stem: yaml.safe_load(file.read_text(encoding="utf-8")).get("_target_") for file in files}
    options = [option for option, target in targets.items() if target == f"stx.stats.{function}"]
    return options[0] if len(options) == 1 else function


def of_another(option: str) -> str:
    """Which other options of its group have an unknown setting; empty if none has it, or more than FEW_OWNERS."""
    group, _, name = option.partition(".")
    files = sorted((CONF / group).glob("*.yaml")) if group.isidentifier() and name.isidentifier() else []
    owners = [file.stem for file in files if name in (yaml.safe_load(file.read_text(encoding="utf-8")) or {})]
    return f"{option} is a setting of {group}={' and '.join(owners)}; " if 0 < len(owners) <= FEW_OWNERS else ""
