"""Serve a survey's page to this machine alone, or at an address that others can reach, until Ctrl-C."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from stx.errors import UserError, first_line
from stx.studies.survey import collect, key
from stx.studies.survey.key import COLLECTED, PAGE
from stx.studies.survey.options import Options

LOOPBACK = ("127.0.0.1", "::1", "localhost")


@contextmanager
def bound(asked: Options) -> Iterator[socket.socket]:
    """A socket that listens where it was asked to. Raises UserError if that is not possible.

    It is never another port than was asked for, as a browser keeps a rater's answers by port.
    """
    family = socket.AF_INET6 if ":" in asked.host else socket.AF_INET
    try:
        listening = socket.create_server((asked.host, asked.port), family=family)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else first_line(error)
        raise UserError(
            f"host={asked.host} port={asked.port}: cannot listen there ({why}); name another port=, or an address of "
            "this machine"
        ) from None
    with listening:
        yield listening


def serve(folder: Path, survey: key.Key, listening: socket.socket, host: str) -> None:
    """Serve a survey until Ctrl-C."""
    from stx.runs.live.server import quiet  # late, like the app: few commands need a server
    from stx.studies.survey.app import app, hosts

    with suppress(KeyboardInterrupt):  # which is how it ends, after the last answer is kept
        quiet(app(folder, survey, hosts(host))).run([listening])


def prepared(folder: Path) -> key.Key:
    """The survey's key. Raises UserError if its page does not belong to it, or if answers cannot be collected."""
    survey = key.read(folder)
    page = folder / PAGE
    if not page.is_file() or survey.survey.encode() not in page.read_bytes():
        raise UserError(f"{folder}: its {PAGE} is missing, or of another survey than its key; create the survey anew")
    collect.prepare(folder / COLLECTED)
    return survey
