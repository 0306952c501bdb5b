"""The front door: `stx run ...` calls stx/run.py, and so for each command."""

import os
import signal
import sys
from contextlib import suppress
from importlib import import_module

from stx import __version__
from stx import timeline as timeline  # importing it starts its clock
from stx.errors import did_you_mean

COMMANDS = {
    "paint": "a photograph in the style of a painting: start here",
    "run": "the same with every setting, sweeps and resume=",
    "film": "a film, each frame starting from the previous result",
    "compare": "statistics on the same pictures, at equal content",
    "thesis": "every experiment of the thesis, and a verdict on each claim",
    "gallery": "the pictures of many runs on one page, to sort, filter and look at closely",
    "survey": "people choose between pictures, blind; scores, and which measure agrees with them",
    "sync": "deliver what an unreachable store has missed",
}


def main() -> None:
    arguments = sys.argv[1:]
    if {"-sc", "--shell-completion"} & set(arguments):  # Hydra expects overrides right after the program's name
        typed = os.environ.get("COMP_LINE", "").split(" ")
        if typed[1:2] and typed[1] in COMMANDS and typed[1] != "run":
            return
        if any(argument.startswith("query=") for argument in arguments):
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # a line that is only half typed is not an error
        os.environ["COMP_LINE"] = " ".join(word for place, word in enumerate(typed) if (place, word) != (1, "run"))
        arguments = ["run", *arguments]
    if "--version" in arguments:
        sys.stdout.write(f"stx {__version__}\n")
        return
    if not arguments or arguments[0] not in COMMANDS:
        helped = not arguments or arguments[0] in ("-h", "--help", "help")
        wrong = "" if helped else f"stx: no command {arguments[0]}{did_you_mean(arguments[0], COMMANDS)}. "
        stream = sys.stdout if helped and arguments else sys.stderr
        stream.write(f"{wrong}Usage: stx {{{','.join(COMMANDS)}}} ..., stx --version\n")
        if helped:
            stream.writelines(f"  {name:8} {what}\n" for name, what in COMMANDS.items())
        stream.write("To start: `stx paint photo.jpg painting.jpg -o out.jpg`. `stx run --help` lists all options.\n")
        sys.exit(0 if helped and arguments else 2)
    sys.argv = [sys.argv[0], *arguments[1:]]
    answer_ctrl_c()
    import_module(f"stx.{arguments[0]}").main()


def answer_ctrl_c() -> None:
    """Let Ctrl-C end a command with one line, until there is something to clean up.

    The process exits at once, without KeyboardInterrupt: an interrupted import leaves a half-initialised module, and
    code that uses such a module fails with arbitrary errors.
    """
    signal.signal(signal.SIGINT, leave)


def leave(number: int, frame: object) -> None:
    with suppress(OSError):
        os.write(2, b"stx: interrupted\n")
    os._exit(128 + number)


if __name__ == "__main__":
    main()
