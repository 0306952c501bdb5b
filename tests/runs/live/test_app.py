"""What the page's server answers, over HTTP, and what it refuses."""

import http.client
import io
import json
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import torch
from PIL import Image

from stx.loop.listener import Row
from stx.loop.signals import Stop
from stx.runs.live import app as module
from stx.runs.live.serving import bound, started
from stx.runs.live.view import Live
from stx.runs.progress import Stage

TITLE = "gram: <b>a & b</b>.png in the style of \udcff.png"


@pytest.fixture
def live() -> Iterator[Live]:
    view = Live(TITLE, [Stage(10, 8, 6)], Stop())
    view.rows([Row(3, 0.0, {"loss/total": 1.0, "loss/content": 2.0, "loss/style": 3.0})])
    view.show(torch.full((3, 6, 8), 0.5), 3)
    server = started(view, True)
    view.port = server.listening.getsockname()[1]  # type: ignore[attr-defined]
    yield view
    server.close(0)
    assert not server.thread.is_alive()  # type: ignore[attr-defined]


def asked(live: Live, method: str, path: str, **headers: str) -> tuple[http.client.HTTPResponse, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", live.port, timeout=10)  # type: ignore[attr-defined]
    connection.request(method, path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer, content


@contextmanager
def opened(live: Live, **headers: str) -> Iterator[http.client.HTTPResponse]:
    """A page that listens to the run."""
    connection = http.client.HTTPConnection("127.0.0.1", live.port, timeout=10)  # type: ignore[attr-defined]
    connection.request("GET", "/events", headers={name.replace("_", "-"): value for name, value in headers.items()})
    yield connection.getresponse()
    connection.close()


def told(stream: http.client.HTTPResponse) -> dict[str, object]:
    line = stream.readline()
    assert stream.readline() == b"\n"
    return dict(json.loads(line.removeprefix(b"data: ")))


def until(wanted: Callable[[], bool]) -> None:
    for _ in range(200):
        if wanted():
            return
        time.sleep(0.02)
    raise AssertionError("it does not come")


def test_the_page_has_names_of_files_as_text_and_asks_nobody_else(live: Live) -> None:
    answer, content = asked(live, "GET", "/")
    page = content.decode()
    assert answer.status == 200
    assert "&lt;b&gt;a &amp; b&lt;/b&gt;.png in the style of ?.png" in page
    assert "<b>a" not in page
    every = page + asked(live, "GET", "/page.css")[1].decode() + asked(live, "GET", "/page.js")[1].decode()
    assert set(re.findall(r"\w+://[^\"']+", every)) == {"http://www.w3.org/2000/svg"}  # the name of a kind of XML


@pytest.mark.parametrize("path", ["/", "/page.css", "/page.js", "/picture", "/stop"])
def test_nothing_is_cached_framed_or_read_from_elsewhere(live: Live, path: str) -> None:
    answer, _ = asked(live, "POST" if path == "/stop" else "GET", path)
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self';")
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Access-Control-Allow-Origin" not in answer.headers
    assert "Server" not in answer.headers


@pytest.mark.parametrize("path", ["/", "/events", "/picture", "/page.js", "/stop"])
@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example:80", "0.0.0.0", ""])
def test_another_name_that_leads_here_is_refused(live: Live, path: str, host: str) -> None:
    method = "POST" if path == "/stop" else "GET"
    answer, content = asked(live, method, path, Host=host, X_Stx_Token=live.token)
    assert (answer.status, content) == (400, b"Invalid host header")
    assert live.stop.signal is None


@pytest.mark.parametrize("host", ["localhost:1234", "127.0.0.1"])
def test_this_machine_s_own_names_are_answered(live: Live, host: str) -> None:
    assert asked(live, "GET", "/", Host=host)[0].status == 200


def test_only_who_has_read_the_page_stops_the_run(live: Live) -> None:
    token = re.findall(r'data-token="([^"]+)"', asked(live, "GET", "/")[1].decode())[0]
    for wrong in ({}, {"X_Stx_Token": "a"}, {"X_Stx_Token": token[:-1]}, {"X_Stx_Token": "\xff"}):
        assert asked(live, "POST", "/stop", **wrong)[0].status == 403
    for method in ("GET", "PUT", "OPTIONS"):
        assert asked(live, method, "/stop", X_Stx_Token=token)[0].status == 405
    assert live.stop.signal is None
    assert asked(live, "POST", "/stop", X_Stx_Token=token)[0].status == 202
    assert live.stop.signal is not None


@pytest.mark.parametrize("path", ["/events", "/picture"])
@pytest.mark.parametrize("site", ["cross-site", "same-site", ""])
def test_another_site_s_page_is_told_nothing_and_counted_for_none(live: Live, path: str, site: str) -> None:
    answer, content = asked(live, "GET", path, Sec_Fetch_Site=site)
    assert (answer.status, content) == (403, b"for the run's own page alone")
    assert live.pages == 0


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_its_own_page_and_what_is_typed_are_answered(live: Live, site: str) -> None:
    assert asked(live, "GET", "/picture", Sec_Fetch_Site=site)[0].status == 200
    with opened(live, Sec_Fetch_Site=site) as stream:
        assert told(stream)["step"] == 3
        assert live.pages == 1


def test_what_is_not_at_work_is_not_stopped(live: Live) -> None:
    live.end("finished", "", torch.zeros(3, 6, 8))
    assert asked(live, "POST", "/stop", X_Stx_Token=live.token)[0].status == 409
    assert live.stop.signal is None


def test_other_addresses_are_none(live: Live) -> None:
    assert asked(live, "GET", "/../page.html")[0].status == 404
    assert asked(live, "GET", "/page.html")[0].status == 404


def test_the_picture_is_a_jpeg_and_one_with_alpha_a_png(live: Live) -> None:
    answer, content = asked(live, "GET", "/picture")
    picture = Image.open(io.BytesIO(content))
    assert (answer.headers["Content-Type"], picture.format, picture.size) == ("image/jpeg", "JPEG", (8, 6))
    assert picture.getpixel((3, 3)) == (128, 128, 128)
    live.show(torch.full((4, 6, 8), 0.5), 4)
    answer, content = asked(live, "GET", "/picture")
    assert (answer.headers["Content-Type"], Image.open(io.BytesIO(content)).mode) == ("image/png", "RGBA")


def test_two_pages_are_told_of_every_state_and_one_that_goes_is_not_missed(live: Live) -> None:
    with opened(live) as first:
        with opened(live) as second:
            assert told(first)["step"] == told(second)["step"] == 3
            assert live.pages == 2
        until(lambda: live.pages == 1)
        live.rows([Row(4, 0.0, {"loss/total": float("nan")})])
        state = told(first)
        assert (state["step"], state["curve"]) == (4, [[3, 1.0, 2.0, 3.0], [4, None, None, None]])
    until(lambda: live.pages == 0)


def test_a_connection_that_breaks_off_in_the_middle_leaves_nothing_open(live: Live) -> None:
    halves = b"GET /events HTTP/1.1\r\nHost: localhost\r\n\r\n", b"POST /stop HTTP/1.1\r\nHost: loc", b"\0" * 99
    for request in halves:
        with socket.create_connection(("127.0.0.1", live.port)) as broken:  # type: ignore[attr-defined]
            broken.sendall(request)
            if b"events" in request:
                until(lambda: live.pages == 1)
    until(lambda: live.pages == 0)
    assert asked(live, "GET", "/")[0].status == 200


def test_what_fails_in_an_answer_is_a_line_and_the_others_go_on(
    live: Live, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(view: Live) -> tuple[bytes, str]:
        raise ValueError("no such picture")

    monkeypatch.setattr(module, "encoded", broken)
    assert asked(live, "GET", "/picture")[0].status == 500
    assert [record.getMessage() for record in caplog.records] == ["live: ValueError: no such picture; the run goes on"]
    assert asked(live, "GET", "/")[0].status == 200


def test_it_listens_on_this_machine_alone(live: Live) -> None:
    assert bound(0).getsockname()[0] == "127.0.0.1"
