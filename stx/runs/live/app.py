"""The page and what it asks for. Every answer is for a browser on this machine alone, and is not to be stored."""

import asyncio
import io
import json
import logging
import secrets
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from stx.errors import first_line
from stx.runs.live.view import Live, State

log = logging.getLogger("stx")

PAGE = Path(__file__).parent / "page"
HOSTS = ["127.0.0.1", "localhost"]
"""Names by which a browser may come here: any other name that leads here may be that of a site out to read the page."""
HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src blob: data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
TOKEN = "X-Stx-Token"
SITE, OWN = "Sec-Fetch-Site", ("same-origin", "none")
"""The header by which a browser says where a request comes from; "none" is an address that was typed. Clients other
than browsers do not send it."""
LOOK_SECONDS = 0.2
"""Seconds between two looks at the run, for each open page."""

TEMPLATES = Environment(loader=FileSystemLoader(PAGE), autoescape=True, undefined=StrictUndefined)


def app(view: Live, follows: bool) -> Starlette:
    """The application that serves a page.

    `follows`: whether the next run may have the same address, so that the page is to wait for it.
    """

    def page(request: Request) -> Response:
        size = view.stages[-1]
        text = TEMPLATES.get_template("page.html").render(
            title=view.title, token=view.token, run=view.now.run, width=size.width, height=size.height, follows=follows
        )
        return answer(text.encode("utf-8", "replace"), "text/html")  # a file's name may not be valid text

    def style(request: Request) -> Response:
        return answer((PAGE / "page.css").read_bytes(), "text/css")

    def script(request: Request) -> Response:
        return answer((PAGE / "page.js").read_bytes(), "text/javascript")

    def picture(request: Request) -> Response:
        return answer(*encoded(view))

    def events(request: Request) -> Response:
        return StreamingResponse(states(view), headers=HEADERS, media_type="text/event-stream")

    def stop(request: Request) -> Response:
        if not secrets.compare_digest(request.headers.get(TOKEN, "").encode(), view.token.encode()):
            return answer(b"the page's own button alone stops the run", "text/plain", 403)
        stopped = view.ask_to_stop()
        return answer(b"" if stopped else b"nothing is to be stopped now", "text/plain", 202 if stopped else 409)

    def failed(request: Request, error: Exception) -> Response:
        log.warning(f"live: {type(error).__name__}: {first_line(error)}; the run goes on")
        return answer(b"", "text/plain", 500)

    gets = {"/": page, "/page.css": style, "/page.js": script, "/picture": own(picture), "/events": own(events)}
    return Starlette(
        routes=[*(Route(path, endpoint) for path, endpoint in gets.items()), Route("/stop", stop, methods=["POST"])],
        middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=HOSTS, www_redirect=False)],
        exception_handlers={Exception: failed},
    )


def own(endpoint: Callable[[Request], Response]) -> Callable[[Request], Response]:
    """`endpoint`, closed to other sites: they could not read the answer, but the run would make pictures, and wait."""

    def answered(request: Request) -> Response:
        if request.headers.get(SITE, "none") in OWN:
            return endpoint(request)
        return answer(b"for the run's own page alone", "text/plain", 403)

    return answered


def answer(content: bytes, media_type: str, status: int = 200) -> Response:
    return Response(content, status, HEADERS, media_type)


def encoded(view: Live) -> tuple[bytes, str]:
    """The newest picture as a file, and its media type. Runs in a thread of its own, as it takes the longest."""
    file, picture = io.BytesIO(), view.image
    if picture is None:
        return b"", "text/plain"
    if picture.mode == "RGBA":
        picture.save(file, "PNG", compress_level=1)
        return file.getvalue(), "image/png"
    picture.save(file, "JPEG", quality=92, subsampling=0)
    return file.getvalue(), "image/jpeg"


async def states(view: Live) -> AsyncIterator[str]:
    """Server-sent events: the run's whole state, whenever it has changed."""
    told: State | None = None
    view.pages += 1
    try:
        while not view.closed:
            if told is not view.now:
                told = view.now
                yield f"data: {json.dumps(told._asdict(), allow_nan=False)}\n\n"
            await asyncio.sleep(LOOK_SECONDS)
    finally:
        view.pages -= 1
