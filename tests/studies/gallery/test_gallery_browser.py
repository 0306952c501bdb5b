"""The page in a browser: what is clicked and typed, and that it asks nobody for anything."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from chromium import PATH, PHONE, launched
from many_runs import HOSTILE, STEPS, folder, picture

from stx.runs.selection import Selection
from stx.runs.shown import Shown, of_folder
from stx.studies.gallery.writing import write

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = pytest.mark.skipif(PATH is None, reason="Chromium is not installed")

SOON = 2.0
"""Seconds for three hundred runs, on a machine of one's own."""
CROWDED = 3
"""Times as long that it may take on one that others share."""
FEW = 6
COMMAND = "stx run 'style=a b.png'"


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with launched() as browser:
        yield browser


@pytest.fixture
def tab(chromium: Any) -> Iterator[Callable[..., Any]]:
    """Opens a page, of which nothing may be said in the console, and that may ask for nothing but its own file."""
    contexts, said, asked = list[Any](), list[str](), list[str]()

    def opened(path: Path, address: str = "", **options: Any) -> Any:
        contexts.append(chromium.new_context(**options))
        page = contexts[-1].new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("dialog", lambda dialog: (said.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda request: asked.append(request.url.partition("#")[0]))
        page.goto(path.as_uri() + address, wait_until="domcontentloaded")
        return page

    yield opened
    for context in contexts:
        context.close()
    assert said == []
    assert {url for url in asked if not url.startswith("data:image/")} <= {
        path for path in asked if path.startswith("file:")
    }
    assert len({url for url in asked if url.startswith("file:")}) == 1


def few(parent: Path) -> list[Shown]:
    """A texture that diverged, one without a picture, one with hostile names, and three more."""
    runs = [of_folder(folder(parent, number, (96, 72), along=5)) for number in range(FEW)]
    events = "step,what\n" + "".join(f"{step},loss/style\n" for step in (300, 301))
    (parent / "1" / "nan_events.csv").write_text(events)
    (parent / "1" / "losses.csv").write_text("step,loss/total\n1,9\n2,nan\n3,4\n300,inf\n")
    (parent / "1" / "content.png").unlink()
    (parent / "2" / "output.png").unlink()
    for path in (parent / "2" / "pictures").iterdir():
        path.unlink()
    params = {name: value for name, value in runs[1].params.items() if name != "content"}
    runs[1] = replace(of_folder(parent / "1"), params=params, outcome="diverged", message="not finite at step 300")
    runs[2] = replace(runs[2], outcome="failed", message="no memory left", metrics={})
    runs[3] = replace(runs[3], name=HOSTILE, command=COMMAND, params={**runs[3].params, "style": HOSTILE, "beta": "10"},
                      link="javascript:alert(3)")  # fmt: skip
    runs[4] = replace(runs[4], params={**runs[4].params, "beta": "9.5"},
                      link="http://127.0.0.1:5000/#/runs/4\nit opens while this command runs: mlflow ui")  # fmt: skip
    return runs


@pytest.fixture(scope="module")
def page_of_few(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("few")
    write(Selection(f"Runs of {HOSTILE}", few(place)), place / "page.html")
    return place / "page.html"


def until(page: Any, condition: str) -> None:
    """Not wait_for_function, whose polling the page's policy forbids."""
    for _ in range(200):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(20)
    raise AssertionError(condition)


def titles(page: Any) -> list[str]:
    return [str(text).partition(" · ")[0] for text in page.locator("#grid .title").all_inner_texts()]


def seeds(page: Any) -> list[str]:
    """By the names' ends; what has none is number 0, or the hostile one."""
    return ["3" if "script" in title else title.partition("seed=")[2] or "0" for title in titles(page)]


def test_pictures_are_beside_what_they_were_made_of_and_runs_without_one_say_why(
    page_of_few: Path, tab: Callable[..., Any]
) -> None:
    page = tab(page_of_few)
    assert page.inner_text("h1") == f"Runs of {HOSTILE}"
    assert page.inner_text("#count") == "6 of 6 runs · 1 failed · 1 diverged"
    assert page.locator("#grid .shot img").count() == 5
    assert page.locator(".failed .shot").inner_text() == "no memory left"
    assert page.inner_text(".diverged .outcome").endswith("· diverged")
    until(page, "[...document.querySelectorAll('#grid img')].every((one) => one.naturalWidth && one.alt)")
    assert page.evaluate("document.querySelectorAll('#grid .title')[3].textContent") == HOSTILE


def test_a_sweep_s_best_run_stands_out_in_the_grid_and_says_so_in_full(tmp_path: Path, tab: Callable[..., Any]) -> None:
    runs = [
        replace(run, metrics={"measure/style_distance": style, "measure/content": 0.5})
        for run, style in zip(few(tmp_path)[3:], (0.3, 0.1, 0.2), strict=True)
    ]
    write(Selection("Sweep", runs, sweep=True), tmp_path / "page.html")
    page = tab(tmp_path / "page.html")
    assert page.locator(".mark").all_inner_texts() == [" · best"]
    assert page.locator(".tile.best .title").inner_text() == f"{runs[1].name} · best"
    assert page.locator(".distances").all_inner_texts() == [
        f"style {style} · content 0.50" for style in ("0.30", "0.10", "0.20")
    ]
    page.click(".tile.best")
    assert page.inner_text("#ended") == "finished, the sweep's best"
    assert page.locator("#sort option").first.inner_text() == "start time"


def test_runs_are_sorted_by_numbers_what_lacks_them_last_and_filtered_and_the_address_keeps_it(
    page_of_few: Path, tab: Callable[..., Any]
) -> None:
    page = tab(page_of_few)
    assert seeds(page) == ["0", "1", "2", "3", "4", "5"]
    page.select_option("#sort", "metrics.measure/sliced_wasserstein")  # the least of the last
    assert seeds(page) == ["5", "4", "3", "1", "0", "2"]
    page.click("#down")
    assert seeds(page) == ["0", "1", "3", "4", "5", "2"]
    page.select_option("#sort", "params.beta")
    assert seeds(page)[:2] == ["3", "4"]  # 10 above 9.5, which it is not as a text
    page.click("#add")
    page.select_option(".filter select >> nth=0", "params.style_stat")
    page.fill(".filter input", "COOC")
    assert sorted(seeds(page)) == ["2", "5"]
    page.click("#add")
    page.select_option(".filter >> nth=1 >> select >> nth=0", "metrics.measure/content")
    page.select_option(".filter >> nth=1 >> select >> nth=1", ">")
    page.fill(".filter >> nth=1 >> input", "0.304")
    assert seeds(page) == ["5"]
    assert page.inner_text("#count") == "1 of 6 runs"
    address = "#" + page.evaluate("location.hash").removeprefix("#")
    other = tab(page_of_few, address)
    assert seeds(other) == ["5"]
    assert other.input_value("#sort") == "params.beta"
    assert other.locator(".filter").count() == 2
    other.click(".filter >> nth=0 >> button")
    assert seeds(other) == ["4", "5"]
    other.fill("#words", "nothing like this")
    assert other.inner_text("#nothing") == "No run matches."
    other.click("#clear")
    assert (seeds(other), other.locator(".filter").count()) == (["0", "1", "2", "3", "4", "5"], 0)
    other.fill("#words", "failed memory")
    assert seeds(other) == ["2"]


def test_a_word_among_numbers_is_said_at_its_field_and_hides_no_run(page_of_few: Path, tab: Callable[..., Any]) -> None:
    page = tab(page_of_few, "#where=metrics.measure%2Fcontent&is=%3E&value=0%2C304")
    for text, said, count in (
        (None, "Not a number", FEW), ("0.304", "", 2), ("large", "Not a number", FEW), ("", "", FEW),
    ):  # fmt: skip
        if text is not None:
            page.fill(".filter input", text)
        assert page.inner_text(".filter .misfit").startswith(said)
        assert bool(page.inner_text(".filter .misfit")) == bool(said)
        assert page.get_attribute(".filter input", "aria-invalid") == str(bool(said)).lower()
        assert len(seeds(page)) == count
    page.fill(".filter input", "large")
    page.select_option(".filter select >> nth=0", "params.style_stat")  # where it is a word among words
    assert page.inner_text(".filter .misfit") == ""


def test_a_filter_on_any_name_and_value_is_kept_by_the_address(tmp_path: Path, tab: Callable[..., Any]) -> None:
    runs = [of_folder(folder(tmp_path, number, (64, 48))) for number in range(2)]
    names = ("~prior", "a=b", "a", "a~b<c")
    runs[0] = replace(runs[0], params=runs[0].params | dict.fromkeys(names, "~x = 1"))
    write(Selection("Runs", runs), tmp_path / "page.html")
    for name in names:
        page = tab(tmp_path / "page.html")
        page.click("#add")
        page.select_option(".filter select >> nth=0", f"params.{name}")
        page.fill(".filter input", "~x =")
        other = tab(tmp_path / "page.html", "#" + page.evaluate("location.hash").removeprefix("#"))
        for each in (page, other):
            assert each.inner_text("#count") == "1 of 2 runs"
            assert each.input_value(".filter select >> nth=0") == f"params.{name}"
            assert each.input_value(".filter input") == "~x ="


def test_what_the_search_says_of_itself_is_read_whole(page_of_few: Path, tab: Callable[..., Any]) -> None:
    for viewport in ({"width": 1280, "height": 800}, PHONE):
        page = tab(page_of_few, viewport=viewport)
        assert page.evaluate(
            """() => {
              const field = document.getElementById("words"), style = getComputedStyle(field);
              const pen = document.createElement("canvas").getContext("2d");
              pen.font = style.font;
              const room = field.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
              const cross = 1.5 * parseFloat(style.fontSize); // which empties the field, and has its room at all times
              return pen.measureText(field.placeholder).width <= room - cross;
            }"""
        )


@pytest.mark.parametrize("address", ["#sort=none&run=99&where=none%3E3", "#run=-1&where=%3D", "#%E0%A4%A", "#run=x"])
def test_an_address_that_says_nothing_is_the_whole_page(
    page_of_few: Path, tab: Callable[..., Any], address: str
) -> None:
    page = tab(page_of_few, address)
    assert len(seeds(page)) == FEW
    assert not page.is_visible("#view")


def test_a_run_is_seen_whole_by_the_keyboard_alone(page_of_few: Path, tab: Callable[..., Any]) -> None:
    page = tab(page_of_few)
    page.focus("#grid li:first-child button")
    page.keyboard.press("Enter")
    assert page.is_visible("#view")
    assert (page.inner_text("#name"), page.inner_text("#place")) == (titles(page)[0], "1 of 6")
    assert page.evaluate("location.hash") == "#run=1"
    clip = "getComputedStyle(document.getElementById('above')).clipPath"
    page.focus("#split")
    page.keyboard.press("Home")
    assert page.evaluate(clip) == "inset(0px)" or "0%" in page.evaluate(clip)
    page.keyboard.press("End")
    assert "100%" in page.evaluate(clip)
    whole, alt = page.get_attribute("#above", "src"), page.get_attribute("#above", "alt")
    page.focus("#time")
    page.keyboard.press("Home")
    assert page.inner_text("#step") == "step 0"
    assert page.get_attribute("#above", "src") != whole
    assert page.get_attribute("#above", "alt") != alt
    page.keyboard.press("End")
    assert page.inner_text("#step") == f"step {STEPS}, the last"
    assert page.get_attribute("#above", "src") == whole
    assert page.inner_text("#place") == "1 of 6"  # arrows are a slider's where it has the focus
    assert page.locator("#chart .curve").count() == 3
    assert "total" in page.get_attribute("#chart", "aria-label")
    page.focus("#name")
    for expected in ("2 of 6", "3 of 6", "4 of 6", "5 of 6", "6 of 6", "6 of 6"):
        page.keyboard.press("ArrowRight")
        assert page.inner_text("#place") == expected
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("Escape")
    assert not page.is_visible("#view")
    until(page, "location.hash === ''")
    assert page.evaluate("document.activeElement.closest('li') === document.querySelectorAll('#grid li')[4]")


def test_runs_that_diverged_or_failed_and_textures_are_seen_as_they_are(
    page_of_few: Path, tab: Callable[..., Any]
) -> None:
    page = tab(page_of_few, "#run=2")
    assert page.inner_text("#ended") == "diverged: not finite at step 300"
    assert page.inner_text("#compared") == "painting"
    assert page.locator("#chart .event").count() == 2
    assert page.locator("#events li").all_inner_texts() == [
        f"not finite at step {step}: loss/style" for step in (300, 301)
    ]
    assert page.get_attribute("#chart .curve", "d").count("M") == 2  # a gap
    page.keyboard.press("ArrowRight")
    assert page.inner_text("#ended") == "failed: no memory left"
    assert page.inner_text("#empty") == "It failed before it had a picture."
    assert not page.is_visible("#splitting")
    assert not page.is_visible("#stepping")
    page.keyboard.press("ArrowRight")
    assert page.inner_text("#command") == COMMAND
    assert page.locator("#where a").count() == 0  # an address that would act is no link
    assert "javascript:alert(3)" in page.inner_text("#where")
    page.keyboard.press("ArrowRight")
    assert page.get_attribute("#where a", "href") == "http://127.0.0.1:5000/#/runs/4"
    assert "it opens while this command runs: mlflow ui" in page.inner_text("#where")


def test_the_command_is_copied(page_of_few: Path, tab: Callable[..., Any]) -> None:
    page = tab(page_of_few, "#run=4", permissions=["clipboard-read", "clipboard-write"])
    page.click("#copy")
    until(page, "document.getElementById('copy').textContent !== 'Copy'")
    if page.inner_text("#copy") == "Copied":
        assert page.evaluate("navigator.clipboard.readText()") == COMMAND
    else:
        assert page.evaluate("String(getSelection())") == COMMAND


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_phone_needs_no_scrolling_sideways_in_either_scheme(
    page_of_few: Path, tab: Callable[..., Any], scheme: str
) -> None:
    page = tab(page_of_few, viewport=PHONE, color_scheme=scheme)
    page.click("#add")
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == {"light": "rgb(255, 255, 255)", "dark": "rgb(21, 24, 27)"}[scheme]
    for place in range(FEW):
        page.click(f"#grid li:nth-child({place + 1}) button")
        assert page.evaluate("document.getElementById('view').scrollWidth <= innerWidth")
        page.click("#close")


def test_a_page_of_no_runs_says_so(tmp_path: Path, tab: Callable[..., Any]) -> None:
    write(Selection("Experiment empty", []), tmp_path / "page.html")
    page = tab(tmp_path / "page.html")
    assert page.inner_text("#count") == "0 of 0 runs"
    assert page.inner_text("#nothing") == "There are no runs here yet."
    page.click("#add")
    assert not page.is_visible("#clear")


@pytest.mark.slow
def test_three_hundred_runs_are_painted_soon(tmp_path: Path, tab: Callable[..., Any]) -> None:
    whole = of_folder(folder(tmp_path, 0, (320, 240)))
    runs = []
    for number in range(300):
        place = tmp_path / "many" / f"{number}"
        (place / "pictures").mkdir(parents=True)
        picture(number, (320, 240)).save(place / "output.png", compress_level=0)
        (place / "losses.csv").symlink_to(tmp_path / "0" / "losses.csv")
        runs.append(replace(whole, name=f"run {number}", files=type(whole.files)(place)))  # type: ignore[call-arg]
    written = write(Selection("Many runs", runs), tmp_path / "page.html")
    assert written.size > 15_000_000
    page = tab(tmp_path / "page.html")
    painted = page.evaluate(
        "new Promise((done) => requestAnimationFrame(() => setTimeout(() => done(performance.now() / 1000))))"
    )
    assert page.locator("#grid li").count() == 300
    assert painted < SOON * CROWDED, f"{painted:.2f} s, {written.size / 1e6:.0f} MB"
