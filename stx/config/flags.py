"""Words that begin with a dash: flags of other commands, misspelt ones, and options typed with dashes."""

import re
import sys
from collections.abc import Collection, Sequence
from difflib import get_close_matches

from stx.config.compose import arguments_parser
from stx.config.refusals import namesakes, without
from stx.config.schema import Config
from stx.errors import did_you_mean


def flag_of_run(words: Sequence[str], own: Collection[str] = ("-h", "--help")) -> str:
    """The first word that is a flag of `stx run`, such as --multirun, and not one of the command's `own`.

    Empty if there is none.
    """
    flags = set(arguments_parser()._option_string_actions).difference(own)
    return next((word for word in words if word.partition("=")[0] in flags), "")


COMPOSED = ("experiment",)
"""Groups of which none is chosen by default, so that an option of them is added with a plus."""


OF_RUNS = (*COMPOSED, *Config.model_fields)
"""The options of a run, by the first parts of their names."""


def unrecognised(message: str, flags: Collection[str], names: Sequence[str] = OF_RUNS) -> str:
    """Argparse's message, with the nearest flag, or with the right form of an option that was typed with dashes.

    `names` are the options that the command takes.
    """
    if "ignored explicit argument" in message and (
        single := next((word for word in sys.argv[1:] if re.fullmatch(r"-[a-z-]{3,}", word)), "")
    ):
        return f"{single}{did_you_mean(f'-{single}', flags, 0.75)}: there is no such flag"
    word = message.partition("unrecognized arguments: ")[2].split(" ")[0]
    name, sign, value = word.partition("=")
    key, hint = name.lstrip("-"), did_you_mean(name, flags, 0.75)
    if not name.startswith("--"):
        return message + (did_you_mean(f"-{name}", flags, 0.75) if len(name) > 2 else "")
    heads = {each.partition(".")[0] for each in names}
    options = [each for each in namesakes(key, without(key, [])) if each.partition(".")[0] in heads]
    if key in COMPOSED and key in names:
        key = f"+{key}"
    elif key not in names and len(options) == 1:
        key = options[0]
    elif not hint and (near := get_close_matches(key, names, 1, 0.75)):
        key = near[0]
    if key.lstrip("+").partition(".")[0] in heads or (sign and not hint):
        behind = "" if sign else following(word)
        return f"{word} {behind}".rstrip() + f": an option is typed without dashes: {key}={value or behind or '...'}"
    return message + hint


def following(word: str) -> str:
    """The word behind this one on the command line, if it can be its value; else empty."""
    words = sys.argv[sys.argv.index(word) + 1 :] if word in sys.argv else []
    return words[0] if words and not words[0].startswith("-") and "=" not in words[0] else ""
