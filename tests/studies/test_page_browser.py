"""A report's page in a browser: what the reports of sweeps, comparisons, films, surveys and the thesis look like."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chromium import PATH, PHONE, launched
from PIL import Image

from stx.studies.page import Heading, Items, Links, Picture, Pictures, Quote, Table, Text, write

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(PATH is None, reason="Chromium is not installed")

LONG = "a-name-without-a-place-to-break-it-" * 8


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with launched() as browser:
        yield browser


@pytest.fixture
def report(tmp_path: Path) -> Path:
    """A page with every kind of block, and names that are no more than names."""
    Image.new("RGB", (640, 480), "navy").save(tmp_path / "odd #1 & <b>.png")
    picture = Picture("odd #1 & <b>.png", f"`{LONG}` <script>alert(1)</script>")
    columns = [f"column {number}" for number in range(12)]
    html, _ = write(
        tmp_path,
        "A report",
        [
            Heading("First"),
            Text(f"**bold** and `code` {LONG}"),
            Quote("said", "somebody"),
            Items(["one", "two"]),
            Links([[("its run", "http://127.0.0.1:5000/#/runs/1")]]),
            Table(columns, [[f"{0.5 * number:.2f} ?" for number in range(12)]] * 40, "numbers"),
            Heading("Pictures"),
            picture,
            Pictures([picture, picture]),
        ],
    )
    return html


def opened(browser: Any, page: Path, **options: Any) -> tuple[Any, list[str], set[str]]:
    """The page, what its console said, and what it asked for."""
    tab, said, asked = browser.new_context(**options).new_page(), list[str](), set[str]()
    tab.on("console", lambda message: said.append(message.text))
    tab.on("pageerror", lambda error: said.append(str(error)))
    tab.on("dialog", lambda dialog: said.append(dialog.message))
    tab.on("request", lambda request: asked.add(request.url))
    tab.goto(page.as_uri())
    return tab, said, asked


def test_its_pictures_are_shown_its_contents_lead_there_and_nobody_else_is_asked(chromium: Any, report: Path) -> None:
    tab, said, asked = opened(chromium, report)
    widths = tab.eval_on_selector_all("img", "images => images.map(image => image.naturalWidth)")
    assert widths == [640, 640, 640]
    tab.click("nav >> text=Pictures")
    assert tab.url.endswith("#pictures")
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.tagName") == "A"
    assert all(tab.eval_on_selector_all("img", "images => images.map(image => image.alt.length > 0)"))
    assert said == []
    assert asked
    assert all(address.startswith("file:") for address in asked)


def test_a_table_of_three_swept_axes_is_seen_whole_at_a_width_of_1280(chromium: Any, tmp_path: Path) -> None:
    columns = ["job", "style_stat", "beta", "content_layers", "outcome", "steps", "loss", "content loss", "style loss",
               "style distance", "content distance", "seconds"]  # fmt: skip
    row = ["11", "sliced_wasserstein_fresh", "100", "[conv3_2,conv4_2]", "finished", "180", "1.23e+09", "1.2e+07",
           "3.4e+08", "1.10", "0.50", "212"]  # fmt: skip
    html, _ = write(tmp_path, "A sweep", [Table(columns, [row])])
    tab, _, _ = opened(chromium, html, viewport={"width": 1280, "height": 800})
    wide, room = tab.eval_on_selector(".table", "table => [table.scrollWidth, table.clientWidth]")
    assert wide <= room
    assert tab.inner_text("tbody td:nth-child(2)") == row[1]


def test_a_caption_is_as_wide_as_a_text_and_stays_where_a_wide_table_scrolls(chromium: Any, tmp_path: Path) -> None:
    said = "relative to the reference's, averaged over seeds, and left out where a statistic does not reach it; " * 2
    wide = Table([f"column {number}" for number in range(20)], [["0.50"] * 20], said)
    html, _ = write(tmp_path, "A report", [Text(said * 2), Table(["a", "b"], [["1", "2"]], said), wide])
    for width in (1400, 420):
        tab, _, _ = opened(chromium, html, viewport={"width": width, "height": 900})
        boxes = "each => each.map(one => [one.getBoundingClientRect().left, one.getBoundingClientRect().right])"
        text, narrow, above = tab.eval_on_selector_all("main p", boxes)
        assert text == narrow == above
        assert above[1] <= width
        tab.eval_on_selector_all(".table", "tables => tables.forEach(table => table.scrollLeft = 200)")
        assert tab.eval_on_selector_all("main p", boxes)[2] == above


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_and_can_be_read_in_the_light_and_in_the_dark(chromium: Any, report: Path, scheme: str) -> None:
    tab, _, _ = opened(chromium, report, viewport=PHONE, color_scheme=scheme)
    assert tab.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    ink, paper = (tab.evaluate(f"getComputedStyle(document.body).{name}") for name in ("color", "backgroundColor"))
    lighter = [sum(map(int, colour.removeprefix("rgb(").rstrip(")").split(", "))) for colour in (ink, paper)]
    assert (lighter[0] < lighter[1]) == (scheme == "light")
    assert abs(lighter[0] - lighter[1]) > 3 * 128
