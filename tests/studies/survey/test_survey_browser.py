"""The survey in a browser, from a file and from its server: asked, answered, reloaded, cut off."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from copy import copy
from pathlib import Path
from typing import Any

import pytest
from chromium import PATH, PHONE, Tab, launched
from surveys import METHODS, asked, entry, survey

from stx.runs.live.server import quiet
from stx.studies.survey import answers, collect, serving
from stx.studies.survey.app import app, hosts
from stx.studies.survey.key import COLLECTED, Key

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(PATH is None, reason="Chromium is not installed")

SIDES = {"1": "left", "2": "right", "ArrowLeft": "left", "ArrowRight": "right"}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with launched() as browser:
        yield browser


@pytest.fixture
def tab(chromium: Any) -> Iterator[Callable[..., Tab]]:
    tabs: list[Tab] = []

    def opened(address: str, **options: Any) -> Tab:
        tabs.append(Tab(chromium, **options))
        tabs[-1].page.goto(address, wait_until="domcontentloaded")
        return tabs[-1]

    yield opened
    for each in tabs:
        each.close()


class Server:
    """That can go away and come back, at the same address."""

    def __init__(self, folder: Path, key: Key):
        self.folder, self.key, self.port = folder, key, 0
        collect.prepare(folder / COLLECTED)
        self.begin()

    def begin(self) -> None:
        self.server = quiet(app(self.folder, self.key, hosts("127.0.0.1")))
        self.thread = threading.Thread(target=self.serve, daemon=True)
        ready = self.ready = threading.Event()
        self.thread.start()
        assert ready.wait(10)

    def serve(self) -> None:
        with serving.bound(asked(port=self.port)) as listening:
            self.port = listening.getsockname()[1]
            self.ready.set()
            self.server.run([listening])

    def end(self) -> None:
        self.server.should_exit = True
        self.thread.join(10)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def answers(self) -> list[answers.Answer]:
        sheets = (answers.parse(text, self.key) for text in collect.sheets(self.folder / COLLECTED))
        return [answer for sheet in sheets for answer in sheet.answers]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    served = Server(tmp_path / "survey", survey(tmp_path / "survey", questions=8).key)
    yield served
    served.end()


def begin(tab: Tab) -> None:
    if tab.page.is_visible("#begin"):
        tab.page.click("#begin")


def choose(tab: Tab, key: str = "1") -> None:
    """Once the pictures have been there long enough to be looked at."""
    begin(tab)
    tab.holds("seen < performance.now() - BLINK_MS")
    before = answered(tab)
    tab.page.keyboard.press(key)
    tab.holds(f"state.answers.length === {before + 1}")


def answered(tab: Tab) -> int:
    return int(tab.page.evaluate("state.answers.length"))


def saved(tab: Tab, folder: Path) -> Path:
    with tab.page.expect_download() as download:
        tab.page.click("#save")
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def test_a_page_from_a_file_is_answered_saved_and_asks_nobody(tmp_path: Path, tab: Callable[..., Tab]) -> None:
    made = survey(tmp_path / "survey", questions=8)
    one = tab((tmp_path / "survey" / "survey.html").as_uri(), accept_downloads=True)
    assert one.page.title() == "Which picture?"
    asks, sides = list[str](), Counter[str]()
    while one.page.is_hidden("#end"):
        key = list(SIDES)[len(asks) % 4]
        begin(one)
        asks.append(one.text("question"))
        shown = one.page.evaluate("plan[state.answers.length]")
        assert (
            one.page.get_attribute("#beside", "alt")
            == f"The {'painting' if shown['asks'] == 'style' else 'photograph'}"
        )
        choose(one, key)
        last = one.page.evaluate("state.answers.at(-1)")
        assert last["chosen"] == shown[SIDES[key]]
        assert last["left"] == shown["left"]
        sides[SIDES[key]] += 1
    assert len(asks) == 10  # eight questions, and one of each kind once more
    assert sorted(Counter(asks).values()) == [5, 5]
    assert len({*asks[:5]}) == 1  # one kind after the other
    assert sides == {"left": 5, "right": 5}
    assert one.text("place") == "10 questions"
    assert one.page.is_hidden("#next")  # before the answers are saved they would be lost
    sheet = answers.read(saved(one, tmp_path), made.key)
    assert [each.n for each in sheet.answers] == list(range(10))
    assert all(0 < each.ms < 60_000 for each in sheet.answers)
    assert (sum(each.again for each in sheet.answers), len({*answers.questions(sheet)})) == (2, 10)
    assert saved(one, tmp_path).name == f"answers-{sheet.rater}.json"
    assert one.said == []
    assert {address.partition(":")[0] for address in one.asked} <= {"file", "data", "blob"}


def test_a_repeat_has_its_sides_swapped_and_sides_are_balanced(tmp_path: Path, tab: Callable[..., Tab]) -> None:
    made = survey(tmp_path / "survey", questions=24, repeats=0.5)
    one = tab((tmp_path / "survey" / "survey.html").as_uri())
    orders = set[str]()
    for rater in range(20):
        plan = one.page.evaluate("(rater) => planned(rater)", f"{rater * 0x9E3779B97F4A7C15 % 2**128:032x}")
        for asks in ("style", "content"):
            part = [each for each in plan if each["asks"] == asks]
            first = {each["pair"]: each for each in part if not each["again"]}
            again = [each for each in part if each["again"]]
            assert first.keys() == made.key.pairs.keys()  # twelve pairs, all of them
            assert len(again) == 6
            assert all(each["left"] == first[each["pair"]]["right"] for each in again)
            assert all(part.index(first[each["pair"]]) < part.index(each) for each in again)
            left = sum(each["left"] == made.key.pairs[each["pair"]].pictures[0] for each in first.values())
            assert left == 6
        orders.add(json.dumps(plan))
    assert len(orders) == 20
    same = "planned('0'.repeat(31) + '1')"
    assert one.page.evaluate(same) == one.page.evaluate(same)


def test_raters_who_are_asked_of_some_pairs_cover_all_of_them_evenly(tmp_path: Path, tab: Callable[..., Tab]) -> None:
    (tmp_path / "more").mkdir()
    several = [entry(tmp_path / "more", *each) for each in ((m, p, s) for m in METHODS for p in "abcd" for s in "wxyz")]
    made = survey(tmp_path / "survey", several, questions=20)
    one = tab((tmp_path / "survey" / "survey.html").as_uri())
    raters = [f"{number * 0x9E3779B97F4A7C15F39CC0605CEDC834 % 2**128:032x}" for number in range(1, 121)]
    plans = one.page.evaluate("(raters) => raters.map(planned)", raters)
    times = Counter(each["pair"] for plan in plans for each in plan if each["asks"] == "style" and not each["again"])
    assert len(times) == len(made.key.pairs) == 48
    assert 10 < min(times.values()) <= max(times.values()) < 45  # 25 in the mean
    lefts = [each["left"] for plan in plans for each in plan]
    assert Counter(made.key.pictures[name].method for name in lefts).most_common()[0][1] < 0.4 * len(lefts)


def test_answers_are_sent_as_they_are_given_and_the_last_can_be_taken_back(
    server: Server, tab: Callable[..., Tab]
) -> None:
    one = tab(server.address)
    choose(one)
    assert server.answers() == []  # it can still be taken back
    one.page.click("#back")
    assert answered(one) == 0
    assert one.page.is_hidden("#back") or one.page.is_disabled("#back")  # by one, and no more
    choose(one, "2")
    choose(one)
    one.holds("state.sent === 1")
    (first,) = server.answers()
    assert first.chosen != first.left
    for _ in range(8):
        choose(one)
    one.holds("state.sent === 10")
    assert one.text("said") == "All answers have arrived."
    assert [each.n for each in server.answers()] == list(range(10))
    assert one.said == []
    assert {address.split("/")[2] for address in one.asked if not address.startswith("data:")} == {
        f"127.0.0.1:{server.port}"
    }


def test_a_reload_goes_on_where_it_was_and_asks_the_same(server: Server, tab: Callable[..., Tab]) -> None:
    one = tab(server.address)
    for _ in range(3):
        choose(one)
    rater, plan = one.page.evaluate("[state.rater, plan]")
    one.page.reload(wait_until="domcontentloaded")
    assert one.page.evaluate("[state.rater, plan]") == [rater, plan]
    assert one.text("place") == "4 of 10"
    assert one.text("begin") == "Continue"
    for _ in range(7):
        choose(one)
    one.holds("state.sent === 10")
    one.page.reload(wait_until="domcontentloaded")
    assert one.page.is_visible("#end")
    assert len(server.answers()) == len({(each.pair, each.asks, each.again) for each in server.answers()}) == 10


def test_a_server_that_goes_away_is_waited_for_and_nothing_is_lost(server: Server, tab: Callable[..., Tab]) -> None:
    one = tab(server.address)
    one.page.evaluate("pause = 100")
    for _ in range(2):
        choose(one)
    one.holds("state.sent === 1")
    server.end()
    for _ in range(4):
        choose(one)
    assert one.text("said").startswith("The server does not respond.")
    server.begin()
    one.page.evaluate("dispatchEvent(new Event('online'))")
    one.holds("state.sent === 5")
    assert [each.n for each in server.answers()] == list(range(5))


def test_behind_one_rater_another_one_begins_once_all_is_kept(server: Server, tab: Callable[..., Tab]) -> None:
    one = tab(server.address)
    first = one.page.evaluate("state.rater")
    for _ in range(10):
        choose(one)
    one.until(lambda: one.page.is_visible("#next"))
    assert len(server.answers()) == 10
    one.page.click("#next")
    assert one.page.evaluate("state.rater") != first
    assert one.text("place") == ""  # the introduction is no question
    assert (one.text("begin"), one.text("said")) == ("Begin", "")
    begin(one)
    assert one.text("place") == "1 of 10"
    choose(one)
    choose(one)
    one.holds("state.sent === 1")
    assert collect.count(server.folder / COLLECTED) == (11, 2)


def test_two_tabs_of_one_browser_are_one_rater(server: Server, tab: Callable[..., Tab]) -> None:
    one = tab(server.address)
    choose(one)
    other = one.page.context.new_page()
    other.goto(server.address)
    assert other.inner_text("#place") == "2 of 10"
    choose(one)
    one.until(lambda: other.inner_text("#place") == "3 of 10")


HELD = """() => {
    const whole = window.fetch;
    window.fetch = (...asked) => new Promise((go) => { window.release = () => go(whole(...asked)); });
}"""
"""What the page sends waits until it is released."""


def test_an_answer_on_its_way_is_counted_once_and_for_its_own_rater(server: Server, tab: Callable[..., Tab]) -> None:
    one = tab(server.address)
    one.page.evaluate(HELD)
    for _ in range(2):
        choose(one)
    other = copy(one)
    other.page = one.page.context.new_page()  # which sends the same answer, and one more
    other.page.goto(server.address)
    choose(other)
    one.holds("state.sent === 2 && sending")
    one.page.evaluate("release()")
    one.holds("!sending")
    assert one.page.evaluate("state.sent") == 2
    choose(other)
    other.holds("state.sent === 3")
    assert [each.n for each in server.answers()] == [0, 1, 2]
    choose(one)
    one.holds("sending")
    one.page.evaluate("restart()")
    one.page.evaluate("release()")
    one.holds("!sending")
    assert one.page.evaluate("[state.answers.length, state.sent]") == [0, 0]


def test_a_click_that_comes_too_soon_and_a_key_that_is_held_choose_nothing(
    tmp_path: Path, tab: Callable[..., Tab]
) -> None:
    survey(tmp_path / "survey", questions=8)
    one = tab((tmp_path / "survey" / "survey.html").as_uri())
    begin(one)
    one.holds("seen < performance.now() - BLINK_MS")
    one.page.dblclick("#left")
    one.page.keyboard.press("1")
    assert answered(one) == 1
    one.holds("seen < performance.now() - BLINK_MS")
    one.page.evaluate("document.dispatchEvent(new KeyboardEvent('keydown', { key: '1', repeat: true }))")
    assert answered(one) == 1


def test_a_browser_that_keeps_nothing_says_so_and_what_it_keeps_wrongly_is_left(
    tmp_path: Path, tab: Callable[..., Tab]
) -> None:
    survey(tmp_path / "survey", questions=8)
    one = tab((tmp_path / "survey" / "survey.html").as_uri())
    for wrong in ("no json", "{}", '{"rater": "<img src=x onerror=alert(1)>", "answers": [], "sent": 0}'):
        assert one.page.evaluate("(wrong) => { localStorage.setItem(STORED, wrong); return stored(); }", wrong) is None
    one.page.evaluate("() => { Storage.prototype.setItem = () => { throw new Error('full'); }; }")
    choose(one)
    assert one.text("said").startswith("This browser cannot store your answers")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_telephone_all_is_within_its_width_and_by_keyboard_all_is_reached(
    tmp_path: Path, tab: Callable[..., Tab], scheme: str
) -> None:
    survey(tmp_path / "survey", questions=8)
    one = tab((tmp_path / "survey" / "survey.html").as_uri(), viewport=PHONE, color_scheme=scheme)
    one.page.keyboard.press("Tab")
    assert one.page.evaluate("document.activeElement.id") == "begin"
    one.page.keyboard.press("Enter")
    one.holds("seen < performance.now() - BLINK_MS")
    assert one.page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    one.page.focus("#right")
    one.page.keyboard.press("Enter")
    assert one.page.evaluate("state.answers[0].chosen") == one.page.evaluate("plan[0].right")
    alts = one.page.eval_on_selector_all("img", "images => images.map((image) => image.alt)")
    assert {*alts} <= {"Picture 1", "Picture 2", "The painting", "The photograph"}
    assert one.said == []
