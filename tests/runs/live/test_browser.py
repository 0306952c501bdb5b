"""The page in a browser, beside a run at work."""

import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from servers import port_of_page

from conftest import SHALLOW, Started

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")

QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
)  # fmt: skip
RUN = ("run", "model=vgg19_random", "image_size.width=64", "image_size.height=48", *SHALLOW, "optim=adam",
       "tracking=none", "hydra.run.dir=out")  # fmt: skip
LONG = ("optim.steps=1000000", "optim.stop_at=null", "optim.pyramid=[100]")
PHONE = {"width": 390, "height": 844}


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        yield browser
        browser.close()


class Tab:
    """A page, what its console said, and whom it asked."""

    def __init__(self, browser: Any, **options: Any):
        self.page = browser.new_context(**options).new_page()
        self.said, self.asked = list[str](), set[str]()
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.add(request.url))

    def open(self, port: int) -> None:
        self.page.goto(f"http://127.0.0.1:{port}/", wait_until="domcontentloaded")
        self.page.wait_for_selector("#image[src^='blob:']")

    def text(self, name: str) -> str:
        return str(self.page.inner_text(f"#{name}"))

    def until(self, wanted: Callable[[], bool]) -> None:
        for _ in range(600):
            if wanted():
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"it does not come: {self.text('phase')}, {self.said}")

    def close(self) -> None:
        self.page.context.close()


@pytest.fixture
def tab(chromium: Any) -> Iterator[Callable[..., Tab]]:
    tabs: list[Tab] = []

    def opened(**options: Any) -> Tab:
        tabs.append(Tab(chromium, **options))
        return tabs[-1]

    yield opened
    for each in tabs:
        each.close()


def test_the_page_shows_pictures_and_losses_as_they_come_and_its_button_stops_the_run(
    tmp_path: Path, tab: Callable[..., Tab], forkserver: None
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
        assert "go on: python -m stx.run resume=out" in each.text("said")
        assert each.page.is_disabled("#stop")
    done = started.ended()
    assert done.returncode == 130
    assert "go on: python -m stx.run resume=out" in done.stderr
    for each in (one, other):
        assert each.page.evaluate("document.getElementById('image').naturalWidth") == 64
        assert each.text("caption") == f"The picture after step {one.text('step').split()[0]}"
        each.page.wait_for_timeout(300)
        assert each.said == []
        assert {url.split("/")[2] for url in each.asked if not url.startswith(("blob:", "data:"))} == {
            f"127.0.0.1:{port}"
        }


def test_the_end_and_what_was_not_finite_are_told(tmp_path: Path, tab: Callable[..., Tab], forkserver: None) -> None:
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
    tmp_path: Path, tab: Callable[..., Tab], forkserver: None
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


def test_a_run_that_is_killed_is_said_to_be_silent(tmp_path: Path, tab: Callable[..., Tab], forkserver: None) -> None:
    started = Started(tmp_path, *RUN, *LONG, "live=true")
    page = tab()
    page.open(port_of_page(started))
    started.process.kill()
    page.until(lambda: page.text("phase").startswith("No answer from the run"))
    assert page.page.evaluate("document.getElementById('image').naturalWidth") > 0
