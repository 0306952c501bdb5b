"""python -m stx.sync: deliver what runs could not tell their store while it was away."""

import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from stx.config import command
from stx.errors import UserError

HELP = """python -m stx.sync [folder ...] [tracking.uri=...]

Deliver what runs below these folders (default: outputs) could not tell their tracking store while it was away.
Nothing is lost and nothing stored twice, however often it is called. tracking.uri=... takes another store than the
runs were told.
"""


def main() -> None:
    given = sys.argv[1:]
    if {"-h", "--help"} & set(given):
        sys.stdout.write(HELP)
        return
    logging.basicConfig(format="%(message)s", level=logging.INFO)
    with command.mistakes([]):
        left = sync(given)
    sys.exit(1 if left else 0)


def sync(given: Sequence[str]) -> int:
    """How many runs are still not delivered."""
    from stx.runs.tracking.courier import delivered, pending
    from stx.runs.tracking.sender import deliver

    uri = next((text.removeprefix("tracking.uri=") for text in reversed(given) if text.startswith("tracking.uri=")), "")
    folders = [Path(text) for text in given if not text.startswith("tracking.uri=")] or [Path("outputs")]
    for folder in folders:
        if not folder.is_dir():
            raise UserError(f"{folder}: there is no such folder; name one that holds runs")
    waiting = [run for folder in folders for run in pending(folder)]
    left = 0
    for run in waiting:
        before = delivered(run)
        trouble = deliver(run, uri)
        left += bool(trouble)
        command.say(f"{run}: {trouble or f'{delivered(run) - before} bytes of journal delivered'}")
    command.say(f"{len(waiting) - left} of {len(waiting)} runs delivered" if waiting else "nothing to deliver")
    return left


if __name__ == "__main__":
    main()
