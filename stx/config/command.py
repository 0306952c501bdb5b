"""What every command does with a mistake: the message in one or two lines, and the exit status."""

import os
import re
import sys
import traceback
import warnings
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, nullcontext, redirect_stdout, suppress
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any, NoReturn

import yaml
from omegaconf.errors import OmegaConfBaseException

from stx import __version__
from stx.config.compose import HydraException, arguments_parser, key_of, raised_in_hydra
from stx.config.explain import explain_plain
from stx.config.refusals import explain_hydra, namesakes, not_by_name, without
from stx.config.schema import Config
from stx.config.secrets import hidden, taken_out
from stx.config.typed import as_typed
from stx.errors import Diverged, Stopped, UserError, did_you_mean

UNSHOWN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\udc80-\udcff]")
"""Of the names of files and of what others send: what a terminal would obey, and bytes that are not UTF-8."""
DEBUG = os.environ.get("HYDRA_FULL_ERROR") == "1"
"""Set by the user, it means what it means to Hydra: the whole traceback, for mistakes too."""


def main(entry: Callable[[], Any], read: Callable[[list[str]], list[str]] = list) -> None:
    """Run a `hydra.main` function. Exits with 2 for a mistake of the user's, 1 for what was not foreseen.

    `read` says what the words of the command line stand for.
    """
    if "--version" in sys.argv[1:]:  # Hydra would say its own
        sys.stdout.write(f"stx {__version__}\n")
        return
    os.environ["HYDRA_FULL_ERROR"] = "1"  # else Hydra prints its own message and exits with 1
    try:
        with answering():
            together(read)
            with resolved_for_people() if "--resolve" in sys.argv else nullcontext():
                entry()
    finally:
        if not DEBUG:
            os.environ.pop("HYDRA_FULL_ERROR", None)


@contextmanager
def resolved_for_people() -> Iterator[None]:
    """Hydra shows what ${oc.env:...} stands for; a password it is not to show."""
    with redirect_stdout(StringIO()) as shown:
        yield
    result(hidden(shown.getvalue().rstrip("\n")))


def together(read: Callable[[list[str]], list[str]] = list) -> None:
    """Put the overrides of the command line in one row, as Hydra's parser wants them, wherever flags stand among them,
    and names of files as they are typed.

    Raises UserError for what that parser would answer with its usage, eight lines of it.
    """

    def refuse(message: str) -> NoReturn:
        raise UserError(
            f"{unrecognised(message, parser._option_string_actions)}\noptions are key=value (optim.steps=5), before or "
            "behind flags such as --multirun; --help lists them"
        )

    sys.argv[1:] = read(as_typed(sys.argv[1:]))
    parser = arguments_parser()
    parser.error = refuse  # type: ignore[method-assign]
    arguments = parser.parse_intermixed_args()
    flags = sys.argv[1:]
    for override in arguments.overrides:
        flags.remove(override)
    sys.argv[1:] = [*arguments.overrides, *flags]


def say(line: str) -> None:
    """On stderr, with a sign in place of what is UNSHOWN. What cannot be written there, to a closed terminal or a full
    log, ends nothing."""
    with suppress(OSError, ValueError):
        sys.stderr.write(f"{UNSHOWN.sub(chr(0xFFFD), line)}\n")


@cache
def say_once(line: str) -> None:
    """`say`, but once in a process, whose jobs may all have the same to say."""
    say(line)


def result(line: str) -> None:
    """On stdout. It may be closed, or a pipe whose reader has gone: `| head -1`. Of a full one it is on stderr."""
    try:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
    except OSError as error:
        if not isinstance(error, BrokenPipeError):
            say(f"{line}\nstx: stdout: {error.strerror}")
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python fails once more at its end


def open_streams() -> None:
    """Python has None for a stream that was closed before it began."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if hasattr(stream, "reconfigure"):  # a file's name need not be UTF-8
            stream.reconfigure(errors="surrogateescape" if name == "stdout" else "backslashreplace")
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115  # for as long as it runs


@contextmanager
def answering(overrides: Sequence[str] | None = None) -> Iterator[None]:
    """Warnings in a line each, mistakes as in `mistakes`, and status 1 for what kept a run from its end.

    A fault of stx's own is told as Python tells it, but without a store's password.
    """
    sys.excepthook = lambda *fault: say(hidden("".join(traceback.format_exception(*fault))).rstrip())
    warnings.formatwarning = lambda message, *_, **__: f"stx: {message}\n"
    try:
        with mistakes(overrides):
            yield
    except (Diverged, Stopped) as error:
        say(f"stx: {error}")
        sys.exit(1)


@contextmanager
def mistakes(overrides: Sequence[str] | None = None) -> Iterator[None]:
    """Print a mistake of the user's without a traceback, and exit with status 2.

    `overrides` are those that were typed, where the command does not read them by Hydra's own parser.
    """
    open_streams()
    try:
        yield
    except KeyboardInterrupt as interrupt:  # which may have something to say
        say(f"stx: {interrupt or 'interrupted'}")
        sys.exit(130)
    except BrokenPipeError:  # whoever read what is written here has gone: `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # else Python fails once more at its end
        sys.exit(0)
    except (UserError, HydraException, OmegaConfBaseException, yaml.YAMLError, OSError, ValueError) as error:
        if type(error) is ValueError and not raised_in_hydra(error):
            raise
        if DEBUG:
            say(hidden(traceback.format_exc()))
        if isinstance(error, HydraException):
            message = explain_hydra(error, overrides)
        elif isinstance(error, OSError):  # a folder that cannot be made, a full disk
            message = f"{error.filename or 'files'}: {error.strerror or error}"
        elif "Config group override must be" in str(error):
            message = not_by_name(sys.argv[1:] if overrides is None else overrides) or explain_plain(error)
        else:
            message = explain_plain(error)
        say(f"stx: {hidden(message)}")
        sys.exit(2)


def own_options(given: Sequence[str], names: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """A batch command's own options, the last of each that counts, and what is meant for all of its runs."""
    own = {key_of(text): text.partition("=")[2] for text in given if key_of(text) in names}
    return own, as_typed([text for text in given if key_of(text) not in names])


def launcher_options(given: Sequence[str]) -> tuple[list[str], list[str]]:
    """What chooses the launcher of a batch's runs, and the rest."""
    launcher = [text for text in given if key_of(text).startswith(("hydra/launcher", "hydra.launcher.", "sweep.jobs"))]
    for text in given:
        if key_of(text) == "live":
            raise UserError(
                f"{text}: it shows a single run, and this command makes many; it is for stx run and stx paint"
            )
        if key_of(text) in ("sweep.plan", "sweep.resume"):
            raise UserError(f"{text}: that is for stx run --multirun; the same command continues where it was stopped")
    return launcher, [text for text in given if text not in launcher]


def flag_of_run(words: Sequence[str], own: Collection[str] = ("-h", "--help")) -> str:
    """The first of the command line's words that is a flag of `stx run` and none of the command's `own`, as --multirun
    is; empty without one."""
    flags = set(arguments_parser()._option_string_actions).difference(own)
    return next((word for word in words if word.partition("=")[0] in flags), "")


def unrecognised(message: str, flags: Collection[str]) -> str:
    """What argparse says, with what would be right of an option that was typed with dashes, or the nearest flag."""
    if "ignored explicit argument" in message and (
        single := next((word for word in sys.argv[1:] if re.fullmatch(r"-[a-z-]{3,}", word)), "")
    ):
        return f"{single}{did_you_mean(f'-{single}', flags, 0.75)}: there is no such flag"
    word = message.partition("unrecognized arguments: ")[2].split(" ")[0]
    name, sign, value = word.partition("=")
    key, hint = name.lstrip("-"), did_you_mean(name, flags, 0.75)
    if not name.startswith("--"):
        return message
    if len(options := namesakes(key, without(key, []))) == 1:
        key = options[0]
    if key.partition(".")[0] in Config.model_fields or (sign and not hint):
        return f"{word}: an option is typed without dashes: {key}={value or '...'}"
    return message + hint


def words_of(parser: ArgumentParser) -> Namespace:
    """The command line of a batch's command. A mistake is a line, without the usage, and exits with status 2."""

    def refuse(message: str) -> NoReturn:
        flag = flag_of_run(sys.argv[1:], parser._option_string_actions)
        why = f"{flag}: that is for stx run" if flag else unrecognised(message, parser._option_string_actions)
        raise UserError(f"{why}; here options are key=value, and --help lists them")

    parser.error = refuse  # type: ignore[method-assign]
    with answering([]):
        return parser.parse_intermixed_args()


@contextmanager
def answering_batch(read: Callable[[], list[str]], names: Sequence[str]) -> Iterator[list[str]]:
    """`answering` for a batch's command with options of its own by `names`. What it `read`, less a store's password."""
    for_all: list[str] = []
    with answering(for_all):
        given = taken_out(read())
        for_all += own_options(given, names)[1]
        yield given


def output_folder(name: str) -> Path:
    """The folder that `output=` names, which need not exist. Raises UserError for what cannot be one."""
    folder = Path(name)
    if folder == Path():
        raise UserError("output= must name a folder")
    if folder.is_file():
        raise UserError(f"output={folder}: that is a file; name a folder")
    return folder
