"""Servers of a few lines, in a thread, that answer as somebody's might."""

import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

from conftest import Started
from stx.config.schema import MlflowTracking


class Answer(NamedTuple):
    status: int
    content: Any = None
    """JSON; text as it is."""
    headers: Mapping[str, str] = {}
    pause: float = 0.0
    """Seconds before each byte of it."""


class Asked(NamedTuple):
    method: str
    path: str
    headers: Mapping[str, str]
    content: Any


Answering = Callable[[Asked], Answer]


class Served(NamedTuple):
    place: str
    """host:port"""
    asked: list[Asked]


@contextmanager
def serving(answer: Answering) -> Iterator[Served]:
    asked: list[Asked] = []

    class Handler(BaseHTTPRequestHandler):
        def any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            one = Asked(self.command, self.path, dict(self.headers), json.loads(body) if body[:1] == b"{" else body)
            asked.append(one)
            given = answer(one)
            text = given.content if isinstance(given.content, str) else json.dumps(given.content or {})
            try:
                self.send_response(given.status)
                for name, value in {"Content-Length": str(len(text)), **given.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                for byte in [text.encode()] if not given.pause else [bytes([byte]) for byte in text.encode()]:
                    time.sleep(given.pause)
                    self.wfile.write(byte)
            except OSError:
                pass  # the client has gone

        do_GET = do_POST = do_PUT = do_PATCH = any

        def log_message(self, *arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield Served(f"127.0.0.1:{server.server_address[1]}", asked)
    finally:
        server.shutdown()
        server.server_close()


def tracking(uri: str) -> MlflowTracking:
    return MlflowTracking(
        name="mlflow", uri=uri, experiment="stx", points=0, offline_ok=False, pictures_every=0, measures_every=0,
        grad_norms_every=0, plots=True,
    )  # fmt: skip


class Only:
    """Of a config, its tracking."""

    def __init__(self, uri: str):
        self.tracking = tracking(uri)


LIVE = re.compile(r"live: http://127\.0\.0\.1:(\d+)/$", re.MULTILINE)
"""Where a run says that its page is."""


def port_of_page(started: Started) -> int:
    """Of a command that is at work."""
    for _ in range(600):
        if ports := LIVE.findall(started.said()):
            return int(ports[-1])
        time.sleep(0.05)
    raise AssertionError(started.said())
