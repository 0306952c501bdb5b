"""Delivery: in order, each entry until it works, doubtful ones marked, and never in the way of the run."""

import json
import threading
import time
from pathlib import Path

import pytest

from stx.runs.files import UNDELIVERED
from stx.runs.tracking import courier as module
from stx.runs.tracking.courier import Courier, delivered, pending
from stx.runs.tracking.journal import Entry, Journal


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fiftieth of the first wait, and ten of those at the longest."""
    monkeypatch.setattr(module, "FIRST_WAIT", module.FIRST_WAIT / 50)
    monkeypatch.setattr(module, "LONGEST_WAIT", module.LONGEST_WAIT / 150)


class Store:
    """Takes entries, or fails while it is away: before it has stored one, or after."""

    def __init__(self) -> None:
        self.took: list[tuple[int, bool]] = []
        self.away = False
        self.loses_answers = False
        self.run_id = "r"
        self.has = 0

    def connect(self) -> int:
        return self.has

    def __call__(self, entry: Entry, doubtful: bool) -> None:
        if self.away:
            raise ConnectionError("nobody there")
        if not (doubtful and any(number == entry["rows"] for number, _ in self.took)):
            self.took.append((entry["rows"], doubtful))
        if self.loses_answers:
            self.loses_answers = False
            raise TimeoutError


def written(folder: Path, *numbers: int) -> None:
    journal = Journal(folder)
    for number in numbers:
        journal.write("rows", number)
    journal.close()


def test_all_is_delivered_in_order_and_noted(tmp_path: Path) -> None:
    written(tmp_path, *range(20))
    store = Store()
    courier = Courier(tmp_path, store)
    courier.start()
    assert courier.finish(5)
    assert [number for number, _ in store.took] == list(range(20))
    assert delivered(tmp_path) == (tmp_path / "journal.jsonl").stat().st_size
    assert pending(tmp_path) == []


def test_a_store_that_comes_back_gets_everything_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    journal, store = Journal(tmp_path), Store()
    courier = Courier(tmp_path, store)
    courier.start()
    store.away = True
    for number in range(5):
        journal.write("rows", number)
    deadline = time.monotonic() + 30  # the first error imports what it is compared with
    while not courier.trouble and time.monotonic() < deadline:
        time.sleep(0.01)
    assert (store.took, courier.trouble) == ([], "nobody there")
    store.away, store.loses_answers = False, True
    journal.write("rows", 5)
    assert courier.finish(5)
    assert [number for number, _ in store.took] == list(range(6))
    assert courier.trouble == ""
    assert caplog.text.count(f"does not take what it is sent (nobody there); it waits in {tmp_path}") == 1
    assert "the store answers again" in caplog.text


def test_a_store_that_stays_away_is_asked_ever_more_seldom(tmp_path: Path) -> None:
    written(tmp_path, 1)
    courier, waits = Courier(tmp_path, Store()), list[float]()

    class GivenUp(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waits.append(timeout or 0)
            return len(waits) == 6

    courier.given_up, courier.send.away = GivenUp(), True  # type: ignore[attr-defined]
    courier.run()
    assert waits == pytest.approx([0.01, 0.02, 0.04, 0.08, 0.1, 0.1])


def test_a_courier_waits_for_more_until_the_end_is_asked_for(tmp_path: Path) -> None:
    journal, store = Journal(tmp_path), Store()
    journal.write("rows", 0)
    courier = Courier(tmp_path, store)
    courier.start()
    courier.join(0.2)
    assert courier.is_alive()
    journal.write("rows", 1)
    assert courier.finish(5)
    assert [number for number, _ in store.took] == [0, 1]
    again = Courier(tmp_path, store)
    again.end.set()
    again.run()  # in this thread: nothing is raised in it
    assert len(store.took) == 2


def test_what_is_set_aside_is_noted_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for what in ("picture a.png", "picture b.png", "picture a.png"):
        module.set_aside(tmp_path, what, "no picture")
    noted = (tmp_path / UNDELIVERED).read_text().splitlines()
    assert [json.loads(line) for line in noted] == [
        {"what": "picture a.png", "why": "no picture"},
        {"what": "picture b.png", "why": "no picture"},
    ]
    assert caplog.text.count("the store cannot take it (no picture)") == 2


def test_a_store_that_has_lost_the_run_is_told_all_of_it_again(tmp_path: Path) -> None:
    written(tmp_path, 1, 2)

    class Lost(RuntimeError):
        error_code = "RESOURCE_DOES_NOT_EXIST"

        def get_http_status_code(self) -> int:
            return 404

    class Forgetful(Store):
        def __call__(self, entry: Entry, doubtful: bool) -> None:
            if entry["rows"] == 2 and len(self.took) == 1:
                self.took.append((0, False))
                raise Lost
            self.took.append((entry["rows"], doubtful))

    store = Forgetful()
    courier = Courier(tmp_path, store)
    courier.end.set()
    courier.run()
    assert [number for number, _ in store.took] == [1, 0, 1, 2]


def test_what_is_on_disk_of_a_delivery_is_for_the_run_that_it_was_of(tmp_path: Path) -> None:
    assert delivered(tmp_path) == 0
    module.note(tmp_path, 7, "r")
    assert (delivered(tmp_path), delivered(tmp_path, "r"), delivered(tmp_path, "s")) == (7, 7, 0)
    (tmp_path / "delivered.json").write_text('{"bytes": 9}')  # as it was once
    assert (delivered(tmp_path), delivered(tmp_path, "r")) == (9, 9)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"picture": {"file": "pictures/step-000002.png"}}, "picture pictures/step-000002.png"),
        ({"rows": [[3, 0, {}]]}, "rows of step 3"),
        ({"rows": [[3, 0, {}], [4, 0, {}], [5, 0, {}]]}, "rows of step 3 to 5"),
        ({"measured": [[7, 0, {"a": 1.0}]]}, "measured of step 7"),
        ({"rows": []}, "rows"),
        ({"rows": [[3, 0, {}], "torn"]}, "rows"),
        ({"artifact": "config.yaml"}, "artifact config.yaml"),
        ({"tags": {}, "end": {}}, "tags, end"),
    ],
)
def test_an_entry_is_named_in_a_word_or_two(entry: Entry, words: str) -> None:
    assert module.named(entry) == words


def test_a_store_that_stays_away_holds_nothing_up_and_loses_nothing(tmp_path: Path) -> None:
    written(tmp_path, 1, 2)
    store = Store()
    store.away = True
    courier = Courier(tmp_path, store)
    courier.start()
    since = time.monotonic()
    assert not courier.finish(0.2)
    assert time.monotonic() - since < 2
    assert pending(tmp_path) == [tmp_path]
    store.away = False
    later = Courier(tmp_path, store)
    later.start()
    assert later.finish(5)
    assert [number for number, _ in store.took] == [1, 2]


def test_a_store_that_hangs_holds_nothing_up(tmp_path: Path) -> None:
    written(tmp_path, 1)
    forever = threading.Event()

    class Hangs(Store):
        def __call__(self, entry: Entry, doubtful: bool) -> None:
            forever.wait()

    courier = Courier(tmp_path, Hangs())
    courier.start()
    since = time.monotonic()
    assert not courier.finish(0.1)
    assert time.monotonic() - since < 3
    forever.set()


def test_what_was_written_before_a_restart_is_doubtful_and_the_rest_is_not(tmp_path: Path) -> None:
    written(tmp_path, 1)
    (tmp_path / "delivered.json").write_text("{torn")
    store = Store()
    courier = Courier(tmp_path, store)
    written(tmp_path, 2)
    courier.start()
    assert courier.finish(5)
    assert store.took == [(1, True), (2, False)]


def test_a_journal_that_was_lost_is_sent_from_its_begin_and_nothing_twice(tmp_path: Path) -> None:
    written(tmp_path, 1, 2, 3)
    store = Store()
    store.took, store.has = [(1, False), (2, False)], 10_000
    courier = Courier(tmp_path, store)
    courier.start()
    written(tmp_path, 4)
    assert courier.finish(5)
    assert store.took == [(1, False), (2, False), (3, True), (4, True)]


def test_a_folder_that_is_gone_ends_the_delivery_with_a_reason(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    written(tmp_path / "run", 1)
    courier = Courier(tmp_path / "run", Store())
    (tmp_path / "run").rename(tmp_path / "moved")
    courier.start()
    courier.join(5)
    assert not courier.is_alive()
    assert "journal.jsonl: No such file or directory" in courier.trouble


def test_a_disk_that_takes_no_note_holds_no_delivery_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(module, "note", full)
    written(tmp_path, 1, 2)
    store = Store()
    courier = Courier(tmp_path, store)
    courier.start()
    assert courier.finish(5)
    assert [number for number, _ in store.took] == [1, 2]


def test_a_store_that_is_waited_for_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "QUIET", 0.05)
    written(tmp_path, 1)

    class Slow(Store):
        def __call__(self, entry: Entry, doubtful: bool) -> None:
            time.sleep(0.3)

    courier = Courier(tmp_path, Slow())
    courier.start()
    assert courier.finish(5)
    assert caplog.text.count("waiting for the store") == 1
    at_once = Courier(tmp_path, Store())
    at_once.start()
    assert at_once.finish(5)
    assert caplog.text.count("waiting for the store") == 1


def test_what_cannot_be_noted_on_a_full_disk_stops_no_delivery(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    written(tmp_path, 1, 2)
    monkeypatch.setattr(module, "note", full)
    store = Store()
    courier = Courier(tmp_path, store)
    courier.start()
    assert courier.finish(5)
    assert [number for number, _ in store.took] == [1, 2]
    monkeypatch.undo()
    again = Courier(tmp_path, store)
    again.start()
    assert again.finish(5)
    assert [number for number, _ in store.took] == [1, 2]


def test_nothing_is_sent_behind_the_end_of_a_run_s_patience(tmp_path: Path) -> None:
    written(tmp_path, *range(5))
    store = Store()
    courier = Courier(tmp_path, store)
    courier.given_up.set()
    courier.follow()
    assert store.took == []
