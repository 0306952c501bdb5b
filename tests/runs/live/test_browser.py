"""The page in a browser, beside a run at work."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from chromium import PATH, PHONE, Tab, launched
from servers import Answer, port_of_page, serving

from conftest import SHALLOW, Started
from stx.loop.listener import Row
from stx.loop.signals import Stop
from stx.runs.live import app
from stx.runs.live.serving import started as page_started
from stx.runs.live.view import Live
from stx.runs.progress import Stage

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(PATH is None, reason="Chromium is not installed")

RUN = ("run", "model=vgg19_random", "image_size.width=64", "image_size.height=48", *SHALLOW, "optim=adam",
       "tracking=none", "hydra.run.dir=out")  # fmt: skip
LONG = ("optim.steps=1000000", "optim.stop_at=null", "optim.pyramid=[100]")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with launched() as browser:
        yield browser


class LiveTab(Tab):
    def open(self, port: int) -> None:
        self.page.goto(f"http://127.0.0.1:{port}/", wait_until="domcontentloaded")
        self.page.wait_for_selector("#image[src^='blob:']")


@pytest.fixture
def tab(chromium: Any) -> Iterator[Callable[..., LiveTab]]:
    tabs: list[LiveTab] = []

    def opened(**options: Any) -> LiveTab:
        tabs.append(LiveTab(chromium, **options))
        return tabs[-1]

    yield opened
    for each in tabs:
        each.close()


@pytest.fixture
def live() -> Iterator[Live]:
    """A run at work, in this process."""
    view = Live("a run", [Stage(10, 8, 6)], Stop())
    view.rows([Row(3, 0.0, {"loss/total": 1.0, "loss/content": 2.0, "loss/style": 3.0})])
    view.show(torch.full((3, 6, 8), 0.5), 3)
    server = page_started(view, True)
    view.port = server.listening.getsockname()[1]  # type: ignore[attr-defined]
    yield view
    server.close(0)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (None, "No answer from the run"),
        ((403, "the page's own button alone"), "Not stopped: the page's own button alone"),
        ((409, "nothing is to be stopped now"), "Not stopped: nothing is to be stopped now"),
    ],
)
def test_a_stop_that_was_not_taken_is_said_and_can_be_asked_for_again(
    live: Live, tab: Callable[..., LiveTab], answer: tuple[int, str] | None, said: str
) -> None:
    one = tab()
    one.open(live.port)  # type: ignore[attr-defined]
    one.until(lambda: one.text("phase") == "At work")
    one.page.route(
        "**/stop", lambda route: route.fulfill(status=answer[0], body=answer[1]) if answer else route.abort()
    )
    one.page.click("#stop")
    one.until(lambda: one.text("phase") == said)
    live.rows([Row(4, 0.0, {"loss/total": 1.0})])
    one.until(lambda: one.text("step") == "4 of 10")
    assert (one.text("phase"), one.page.is_disabled("#stop")) == ("At work", False)
    one.page.unroute("**/stop")
    one.page.click("#stop")
    one.until(lambda: one.text("phase") == "Stopping after this step")
    assert one.page.is_disabled("#stop")
    assert live.stop.signal is not None


@pytest.mark.parametrize("times", [1, 9])
def test_a_page_whose_last_picture_does_not_come_asks_once_more_and_then_for_nothing(
    live: Live, tab: Callable[..., LiveTab], times: int
) -> None:
    one, asked = tab(), list[str]()
    one.open(live.port)  # type: ignore[attr-defined]
    one.page.on("request", lambda request: asked.append(request.url.rpartition("/")[2]))  # also of its first picture
    one.page.route("**/picture", lambda route: route.fulfill(status=500), times=times)
    before = live.now.picture
    live.end("finished", "", torch.zeros(3, 6, 8))
    one.until(lambda: one.text("phase") == "Finished")
    one.until(lambda: live.pages == 0)
    one.page.wait_for_timeout(4000)  # a browser connects anew after three seconds
    assert "events" not in asked
    assert 2 <= asked.count("picture") <= 2 * (live.now.picture - before) + 1
    assert one.text("caption") == "The picture after step 3"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])  # the same site at another port, and another site
def test_a_page_of_another_site_opens_no_stream(
    live: Live, tab: Callable[..., LiveTab], monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    streams, states = list[Live](), app.states
    monkeypatch.setattr(app, "states", lambda view: streams.append(view) or states(view))
    stream = f"http://127.0.0.1:{live.port}/events"  # type: ignore[attr-defined]
    script = (
        "let over = 0; const end = () => { document.title = `${++over} over`; };"
        f'fetch("{stream}", {{ mode: "no-cors" }}).catch(end); new EventSource("{stream}").onerror = end;'
    )
    with serving(lambda _: Answer(200, f"<script>{script}</script>", {"Content-Type": "text/html"})) as other:
        page = tab().page
        page.goto(f"http://{host}:{other.place.rpartition(':')[2]}/", wait_until="domcontentloaded")
        page.wait_for_function("document.title === '2 over'")
    assert streams == []
    assert live.pages == 0


def test_the_page_shows_pictures_and_losses_as_they_come_and_its_button_stops_the_run(
    tmp_path: Path, tab: Callable[..., LiveTab], forkserver: None
) -> None:
    started = Started(tmp_path, *RUN, *LONG, "live=true")
    port, one, other = port_of_page(started), tab(), tab(viewport=PHONE, color_scheme="dark")
    one.open(port)
    other.open(port)
    first, alt = one.page.get_attribute("#image", "src"), one.page.get_attribute("#image", "alt")
    one.until(lambda: one.page.get_attribute("#image", "src") != first)
    one.until(lambda: one.text("caption").startswith("The picture after step"))
    assert one.page.get_attribute("#image", "alt") != alt
    one.until(lambda: one.page.locator("#chart .curve").count() == 3)
    assert one.page.locator("#chart .curve.total").get_attribute("d").count("L") > 5
    assert "logarithmic: now total" in one.page.get_attribute("#chart", "aria-label")
    assert one.text("step").endswith("of 1000000")
    assert one.text("phase") == "At work"
    assert other.page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]

    one.page.keyboard.press("Tab")
    assert one.page.evaluate("document.activeElement.id") == "stop"
    one.page.keyboard.press("Enter")
    for each in (one, other):
        each.until(lambda each=each: each.text("phase") == "Stopped")  # type: ignore[misc]
        assert "go on: stx run resume=out" in each.text("said")
        assert each.page.is_disabled("#stop")
    done = started.ended()
    assert done.returncode == 130
    assert "go on: stx run resume=out" in done.stderr
    for each in (one, other):
        assert each.page.evaluate("document.getElementById('image').naturalWidth") == 64
        assert each.text("caption") == f"The picture after step {one.text('step').split()[0]}"
        each.page.wait_for_timeout(300)
        assert each.said == []
        assert {url.split("/")[2] for url in each.asked if not url.startswith(("blob:", "data:"))} == {
            f"127.0.0.1:{port}"
        }


def test_the_end_and_what_was_not_finite_are_told(
    tmp_path: Path, tab: Callable[..., LiveTab], forkserver: None
) -> None:
    overflow = ("optim=lbfgs_plain", "optim.lr=1e30", "optim.steps=30", "optim.pyramid=[]")
    started = Started(tmp_path, *RUN, *overflow, "live=true", "tracking.measures_every=1")
    page = tab()
    page.page.goto(f"http://127.0.0.1:{port_of_page(started)}/", wait_until="domcontentloaded")
    page.until(lambda: page.text("phase") == "Diverged")
    assert started.ended().returncode == 0
    assert page.page.locator("#events li").first.inner_text().startswith("step ")
    assert "not finite at step" in page.text("said")
    assert "the picture: out/output.png" in page.text("said")


@pytest.mark.slow
def test_the_page_goes_over_to_the_next_run_of_a_sweep(
    tmp_path: Path, tab: Callable[..., LiveTab], forkserver: None
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    sweep = ("--multirun", "style_stat=gram,mean_std", "optim.steps=400", "optim.stop_at=null", "optim.pyramid=[]")
    started = Started(tmp_path, *RUN[:-1], *sweep, "hydra.sweep.dir=out", f"live={port}")
    assert port_of_page(started) == port
    page = tab()
    page.open(port)
    assert page.text("phase") in ("Getting ready", "At work")
    page.until(lambda: page.page.inner_text("h1").startswith("mean_std"))
    page.until(lambda: page.text("phase") == "Finished")
    assert started.ended().returncode == 0


def test_a_run_that_is_killed_is_said_to_be_silent(
    tmp_path: Path, tab: Callable[..., LiveTab], forkserver: None
) -> None:
    started = Started(tmp_path, *RUN, *LONG, "live=true")
    page = tab()
    page.open(port_of_page(started))
    started.process.kill()
    page.until(lambda: page.text("phase").startswith("No answer from the run"))
    assert page.page.evaluate("document.getElementById('image').naturalWidth") > 0
