"""stx sync: deliver what runs could not tell their store while it was away."""

if __name__ == "__main__":  # before the imports, so that Ctrl-C is handled during them
    from stx.__main__ import answer_ctrl_c

    answer_ctrl_c()

import logging
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from stx.config import command, flags
from stx.config.addresses import database_file
from stx.config.interpolations import resolved
from stx.config.secrets import taken_out
from stx.errors import UserError, first_line

HELP = """stx sync [folder ...] [--again] [tracking.uri=...]

Deliver what the runs in these folders (default: outputs) could not send to their tracking store while it was
unreachable. Nothing is lost or stored twice, however often you call it. tracking.uri=... delivers to another store
than the runs' own; a store that does not know a run receives all of it. --again compares everything with the store,
and sends runs that were deleted there as new ones.
"""
AGAIN, URI = "--again", "tracking.uri="


def main() -> None:
    if {"-h", "--help"} & set(sys.argv[1:]):
        sys.stdout.write(HELP)
        return
    logging.basicConfig(format="%(message)s", level=logging.INFO)
    with command.mistakes([]):
        left = sync(taken_out(sys.argv[1:]))
    sys.exit(1 if left else 0)


def sync(given: Sequence[str]) -> int:
    """Deliver what is pending and return how many runs are still not delivered. Raises UserError."""
    from stx.runs.tracking.courier import delivered, journals, pending
    from stx.runs.tracking.sender import deliver

    if flag := flags.flag_of_run(given):
        raise UserError(f"{flag}: that is for stx run; the options are {AGAIN} and {URI}...")
    uri = next((text.removeprefix(URI) for text in reversed(given) if text.startswith(URI)), "")
    uri = resolved("tracking.uri", uri)
    again = AGAIN in given
    folders = [Path(text) for text in given if not text.startswith(URI) and text != AGAIN] or [Path("outputs")]
    for folder in folders:
        if not folder.is_dir():
            options = f"; the options are {AGAIN} and {URI}..." if str(folder).startswith("-") else ""
            raise UserError(f"{folder}: there is no such folder; name one that holds runs{options}")
    waiting = [run for folder in folders for run in (journals if uri or again else pending)(folder)]
    left = 0
    for run in waiting:
        try:
            trouble = deliver(run, uri or store_of(run), again=again)
        except (UserError, OSError) as error:  # one damaged or locked folder must not stop the others
            trouble = first_line(error)
        left += bool(trouble)
        command.say(f"{run}: {trouble or f'its store has all of it, {delivered(run)} bytes of journal'}")
    command.say(f"{len(waiting) - left} of {len(waiting)} runs delivered" if waiting else "nothing to deliver")
    if not uri and not again and (lost := stores_gone(folders)):
        command.say(f"{lost}: there is no such store any more; {AGAIN} sends all that it had")
    return left


def stores_gone(folders: Sequence[Path]) -> str:
    """The store files of runs below these folders that do not exist, separated by commas."""
    from stx.runs.tracking.courier import journals

    files = set[Path | None]()
    for run in (run for folder in folders for run in journals(folder)):
        with suppress(UserError):  # a damaged record is reported when there is something to deliver
            files.add(database_file(store_of(run)))
    return ", ".join(sorted(str(file) for file in files if file and not file.exists()))


def store_of(folder: Path) -> str:
    """The address of the store in a run's record; empty if it has none, or if the run is older than records."""
    from stx.runs import identity

    record = identity.read(folder)
    return identity.store(record, folder) if record else ""


if __name__ == "__main__":
    main()
