"""Words that begin with a dash: flags of other commands, misspelt ones, and options typed with dashes."""

import re
import sys
from collections.abc import Collection, Sequence
from difflib import get_close_matches

from stx.config.compose import arguments_parser
from stx.config.refusals import EVERYDAY, namesakes, without
from stx.config.schema import Config
from stx.errors import did_you_mean

COMPOSED = ("experiment",)
"""Groups of which none is chosen by default, so that an option of them is added with a plus."""
OF_RUNS = ("hydra", *COMPOSED, *Config.model_fields)
"""The options of a run, by the first parts of their names."""


def flag_of_run(words: Sequence[str], own: Collection[str] = ("-h", "--help")) -> str:
    """The first word that is a flag of `stx run`, such as --multirun, and not one of the command's `own`.

    Empty if there is none.
    """
    flags = set(arguments_parser()._option_string_actions).difference(own)
    return next((word for word in words if word.partition("=")[0] in flags), "")


def unrecognised(message: str, flags: Collection[str], names: Sequence[str] = OF_RUNS) -> str:
    """Argparse's message, with the nearest flag, or with the right form of an option that was typed with dashes.

    `names` are the options that the command takes.
    """
    if "ignored explicit argument" in message and (
        single := next((word for word in sys.argv[1:] if re.fullmatch(r"-[a-z-]{3,}", word)), "")
    ):
        return f"{single}{did_you_mean(f'-{single}', flags, 0.75)}: there is no such flag"
    word = first(message.partition("unrecognized arguments: ")[2])
    name, sign, value = word.partition("=")
    if not name.startswith("--"):
        return message + (did_you_mean(f"-{name}", flags, 0.75) if len(name) > 2 else "")
    hint = did_you_mean(name, flags, 0.75)
    everyday = EVERYDAY.get(name.lstrip("-"), [name.lstrip("-")])[0]
    key = spelled(everyday, names, misspelt=not hint)
    if not takes(key.lstrip("+"), names):
        return message + hint
    behind = "" if sign else following(word)
    typed = "..." if name == "--strength" else value or behind or "..."  # stx paint's has a scale of its own
    return f"{word} {behind}".rstrip() + f": an option is typed without dashes: {key}={typed}"


def first(rest: str) -> str:
    """The first of the words that argparse has joined by spaces, any of which may have spaces in it."""
    typed = (each for each in sys.argv[1:] if each and (rest == each or rest.startswith(f"{each} ")))
    return next(typed, rest.split(" ")[0])


def spelled(key: str, names: Sequence[str], misspelt: bool) -> str:
    """An option's name as it is to be typed: with its group or a plus, and if it may be `misspelt`, with the nearest
    first part."""
    if key in COMPOSED and key in names:
        return f"+{key}"
    if key in names:
        return key
    options = [each for each in namesakes(key, without(key, [])) if takes(each, names)]
    if len(options) == 1:
        return options[0]
    head, dot, rest = key.partition(".")
    heads = sorted({each.partition(".")[0] for each in names})
    nearest = get_close_matches(head, heads, 1, 0.75) if misspelt and head not in heads else []
    return f"{nearest[0]}{dot}{rest}" if nearest else key


def takes(key: str, names: Collection[str]) -> bool:
    """Whether a command that takes these options takes this one. A name stands for all that is below it, unless some of
    that is named, too."""
    head = re.split(r"[./]", key)[0]
    return key in names or (head in names and not any(each.startswith(f"{head}.") for each in names))


def following(word: str) -> str:
    """The word behind this one on the command line, if it can be its value; else empty."""
    words = sys.argv[sys.argv.index(word) + 1 :] if word in sys.argv else []
    return words[0] if words and not words[0].startswith("-") and "=" not in words[0] else ""
