"""The thread that serves a run's page, from before its first step until open pages have been told of its end."""

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
"""How long a run that has ended waits, at most, for open pages; each disconnects when it has the last picture."""
TAG = "stx.live"
"""The tag of a run whose page is not where it was asked for, or does not exist."""
CLOSING_SECONDS = 3.0
"""How long to wait for its server to end, which keeps no process alive."""


def page(
    config: Config, title: str, inputs: Inputs, resumed: Checkpoint | None, stop: Stop
) -> AbstractContextManager[View]:
    """A block in which a run is at work, and shown on a page if that is asked for."""
    if config.live is False:
        return nullcontext(View())
    return shown(config.live, title, [Stage.of(level) for level in ahead(config, inputs, resumed)], stop)


@contextmanager
def shown(live: bool | int, title: str, stages: Sequence[Stage], stop: Stop) -> Iterator[View]:
    """A block whose run is shown on a page: `live` is its port, or True for any.

    What goes wrong with the page is only a warning, and the run's result is the same with it and without.
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
    """No page is served."""

    def close(self, patience: float) -> None:
        """End with the run. Open pages have `patience` seconds to fetch what is left."""


class Server(Served):
    def __init__(self, listening: socket.socket, view: Live, follows: bool):
        from stx.runs.live.app import app  # late: it takes a tenth of a second, and few runs need it
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
    """Serve the page, and say where it is or why there is none. If that is not as asked, the run's tags say so too."""
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
    """A socket on this machine alone; at another port if this one is taken. Raises OSError."""
    try:
        return socket.create_server((LOOPBACK, port))
    except OSError as error:
        if not port:
            raise
        log.warning(f"live={port}: {reason(error)}; another port is used")
        return socket.create_server((LOOPBACK, 0))


def reason(error: Exception) -> str:
    """What went wrong, without the address, which asyncio and the socket module add in words of their own."""
    return os.strerror(error.errno) if isinstance(error, OSError) and error.errno else first_line(error)
