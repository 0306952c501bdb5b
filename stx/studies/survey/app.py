"""The web app of a survey: it serves the page and takes its answers, and nothing else of the survey's folder."""

import json
import logging
import sqlite3
from pathlib import Path
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from stx.errors import first_line
from stx.runs.live.app import HOSTS, OWN, SITE
from stx.studies.survey import collect
from stx.studies.survey.answers import Refused, parse
from stx.studies.survey.key import COLLECTED, PAGE, Key
from stx.studies.survey.options import in_address

log = logging.getLogger("stx")

HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "frame-ancestors 'none'",  # the page has the rest of the policy
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
LARGEST = 64 * 1024
"""Most bytes of a request: a hundred answers have a third of this."""
PLAIN, COLLECTING = b'<html lang="en">', b'<html lang="en" data-collects>'


def app(folder: Path, key: Key, hosts: list[str]) -> Starlette:
    """The web app. `hosts`: the names by which a browser may reach it; if empty, any name."""
    page = (folder / PAGE).read_bytes().replace(PLAIN, COLLECTING, 1)

    def shown(request: Request) -> Response:
        return Response(page, headers=HEADERS, media_type="text/html")

    async def answers(request: Request) -> Response:
        if not own(request):
            return said("for the survey's own page alone", 403)
        if request.headers.get("Content-Type", "").partition(";")[0].strip() != "application/json":
            return said("answers come as application/json", 415)
        text = await body(request)
        if text is None:
            return said(f"more than {LARGEST} bytes", 413)
        return await run_in_threadpool(kept, text)

    def kept(text: bytes) -> Response:
        try:
            counts = collect.keep(folder / COLLECTED, parse(text, key))
        except Refused as error:
            return said(str(error), 422)
        except sqlite3.Error as error:  # such as a full disk; the page tries again
            log.warning(f"survey: {first_line(error)}; answers wait in their pages")
            return said("not kept; try again", 503)
        return said(json.dumps(counts._asdict()), 409 if counts.differing else 200, "application/json")

    return Starlette(
        routes=[Route("/", shown), Route("/answers", answers, methods=["POST"])],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=hosts or ["*"], www_redirect=False)],
    )


def hosts(host: str) -> list[str]:
    """The names of a server that listens at `host`; empty if it listens on every address of the machine."""
    return [] if host in ("0.0.0.0", "::") else list(dict.fromkeys([*HOSTS, in_address(host).lower()]))


def own(request: Request) -> bool:
    """Whether a request comes from the page served here, as far as a browser says; one that says nothing passes."""
    origin = request.headers.get("Origin")
    same = origin is None or urlsplit(origin).netloc == request.headers.get("Host")
    return same and request.headers.get(SITE, "none") in OWN


async def body(request: Request) -> bytes | None:
    """The body of a request; None if it is larger than LARGEST, beyond which no more is read."""
    text = b""
    async for chunk in request.stream():
        text += chunk
        if len(text) > LARGEST:
            return None
    return text


def said(text: str, status: int, media_type: str = "text/plain") -> Response:
    return Response(text, status, HEADERS, media_type)
