"""The thread that serves a run's page, from before its first step until the pages that are open know its end."""

import logging
import os
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from threading import Thread

from stx.config.schema import Config
from stx.errors import Diverged, first_line
from stx.loop.checkpoint import Checkpoint
from stx.loop.levels import ahead
from stx.loop.signals import Stop
from stx.model.prepare import Inputs
from stx.runs.live.view import Live, View
from stx.runs.progress import Stage

log = logging.getLogger("stx")

LOOPBACK = "127.0.0.1"
LAST_SECONDS = 2.0
"""For which a run that has ended waits at most for pages that are open; each goes when it has the last picture."""
TAG = "stx.live"
"""Of a run whose page is not where it was asked for, or is none."""
CLOSING_SECONDS = 3.0
"""For its server to end. It keeps no process alive."""


def page(
    config: Config, title: str, inputs: Inputs, resumed: Checkpoint | None, stop: Stop
) -> AbstractContextManager[View]:
    """A block in which a run is at work, and shown if that is asked for."""
    if config.live is False:
        return nullcontext(View())
    return shown(config.live, title, [Stage.of(level) for level in ahead(config, inputs, resumed)], stop)


@contextmanager
def shown(live: bool | int, title: str, stages: Sequence[Stage], stop: Stop) -> Iterator[View]:
    """A block whose run is shown by a page: `live` is its port, or True for any.

    What goes wrong with it is a warning, and the run's result is the same with it and without.
    """
    view = Live(title, stages, stop)
    served = started(view, live)
    patience = LAST_SECONDS
    try:
        yield view
    except Exception as error:
        view.over("diverged" if isinstance(error, Diverged) else "failed", first_line(error))
        raise
    except BaseException:  # a second Ctrl-C
        view.over("interrupted", "")
        patience = 0.5
        raise
    finally:
        served.close(patience)


class Served:
    """Nothing is."""

    def close(self, patience: float) -> None:
        """Behind a run. Pages that are open have so many seconds to fetch what is left."""


class Server(Served):
    def __init__(self, listening: socket.socket, view: Live, follows: bool):
        from stx.runs.live.app import app  # late: a tenth of a second, which few runs need
        from stx.runs.live.server import quiet

        self.view, self.listening = view, listening
        self.server = quiet(app(view, follows))
        self.thread = Thread(target=self.serve, name="live", daemon=True)
        self.thread.start()

    def serve(self) -> None:
        try:
            self.server.run([self.listening])
        except (Exception, SystemExit) as error:
            log.warning(f"live: the page has failed ({first_line(error)}); the run goes on without it")

    def close(self, patience: float) -> None:
        until = time.monotonic() + patience
        while self.view.pages and self.thread.is_alive() and time.monotonic() < until:
            time.sleep(0.02)
        self.view.closed = self.server.should_exit = True
        self.thread.join(CLOSING_SECONDS)
        self.listening.close()


def started(view: Live, live: bool | int) -> Served:
    """Say where the page is; or why there is none. Where that is not as asked, the run's tags have it too."""
    port = 0 if live is True else live
    try:
        listening = bound(port)
        own = listening.getsockname()[1]
        server = Server(listening, view, follows=own == port)
    except (OSError, ImportError, RuntimeError) as error:
        log.warning(f"live={str(live).lower()}: there is no page ({reason(error)}); the run goes on without it")
        view.tags = {TAG: f"no page: {reason(error)}"}
        return Served()
    log.info(f"live: http://{LOOPBACK}:{own}/")
    if port not in (0, own):
        view.tags = {TAG: f"at port {own} in place of {port}"}
    return server


def bound(port: int) -> socket.socket:
    """A socket on this machine alone; at another port where this one is taken. Raises OSError."""
    try:
        return socket.create_server((LOOPBACK, port))
    except OSError as error:
        if not port:
            raise
        log.warning(f"live={port}: {reason(error)}; another port is used")
        return socket.create_server((LOOPBACK, 0))


def reason(error: Exception) -> str:
    """Without the address, which asyncio and the socket module add in words of their own."""
    return os.strerror(error.errno) if isinstance(error, OSError) and error.errno else first_line(error)
