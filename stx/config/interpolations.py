"""Messages, in terms of the command line, for a typed ${...} that cannot be resolved."""

import re

from omegaconf import OmegaConf
from omegaconf.errors import (
    GrammarParseError,
    InterpolationKeyError,
    InterpolationResolutionError,
    OmegaConfBaseException,
    UnsupportedInterpolationType,
)

from stx.errors import UserError

EXAMPLE = "${oc.env:NAME} is a variable of the environment, ${optim.steps} another option's value"


def resolved(option: str, text: str) -> str:
    """Resolve ${...} in an option's value, for a command that composes no config. Raises UserError."""
    try:
        return str(OmegaConf.select(OmegaConf.create({"typed": text}), "typed"))
    except OmegaConfBaseException as error:
        raise UserError(f"{option}: {refused(error, str(error).partition(chr(10))[0])}") from None


def unresolved(error: OmegaConfBaseException) -> str:
    """A message with the option whose ${...} cannot be resolved and what would be right; empty for any other error."""
    why = refused(error, str(error).partition("\n")[0])
    return f"{error.full_key or 'an option'}: {why}" if why else ""


def refused(error: OmegaConfBaseException, said: str) -> str:
    if missing := re.search(r"Environment variable '([^']+)' not found", said):
        name = missing[1]
        return f"the environment has no variable {name}; set it, or say what holds without it: ${{oc.env:{name},value}}"
    if isinstance(error, UnsupportedInterpolationType):
        return f"there is no ${{{said.rpartition(' ')[2]}:...}}; {EXAMPLE}"
    if isinstance(error, InterpolationKeyError):
        key = re.sub(r".*'([^']*)'.*", r"\1", said)
        return f"no option is called {key}, so ${{{key}}} stands for nothing; {EXAMPLE}"
    if "Recursive interpolation" in said:
        return "its ${...} leads back to itself; give a value"
    if isinstance(error, GrammarParseError | InterpolationResolutionError):
        why = said.partition("raised while resolving interpolation: ")[2] or said
        return f"its ${{...}} cannot be read ({why}); {EXAMPLE}"
    return ""
