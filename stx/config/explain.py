"""Messages for mistakes on the command line: in one to three lines the option, what is allowed, the nearest match."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from omegaconf.errors import OmegaConfBaseException
from pydantic import ValidationError
from yaml import MarkedYAMLError

from stx.config.interpolations import unresolved
from stx.config.spelled import spelled
from stx.errors import UserError, did_you_mean

TAGS = {
    "init": ("auto", "noise", "picture", "content", "style", "grey"),
    "temporal": ("none", "moved"),
    "colour": ("style", "luminance", "after", "match"),
    "tracking": ("mlflow", "none"),
    "content_stat": ("one", "several"),
    "style_stat": ("one", "several"),
    "style": ("one", "many"),
    "prior": ("some", "none"),
    "pyramid": ("steps", "word"),
}
"""Sections that are unions, with the tags of their members: pydantic puts the tag that it tried into an error's path,
right after the section."""
KEY = "[key]"
"""What pydantic puts at the end of an error's path if a mapping's key is at fault, and not the value."""


def explain(error: ValidationError, plain: Any, in_file: bool = False) -> str:
    """A message for the first value that the schema refuses in the config `plain`.

    It is in terms of the command line or, if `plain` stands `in_file`, of YAML.
    """
    errors = error.errors()
    first = next((each for each in errors if each["type"] == "extra_forbidden"), errors[0])  # it may be a missing one
    keys = [
        str(key)
        for before, key in zip(("", *first["loc"]), first["loc"], strict=False)
        if key not in TAGS.get(str(before), ())
    ]
    named = keys[-1:] == [KEY]  # the fault is the name itself
    option = ".".join(keys[:-1] if named else keys)
    kind, value, typed = first["type"], first["input"], spelled(first["input"])
    if named and kind == "string_type":
        return f"{'.'.join(keys[:-2])}: the name {typed} should be text, in quotes"
    if kind == "extra_forbidden":
        lacking = [each["loc"] for each in errors if each["type"] == "missing"]
        names = [*(str(loc[-1]) for loc in lacking if loc[:-1] == first["loc"][:-1]), *section(plain, keys)]
        return unknown_option(option, [name for name in names if name != keys[-1]])
    if kind == "missing":
        beside = f"; {'.'.join(keys[:-1])} has {', '.join(map(str, section(plain, keys)))}" if keys[1:] else ""
        return f"{option} must be given{beside}"
    if kind == "literal_error":
        allowed = [word or number for word, number in re.findall(r"'([^']*)'|(\d+)", first["ctx"]["expected"])]
        return f"{option}={typed}: choose from {', '.join(allowed)}{did_you_mean(typed, allowed)}"
    if kind == "union_tag_invalid":
        allowed = re.findall(r"'([^']*)'", first["ctx"]["expected_tags"])
        return f"{option}.name={first['ctx']['tag']}: it is chosen by {option}=, from {', '.join(allowed)}"
    if kind == "string_type":
        if in_file:
            return f"{option}={typed}: should be text{'' if isinstance(value, dict | list) else ', in quotes'}"
        quoted = f"; a number as a name is quoted twice: '{option}=\"{value}\"'" if isinstance(value, int) else ""
        return f"{option}={typed}: should be text{quoted}"
    if kind == "model_type":
        own = {"masks": "masks.content=a.png masks.style=b.png"}.get(option, f"{option}.name=value")
        return f"{option}={typed}: has options of its own, {own}"
    if kind in ("string_too_short", "too_short"):
        return f"{option}= is empty"
    message = first["msg"].removeprefix("Value error, ").removeprefix("Input should be ").removeprefix(f"{option}: ")
    return f"{option}={typed}: should be {message}" if kind != "value_error" else f"{option}: {message}"


def twice(error: Exception) -> str:
    """A message for an error of Hydra's YAML about a key that stands twice in a mapping; empty for any other."""
    key = re.match("found duplicate key (.*)", (isinstance(error, MarkedYAMLError) and error.problem) or "", re.DOTALL)
    mark = error.problem_mark if key and isinstance(error, MarkedYAMLError) else None
    return f"{mark.name}, line {mark.line + 1}: {key[1]} appears twice" if key and mark else ""


def section(plain: Any, keys: Sequence[str]) -> Any:
    """The section that contains an option."""
    for key in keys[:-1]:
        plain = plain[key]
    return plain


def explain_value(option: str, value: Any, error: ValidationError) -> str:
    """A message for a value that a function's signature refuses."""
    causes = [cause["msg"] for cause in error.errors()]
    if causes[0].startswith("Value error, "):
        return f"{option}: {causes[0].removeprefix('Value error, ')}"
    wanted = " or ".join(cause.lower().removeprefix("input should be ") for cause in causes)
    return f"{option}={spelled(value)}: should be {wanted}"


def unknown_option(option: str, allowed: Iterable[str], elsewhere: Sequence[str] = ()) -> str:
    """A message for an option that does not exist.

    `allowed` are the names in its section, `elsewhere` the options of the same name in other groups.
    """
    parent, _, name = option.rpartition(".")
    allowed = list(allowed)
    if elsewhere:
        return f"there is no option {option} (did you mean {' or '.join(elsewhere)}?)"
    offered = f"{parent} has {', '.join(allowed)}" if parent else f"The options are {', '.join(allowed)}"
    return f"there is no option {option}{did_you_mean(name, allowed)}.\n{offered if allowed else f'{parent} has none'}"


def explain_plain(error: Exception) -> str:
    """A message for an error of OmegaConf or YAML, in one line that begins with the option or the file."""
    if isinstance(error, OmegaConfBaseException) and (why := unresolved(error)):
        return why
    if isinstance(error, MarkedYAMLError) and (mark := error.context_mark or error.problem_mark):
        why = "; ".join(filter(None, (error.context, error.problem)))
        return twice(error) or f"{mark.name}, line {mark.line + 1}: a setting is written `name: value` ({why})"
    option = getattr(error, "full_key", None)
    lines = [
        line.strip()
        for line in str(error).splitlines()
        if not line.strip().startswith(("full_key", "object_type", "reference_type"))
    ]
    text = "\n".join(lines) if isinstance(error, UserError) else " ".join(lines)
    return f"{option}: {text}" if option else text
