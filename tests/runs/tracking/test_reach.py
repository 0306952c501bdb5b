"""Whether a server answers is known within seconds, whatever it does instead."""

import base64
import shutil
import socket
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from servers import Only
from sqlalchemy.dialects import registry
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite

from stx.errors import UserError
from stx.runs.check import reach_store
from stx.runs.tracking import reach, store
from stx.runs.tracking.reach import answers, within


@contextmanager
def server(respond: Callable[[BaseHTTPRequestHandler], None]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            respond(self)

        do_POST = do_GET  # the base class's names

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as serving:
        serving.daemon_threads = True
        threading.Thread(target=serving.serve_forever, daemon=True).start()
        yield f"127.0.0.1:{serving.server_address[1]}"
        serving.shutdown()


def well(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(b"OK")


def too_many(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(429)
    handler.send_header("Retry-After", "120")
    handler.end_headers()


def drips(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    try:
        for _ in range(200):
            handler.wfile.write(b" ")
            handler.wfile.flush()
            time.sleep(0.2)
    except OSError:
        pass


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two seconds in place of the ten that are promised."""
    assert reach.SOON + store.ANSWER <= 10
    monkeypatch.setattr(reach, "SOON", 0.8)
    monkeypatch.setattr(store, "ANSWER", 1.2)


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("respond", [too_many, drips])
def test_a_server_that_puts_off_is_an_error_within_ten_seconds(respond: Callable[..., None]) -> None:
    with server(respond) as host:
        since = time.monotonic()
        with pytest.raises(UserError, match=rf"tracking\.uri=http://{host}: "):
            reach_store(Only(f"http://{host}"))  # type: ignore[arg-type]
        assert time.monotonic() - since < 4


@pytest.mark.usefixtures("impatient")
def test_a_server_that_is_well_and_then_drips_is_an_error_within_ten_seconds() -> None:
    def respond(handler: BaseHTTPRequestHandler) -> None:
        (well if handler.path.endswith("/health") else drips)(handler)

    with server(respond) as host:
        since = time.monotonic()
        with pytest.raises(UserError, match="no whole answer within"):
            reach_store(Only(f"http://{host}"))  # type: ignore[arg-type]
        assert time.monotonic() - since < 5


@pytest.mark.usefixtures("impatient")
def test_a_login_is_shown_to_the_server_and_to_nobody_else() -> None:
    logins: list[str | None] = []

    def respond(handler: BaseHTTPRequestHandler) -> None:
        logins.append(handler.headers["Authorization"])
        (drips if handler.path == "/slow/health" else well)(handler)

    with server(respond) as host:
        answers(f"http://bob:p%2Fw@{host}")
        with pytest.raises(UserError) as error:
            answers(f"http://bob:p%2Fw@{host}/slow")
    assert logins == [f"Basic {base64.b64encode(b'bob:p/w').decode()}"] * 2
    assert f"http://bob:***@{host}/slow: nothing answers there" in str(error.value)


@pytest.mark.parametrize(
    "uri", ["http://[", "http://[::1", "http://bob:a[b@127.0.0.1:1", "http://host:port", "http://x:99999"]
)
def test_an_address_that_is_none_is_a_message(uri: str) -> None:
    with pytest.raises(UserError, match="nothing answers there"):
        answers(uri)


@pytest.mark.parametrize(
    ("uri", "place"),
    [
        ("http://there", ("there", 80)),
        ("https://there/base", ("there", 443)),
        ("http://there:5000", ("there", 5000)),
        ("postgresql://there/db", ("there", 5432)),
        ("mysql+pymysql://there/db", ("there", 3306)),
    ],
)
def test_an_address_without_a_port_has_the_usual_one(
    monkeypatch: pytest.MonkeyPatch, uri: str, place: tuple[str, int]
) -> None:
    asked: list[tuple[tuple[str, int], float]] = []

    def refuse(address: tuple[str, int], timeout: float, *_: object) -> None:
        asked.append((address, timeout))
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr(socket, "create_connection", refuse)
    with pytest.raises(UserError, match=r"nothing answers there .*Connection refused"):
        answers(uri)
    assert asked == [(place, reach.SOON)]


def test_a_refusal_is_an_answer() -> None:
    def respond(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(401)
        handler.end_headers()

    with server(respond) as host:
        answers(f"http://{host}")


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(UserError, match=r"notes\.txt is no SQLite database"):
        answers(f"sqlite:///{tmp_path}/notes.txt")


@pytest.mark.parametrize("how", ["immediate", "exclusive"])
def test_a_database_that_another_process_holds_is_said_within_seconds(
    tmp_path: Path, new_database: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr(reach, "SOON", 0.2)
    path = shutil.copy(new_database, tmp_path)
    with sqlite3.connect(path) as holder:
        holder.execute(f"BEGIN {how}")
        since = time.monotonic()
        with pytest.raises(UserError, match=r"another process has held the database for 0\.2 s"):
            answers(f"sqlite:///{path}")
        assert time.monotonic() - since < 2
        holder.rollback()
    answers(f"sqlite:///{path}")


class Refusing(SQLiteDialect_pysqlite):
    """In place of a driver, none of which is installed with stx."""

    supports_statement_cache = True

    def create_connect_args(self, url: object) -> Any:
        return [], {}

    def connect(self, *_: object, **__: object) -> Any:
        raise sqlite3.OperationalError("password authentication failed for user bob\nand more")


class Hanging(Refusing):
    def connect(self, *_: object, **__: object) -> Any:
        time.sleep(20)


@pytest.mark.parametrize(
    ("driver", "why"),
    [("refusing", "password authentication failed for user bob$"), ("hanging", "no whole answer"), ("none", "plugin")],
)
def test_a_database_that_lets_nobody_in_says_why_within_seconds(
    monkeypatch: pytest.MonkeyPatch, driver: str, why: str
) -> None:
    monkeypatch.setattr(reach, "SOON", 0.5)
    registry.register("postgresql.refusing", __name__, "Refusing")
    registry.register("postgresql.hanging", __name__, "Hanging")
    with server(well) as host:
        since = time.monotonic()
        with pytest.raises(UserError, match=why) as error:
            answers(f"postgresql+{driver}://bob:s3cret@{host}/db")
    assert time.monotonic() - since < 3
    assert "s3cret" not in str(error.value)


def test_within_gives_what_was_returned_or_raised() -> None:
    assert within(5, lambda: 3) == 3
    with pytest.raises(ZeroDivisionError):
        within(5, lambda: 1 // 0)
    with pytest.raises(TimeoutError, match=r"within 0\.05 s"):
        within(0.05, lambda: time.sleep(5))


def test_a_server_behind_a_proxy_is_reached_as_mlflow_reaches_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with server(well) as proxy:
        monkeypatch.setenv("http_proxy", f"http://{proxy}")
        monkeypatch.delenv("no_proxy", raising=False)
        answers("http://mlflow.nowhere.invalid:5000")


def test_a_client_s_certificate_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_CLIENT_CERT_PATH", str(tmp_path / "none.pem"))
    with server(well) as host, pytest.raises(UserError, match="No such file"):
        answers(f"http://{host}")


@pytest.mark.parametrize("uri", ["databricks://profile", "uc:databricks", "databricks"])
def test_stores_that_mlflow_alone_can_reach_are_left_to_it(uri: str) -> None:
    answers(uri)


def test_a_kind_of_store_that_nobody_knows_is_a_message() -> None:
    with pytest.raises(UserError, match="no kind of store is called nonsense"):
        answers("nonsense://x")


def test_a_database_without_a_port_is_left_to_its_driver() -> None:
    with pytest.raises(UserError, match="pyodbc"):
        answers("mssql+pyodbc://u@localhost/db")


def test_a_database_that_is_read_only_is_called_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "mlflow.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE runs (id TEXT)")
    for only in (path, tmp_path):
        monkeypatch.setattr("os.access", lambda place, _, only=only: place != only)
        with pytest.raises(UserError, match=rf"{only} is read-only; let yourself write to it, or name another store"):
            answers(f"sqlite:///{path}")


def test_a_database_that_sqlite_itself_cannot_write_to_is_read_only(tmp_path: Path, monkeypatch: Any) -> None:
    (tmp_path / "mlflow.db").write_bytes(b"SQLite format 3\0")

    def refused(*_: object, **__: object) -> None:
        raise sqlite3.OperationalError("attempt to write a readonly database")

    monkeypatch.setattr("sqlite3.connect", refused)
    with pytest.raises(UserError, match=r"mlflow\.db is read-only; ") as raised:
        answers(f"sqlite:///{tmp_path / 'mlflow.db'}")
    assert "another process" not in str(raised.value)
