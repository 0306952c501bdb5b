"""The survey's server as whoever can reach it asks it: real HTTP, honest and not."""

import http.client
import json
import socket
import sqlite3
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from surveys import METHODS, answer, asked, survey

from stx.runs.live.server import quiet
from stx.studies.survey import collect, serving
from stx.studies.survey.answers import Sheet
from stx.studies.survey.app import LARGEST, app, hosts
from stx.studies.survey.key import COLLECTED, Key

JSON = {"Content-Type": "application/json"}


class Reply(NamedTuple):
    status: int
    headers: Mapping[str, str]
    text: bytes


class Served(NamedTuple):
    folder: Path
    port: int
    key: Key
    host: str

    def ask(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] = JSON) -> Reply:
        connection = http.client.HTTPConnection(self.host, self.port, timeout=30)
        connection.request(method, path, body, dict(headers))
        reply = connection.getresponse()
        told = Reply(reply.status, {name.lower(): value for name, value in reply.getheaders()}, reply.read())
        connection.close()
        return told

    def sheet(self, rater: int, side: int = 0) -> Sheet:
        several = [answer(pair, each.pictures[side], n=n) for n, (pair, each) in enumerate(self.key.pairs.items())]
        return Sheet(format=1, survey=self.key.survey, rater=f"{rater:032x}", answers=several)

    def post(self, sheet: Sheet, **headers: str) -> Reply:
        return self.ask("POST", "/answers", sheet.model_dump_json(), {**JSON, **headers})


@contextmanager
def at_work(folder: Path, key: Key, host: str = "127.0.0.1") -> Iterator[Served]:
    with serving.bound(asked(port=0, host=host)) as listening:
        server = quiet(app(folder, key, hosts(host)))
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        yield Served(folder, listening.getsockname()[1], key, host)
        server.should_exit = True
        thread.join(10)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    key = survey(tmp_path / "survey").key
    collect.prepare(tmp_path / "survey" / COLLECTED)
    with at_work(tmp_path / "survey", key) as told:
        yield told


def test_only_the_page_is_served_and_never_the_key(served: Served) -> None:
    page = served.ask("GET", "/")
    assert page.status == 200
    assert page.text.replace(b" data-collects", b"", 1) == (served.folder / "survey.html").read_bytes()
    assert page.headers["content-security-policy"] == "frame-ancestors 'none'"
    assert page.headers["cache-control"] == "no-store"
    for path in (
        "/key.json",
        "/answers.db",
        "/survey.html",
        "/..%2fkey.json",
        "/../key.json",
        "//key.json",
        "/answers/",
    ):
        reply = served.ask("GET", path)
        assert reply.status in (307, 400, 404, 405), path
        assert not any(name.encode() in reply.text for name in METHODS)
    assert served.ask("GET", "/answers").status == 405  # what others have said is nobody's


def test_answers_are_kept_once_and_nobody_changes_them(served: Served) -> None:
    first = served.post(served.sheet(1))
    assert (first.status, json.loads(first.text)) == (200, {"new": 12, "same": 0, "differing": 0})
    again = served.post(served.sheet(1))
    assert (again.status, json.loads(again.text)) == (200, {"new": 0, "same": 12, "differing": 0})
    assert served.post(served.sheet(1, side=1)).status == 409
    assert collect.count(served.folder / COLLECTED) == (12, 1)


def test_raters_who_answer_at_once_are_all_heard(served: Served) -> None:
    def one_by_one(rater: int) -> None:
        whole = served.sheet(rater)
        for each in whole.answers:
            for _ in range(2):  # as a page does that has not heard of the first time
                assert served.post(whole.model_copy(update={"answers": [each]})).status == 200

    with ThreadPoolExecutor(8) as pool:
        [*pool.map(one_by_one, range(8))]
    assert collect.count(served.folder / COLLECTED) == (96, 8)
    expected = [served.sheet(rater).model_dump(mode="json") for rater in range(8)]
    assert [json.loads(text) for text in collect.sheets(served.folder / COLLECTED)] == expected


def test_what_is_of_another_page_or_no_answer_is_refused_in_a_line(served: Served) -> None:
    good, own = served.sheet(1).model_dump_json(), f"http://127.0.0.1:{served.port}"
    refused = {
        403: [{"Origin": "http://evil.example"}, {"Origin": "null"}, {"Origin": f"http://127.0.0.1:{served.port + 1}"},
              {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}],
        415: [{"Content-Type": "text/plain"}, {"Content-Type": "application/x-www-form-urlencoded"}],
        400: [{"Host": "evil.example"}],  # a name that leads here
    }  # fmt: skip
    for status, several in refused.items():
        for headers in several:
            reply = served.ask("POST", "/answers", good, {**JSON, **headers})
            assert reply.status == status, headers
            assert len(reply.text.splitlines()) == 1
    for body in (b"{}", b"<script>alert(1)</script>", b"\x00" * 100, good.replace(served.key.survey, "0" * 32)):
        reply = served.ask("POST", "/answers", body)
        assert reply.status == 422
        assert len(reply.text.splitlines()) == 1
        assert b"script" not in reply.text
        assert reply.headers["content-type"].startswith("text/plain")
        assert reply.headers["x-content-type-options"] == "nosniff"
    assert served.ask("POST", "/answers", b" " * (LARGEST + 1)).status == 413
    assert collect.count(served.folder / COLLECTED) == (0, 0)
    assert served.post(served.sheet(1), Origin=own, **{"Sec-Fetch-Site": "same-origin"}).status == 200


def test_what_cannot_be_kept_is_to_be_sent_again(served: Served) -> None:
    with sqlite3.connect(served.folder / COLLECTED) as connection:
        connection.execute("ALTER TABLE answers RENAME TO away")
    assert served.post(served.sheet(1)).status == 503
    with sqlite3.connect(served.folder / COLLECTED) as connection:
        connection.execute("ALTER TABLE away RENAME TO answers")
    assert served.post(served.sheet(1)).status == 200


def test_names_of_the_server() -> None:
    assert hosts("127.0.0.1") == ["127.0.0.1", "localhost"]
    assert hosts("10.0.0.7") == ["127.0.0.1", "localhost", "10.0.0.7"]
    assert hosts("Lab7") == ["127.0.0.1", "localhost", "lab7"]  # as a browser asks for it
    assert hosts("0.0.0.0") == hosts("::") == []


def test_it_is_reached_by_an_address_of_the_longer_kind(tmp_path: Path) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("no IPv6 here")
    key = survey(tmp_path / "survey").key
    with at_work(tmp_path / "survey", key, "::1") as served:
        assert served.ask("GET", "/").status == 200
        assert served.ask("GET", "/", headers={"Host": "evil.example"}).status == 400
