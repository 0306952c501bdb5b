"""A run with its page, from its first line to its last."""

import http.client
import json
import logging
import re
import shutil
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from servers import LIVE, port_of_page

from conftest import SHALLOW, TINY, Started
from stx import stylise
from stx.config.compose import composition
from stx.errors import Diverged
from stx.loop.listener import Listener, Row
from stx.runs import identity
from stx.runs.files import CHECKPOINT, JOURNAL, LOSSES, OUTPUT
from stx.runs.job import Job
from stx.runs.live import serving
from stx.runs.make import run
from stx.runs.tracking.journal import entries

LONG = ("optim=adam", "optim.steps=1000000", "optim.stop_at=null", "optim.pyramid=[]", "tracking=none")
OUT = "hydra.run.dir=out"


def job(folder: Path, *overrides: str, tracking: str = "tracking=none") -> Job:
    config, choices, typed = composition([*TINY, tracking, "output.metadata=false", *overrides])
    return Job(config, folder, choices, typed, quiet=True)


@pytest.fixture
def store(tmp_path: Path, new_database: Path) -> str:
    shutil.copy(new_database, tmp_path / "store.db")
    return f"tracking.uri=sqlite:///{tmp_path}/store.db"


def tags(folder: Path) -> dict[str, str]:
    """What the run told its tracker at its beginning."""
    opened, _ = next(entries(folder / JOURNAL, 0))
    return dict(opened["open"]["tags"])


class Looking(Listener):
    """A page that is open for as long as the run works: what it was told."""

    def __init__(self, caplog: pytest.LogCaptureFixture):
        self.caplog, self.states = caplog, list[dict[str, object]]()
        self.thread: threading.Thread | None = None

    def rows(self, rows: list[Row]) -> None:
        if self.thread is None:
            port = int(LIVE.findall(self.caplog.text)[-1])
            begun = threading.Event()
            self.thread = threading.Thread(target=self.look, args=(port, begun), daemon=True)
            self.thread.start()
            begun.wait(10)

    def look(self, port: int, begun: threading.Event) -> None:
        for state in states(port):
            self.states.append(state)
            begun.set()
            if state["over"]:
                return


def states(port: int) -> Iterator[dict[str, object]]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/events")
    stream = connection.getresponse()
    try:
        while line := stream.readline():
            if line.startswith(b"data: "):
                yield json.loads(line.removeprefix(b"data: "))
    finally:
        connection.close()


@pytest.fixture(autouse=True)
def said(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "stx")


def test_the_picture_and_the_losses_are_the_same_with_a_page_and_without(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    looking, steps = Looking(caplog), ("optim=adam", "optim.steps=120", "optim.stop_at=null")
    run(job(tmp_path / "shown", "live=true", *steps), looking)
    run(job(tmp_path / "not", *steps))
    assert (tmp_path / "shown" / OUTPUT).read_bytes() == (tmp_path / "not" / OUTPUT).read_bytes()
    with_page, without = (losses(tmp_path / name / LOSSES) for name in ("shown", "not"))
    assert with_page == without
    assert looking.thread
    looking.thread.join(10)
    last = looking.states[-1]
    assert (last["phase"], last["over"], last["step"], last["steps"]) == ("finished", True, 120, 120)
    assert f"the picture: {tmp_path / 'shown' / OUTPUT}" in str(last["said"])
    assert not [thread for thread in threading.enumerate() if thread.name == "live"]


def losses(path: Path) -> list[list[str]]:
    """Less what the clock says."""
    lines = [line.split(",") for line in path.read_text().splitlines()]
    kept = [place for place, name in enumerate(lines[0]) if not name.startswith("time")]
    return [[line[place] for place in kept] for line in lines]


def test_its_button_does_what_ctrl_c_does_and_the_run_goes_on_later(tmp_path: Path, forkserver: None) -> None:
    started = Started(tmp_path, "run", *TINY, *LONG, OUT, "live=true")
    port, seen, asked = port_of_page(started), [], False
    for state in states(port):
        seen.append(state)
        if not asked and state["phase"] == "working":
            page = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            page.request("GET", "/")
            token = re.findall(r'data-token="([^"]+)"', page.getresponse().read().decode())[0]
            page.request("POST", "/stop", headers={"X-Stx-Token": token})
            assert page.getresponse().read() == b""
            page.close()
            asked = True
        if state["over"]:
            break
    done = started.ended()
    assert done.returncode == 130
    assert "go on: stx run resume=out" in done.stderr
    assert "Traceback" not in done.stderr
    assert (seen[-1]["phase"], str(seen[-1]["said"]).splitlines()[-1]) == (
        "interrupted",
        "go on: stx run resume=out",
    )
    record = identity.read(tmp_path / "out")
    assert record
    assert record.outcome == "interrupted"
    assert (tmp_path / "out" / CHECKPOINT).exists()
    step = int(str(seen[-1]["step"]))
    again = Started(tmp_path, "run", "resume=out", "live=false", f"optim.steps={10**6}")
    while f"continues after step {step}" not in again.said() or "/1000000" not in again.said():
        time.sleep(0.05)
    assert not LIVE.search(again.said())
    again.send_signal(signal.SIGTERM)
    assert again.ended().returncode == 143


def test_ctrl_c_ends_a_run_whose_page_is_open_and_the_page_is_told(tmp_path: Path, forkserver: None) -> None:
    started = Started(tmp_path, "run", *TINY, *LONG, OUT, "live=true")
    seen, since = [], 0.0
    for state in states(port_of_page(started)):
        seen.append(state)
        if state["phase"] == "working" and not since:
            started.send_signal(signal.SIGINT)
            since = time.monotonic()
    done = started.ended()  # the page has not gone before: it is waited for a little
    assert time.monotonic() - since < serving.LAST_SECONDS + serving.CLOSING_SECONDS + 5
    assert done.returncode == 130
    assert seen[-1]["phase"] == "interrupted"
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken_is_said_and_recorded_and_another_one_used(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, store: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert run(job(tmp_path / "run", f"live={port}", tracking=store)).outcome == "finished"
    assert f"live={port}: Address already in use; another port is used" in caplog.text
    (own,) = LIVE.findall(caplog.text)
    assert own != str(port)
    assert tags(tmp_path / "run")["stx.live"] == f"at port {own} in place of {port}"


def test_runs_one_after_the_other_have_one_address(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    port = serving.bound(0)
    number = port.getsockname()[1]
    port.close()
    for name in ("first", "second"):
        run(job(tmp_path / name, f"live={number}"), Looking(caplog))
    assert LIVE.findall(caplog.text) == [str(number)] * 2
    assert "another port" not in caplog.text


def test_where_there_is_no_loopback_the_run_goes_on_without_a_page(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, store: str
) -> None:
    monkeypatch.setattr(serving, "LOOPBACK", "192.0.2.1")  # an address that no machine has
    assert run(job(tmp_path / "run", "live=true", tracking=store)).outcome == "finished"
    assert "live=true: there is no page (Cannot assign requested address); the run goes on without it" in caplog.text
    assert tags(tmp_path / "run")["stx.live"] == "no page: Cannot assign requested address"


def test_a_page_that_is_where_it_was_asked_for_is_no_tag(tmp_path: Path, store: str) -> None:
    for live in ("false", "true"):
        run(job(tmp_path / live, f"live={live}", tracking=store))
        assert "stx.live" not in tags(tmp_path / live)


def test_a_server_that_fails_is_a_line_and_the_run_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    import uvicorn

    def broken(self: uvicorn.Server, sockets: list[socket.socket]) -> None:
        raise RuntimeError("no loop")

    monkeypatch.setattr(uvicorn.Server, "run", broken)
    assert run(job(tmp_path / "run", "live=true")).outcome == "finished"
    assert "live: the page has failed (no loop); the run goes on without it" in caplog.text


def test_a_run_that_diverges_under_raise_tells_its_page_so_and_where(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    looking = Looking(caplog)
    overflow = ("optim=lbfgs_plain", "optim.lr=1e30", "guard.on_nan=raise", "optim.steps=30")
    with pytest.raises(Diverged) as raised:
        run(job(tmp_path / "run", "live=true", *overflow), looking)
    assert looking.thread
    looking.thread.join(10)
    last = looking.states[-1]
    assert (last["phase"], last["said"]) == ("diverged", str(raised.value))
    assert last["events"]


def test_stylise_has_a_page_too(caplog: pytest.LogCaptureFixture) -> None:
    overrides = ("model=vgg19_random", "image_size.long_side=40", "optim.steps=3", *SHALLOW)
    given = Image.new("RGB", (64, 48), "teal"), "swirls"
    assert stylise(*given, *overrides, "live=true").tobytes() == stylise(*given, *overrides).tobytes()
    assert LIVE.search(caplog.text)
