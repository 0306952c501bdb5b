"""The browser in which pages are tried. Who imports this skips where playwright is missing, by importorskip."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

PATH = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
)  # fmt: skip
PHONE = {"width": 390, "height": 844}


@contextmanager
def launched() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=PATH, args=list(QUIET))
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

    def text(self, name: str) -> str:
        return str(self.page.inner_text(f"#{name}"))

    def until(self, wanted: Callable[[], Any]) -> None:
        """Asked from outside: a page's policy may let nothing be evaluated inside."""
        for _ in range(600):
            if wanted():
                return
            self.page.wait_for_timeout(50)
        raise AssertionError(f"it does not come: {self.page.inner_text('body')}, {self.said}")

    def holds(self, condition: str) -> None:
        """Wait until it does, in the page."""
        self.until(lambda: self.page.evaluate(condition))

    def close(self) -> None:
        self.page.context.close()
