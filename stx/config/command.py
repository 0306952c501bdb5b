"""What all commands share: how they parse words, print lines, report mistakes in one to three lines, and exit."""

import os
import re
import sys
import traceback
import warnings
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, redirect_stdout, suppress
from functools import cache
from io import StringIO
from typing import Any, NoReturn

import yaml
from omegaconf.errors import OmegaConfBaseException

from stx import __version__
from stx.config.compose import HydraException, arguments_parser, raised_in_hydra
from stx.config.explain import explain_plain
from stx.config.flags import flag_of_run, unrecognised
from stx.config.own_options import own_options
from stx.config.refusals import explain_hydra, not_by_name
from stx.config.secrets import hidden, taken_out
from stx.config.typed import as_typed
from stx.errors import Diverged, Stopped, UserError

UNSHOWN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\udc80-\udcff]")
"""Characters that are not printed: control characters, which a terminal obeys, and bytes that are not UTF-8."""
DEBUG = os.environ.get("HYDRA_FULL_ERROR") == "1"
"""Whether the user has set HYDRA_FULL_ERROR=1, which as in Hydra shows the whole traceback, for mistakes too."""


def main(entry: Callable[[], Any], read: Callable[[list[str]], list[str]] = list) -> None:
    """Run a `hydra.main` function. Exits with status 2 for a user's mistake, and with 1 for any other failure.

    `read` turns the words of the command line into those that they stand for.
    """
    if "--version" in sys.argv[1:]:  # Hydra would print its own
        sys.stdout.write(f"stx {__version__}\n")
        return
    os.environ["HYDRA_FULL_ERROR"] = "1"  # otherwise Hydra prints its own message and exits with 1
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
    """Hide passwords in what Hydra prints, which has the values of ${oc.env:...} in it."""
    with redirect_stdout(StringIO()) as shown:
        yield
    result(hidden(shown.getvalue().rstrip("\n")))


def together(read: Callable[[list[str]], list[str]] = list) -> None:
    """Rewrite the command line for Hydra: all overrides before the flags, and file names quoted where needed.

    Hydra's parser wants the overrides in one row. Raises UserError for mistakes that it would answer with its usage of
    eight lines.
    """

    def refuse(message: str) -> NoReturn:
        raise UserError(
            f"{unrecognised(message, parser._option_string_actions)}\noptions are key=value (optim.steps=5), before or "
            "behind flags such as --multirun; --help lists them"
        )

    sys.argv[1:] = read(as_typed(sys.argv[1:]))
    parser = arguments_parser()
    parser.allow_abbrev = False  # `main` looks for whole flags, as for --resolve, whose output has passwords in it
    parser.error = refuse  # type: ignore[method-assign]
    arguments = parser.parse_intermixed_args()
    flags = sys.argv[1:]
    for override in arguments.overrides:
        flags.remove(override)
    sys.argv[1:] = [*arguments.overrides, *flags]


def say(line: str) -> None:
    """Write a line to stderr, with a replacement character for each character in UNSHOWN.

    Failures to write, for example to a closed terminal or a full disk, are ignored.
    """
    with suppress(OSError, ValueError):
        sys.stderr.write(f"{UNSHOWN.sub(chr(0xFFFD), line)}\n")


@cache
def say_once(line: str) -> None:
    """`say` a line only once per process, as all of its jobs may have the same to say."""
    say(line)


def result(line: str) -> None:
    """Write a line to stdout, or to stderr if that fails. A pipe whose reader has gone (`| head -1`) is ignored."""
    try:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
    except OSError as error:
        if not isinstance(error, BrokenPipeError):
            say(f"{line}\nstx: stdout: {error.strerror}")
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # otherwise Python fails again at exit


def open_streams() -> None:
    """Let stdout and stderr print any file name, and replace a stream that was closed at the start, which is None."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if hasattr(stream, "reconfigure"):  # file names need not be UTF-8
            stream.reconfigure(errors="surrogateescape" if name == "stdout" else "backslashreplace")
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115  # open until the process ends


@contextmanager
def answering(overrides: Sequence[str] | None = None) -> Iterator[None]:
    """Report mistakes as `mistakes` does, and exit with status 1 if a run diverged or could not go on.

    Warnings are one line each. Any other exception is printed as Python prints it, but without a store's password.
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
    """Report a user's mistake without a traceback, and exit with status 2; with 130 after Ctrl-C.

    `overrides` are those that were typed, for a command that does not use Hydra's own parser.
    """
    open_streams()
    try:
        yield
    except KeyboardInterrupt as interrupt:  # which may carry a message
        say(f"stx: {interrupt or 'interrupted'}")
        sys.exit(130)
    except BrokenPipeError:  # the reader of stdout has gone: `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # otherwise Python fails again at exit
        sys.exit(0)
    except MISTAKES as error:
        message = told(error, overrides)
        if DEBUG:
            say(hidden(traceback.format_exc()))
        say(f"stx: {hidden(message)}")
        sys.exit(2)


OF_INPUT = (UserError, HydraException, OmegaConfBaseException, yaml.YAMLError, OSError, UnicodeError)
MISTAKES = (*OF_INPUT, ValueError)
"""What a user's mistake raises; a ValueError that is not OF_INPUT only in Hydra."""


def told(error: Exception, overrides: Sequence[str] | None = None) -> str:
    """The message for one of MISTAKES, or raises it if it is no user's. `overrides` are as for `mistakes`."""
    if not isinstance(error, OF_INPUT) and not raised_in_hydra(error):
        raise error
    if isinstance(error, HydraException):
        return explain_hydra(error, overrides)
    if isinstance(error, OSError):  # a folder that cannot be made, a full disk
        return f"{error.filename or 'files'}: {error.strerror or error}"
    if "Config group override must be" in str(error):
        return not_by_name(sys.argv[1:] if overrides is None else overrides) or explain_plain(error)
    return explain_plain(error)


def words_of(parser: ArgumentParser, names: Sequence[str]) -> Namespace:
    """Parse the command line of a command that takes the options `names`.

    A mistake is reported in a line, without the usage, with exit status 2.
    """

    def refuse(message: str) -> NoReturn:
        flag = flag_of_run(sys.argv[1:], parser._option_string_actions)
        why = f"{flag}: that is for stx run" if flag else unrecognised(message, parser._option_string_actions, names)
        raise UserError(f"{why}; here options are key=value, and --help lists them")

    parser.error = refuse  # type: ignore[method-assign]
    with answering([]):
        return parser.parse_intermixed_args()


@contextmanager
def answering_batch(read: Callable[[], list[str]], names: Sequence[str]) -> Iterator[list[str]]:
    """`answering` for a batch command with its own options `names`. Yields what `read` returns, without passwords."""
    for_all: list[str] = []
    with answering(for_all):
        given = taken_out(read())
        for_all += own_options(given, names)[1]
        yield given
