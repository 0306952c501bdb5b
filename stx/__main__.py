"""The front door: `stx run ...` is `python -m stx.run ...`."""

import os
import sys
from importlib import import_module

from stx import __version__

COMMANDS = ("paint", "run", "thesis", "compare", "sync")


def main() -> None:
    arguments = sys.argv[1:]
    if {"-sc", "--shell-completion"} & set(arguments):  # Hydra completes the words that follow the program's name
        os.environ["COMP_LINE"] = os.environ.get("COMP_LINE", "").replace(" run", "", 1)
        arguments = ["run", *arguments]
    if "--version" in arguments:
        sys.stdout.write(f"stx {__version__}\n")
        return
    if not arguments or arguments[0] not in COMMANDS:
        wanted = arguments[0] if arguments else "nothing"
        helped = wanted in ("-h", "--help", "help")
        stream = sys.stdout if helped else sys.stderr
        stream.write(f"{'' if helped else f'stx: no command {wanted}. '}Usage: stx {{{','.join(COMMANDS)}}} ...\n")
        stream.write(
            "`stx paint photo.jpg painting.jpg -o out.jpg` is the start; `stx run --help` lists all options.\n"
        )
        sys.exit(0 if helped else 2)
    sys.argv = [sys.argv[0], *arguments[1:]]
    import_module(f"stx.{arguments[0]}").main()


if __name__ == "__main__":
    main()
