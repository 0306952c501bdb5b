"""A run's page, and a sweep's, in MLflow's own UI and a real browser: what is shown there really is loaded."""

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import mlflow
import pytest
from chromium import PATH, launched

from conftest import SHALLOW, SMALL, command
from stx.pictures import images
from stx.runs.files import STORED

pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = [pytest.mark.skipif(PATH is None, reason="Chromium is not installed"), pytest.mark.slow]

ODD = "a_b *c* <b>&amp; [d](e).png"
"""A picture's name, in which Markdown and HTML would see their signs."""
ITS_OWN = ("users/current", "ResizeObserver", "AG Grid", "Failed to load resource")
"""What MLflow's page complains of by itself; which resources failed is told by their answers."""


@contextmanager
def ui(folder: Path, *options: str) -> Iterator[str]:
    """Address of `mlflow ui` on a folder's store."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    typed = [sys.executable, "-m", "mlflow", "ui", "--host", "127.0.0.1", "--port", f"{port}", "--workers", "1",
             "--backend-store-uri", f"sqlite:///{folder}/outputs/mlflow.db", *options]  # fmt: skip
    quiet = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    with (folder / "ui.log").open("wb") as log:
        process = subprocess.Popen(typed, env=quiet, stdout=log, stderr=log, cwd=folder)
    try:
        until(lambda: answers(f"{address}/health"), 120)
        yield address
    finally:
        process.terminate()
        process.wait(30)


def answers(address: str) -> bool:
    try:
        return bool(urllib.request.urlopen(address, timeout=5).status == 200)
    except OSError:
        return False


def until(wanted: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not wanted():
        assert time.monotonic() < end, "it does not come"
        time.sleep(0.2)


class Tab:
    """A page, what its console said, whom it asked on this machine, and what it was refused."""

    def __init__(self, browser: Any):
        self.page = browser.new_context(viewport={"width": 1360, "height": 1200}).new_page()
        self.said, self.failed, self.elsewhere = list[str](), list[str](), list[str]()
        self.page.on("console", lambda message: self.said.append(f"{message.type}: {message.text}"))
        self.page.on("pageerror", lambda error: self.said.append(f"error: {error}"))
        self.page.on("response", lambda answer: answer.status >= 400 and self.failed.append(answer.url))
        self.page.route("**/*", self.let_through)

    def let_through(self, route: Any) -> None:
        if route.request.url.startswith(("http://127.0.0.1:", "data:", "blob:")):
            route.continue_()
        else:
            self.elsewhere.append(route.request.url)
            route.abort()

    def show(self, address: str) -> None:
        self.page.goto("about:blank")  # another fragment alone loads nothing
        self.page.goto(f"{address}?workflowType=machine_learning", wait_until="domcontentloaded")

    def pictures(self, count: int) -> list[str]:
        """Their addresses, once so many that are among a run's artifacts are loaded."""
        loaded = "[...document.images].filter(one => one.src.includes('get-artifact') && one.naturalWidth > 0)"
        self.page.wait_for_function(f"{loaded}.length >= {count}", timeout=60_000)
        return list(self.page.evaluate(f"{loaded}.map(one => one.src)"))

    def complaints(self) -> list[str]:
        said = [text for text in self.said if text.startswith("error") and not any(own in text for own in ITS_OWN)]
        return said + [url for url in self.failed if not any(own in url for own in ITS_OWN)]


@pytest.fixture(scope="module")
def tab() -> Iterator[Tab]:
    with launched() as browser:
        yield Tab(browser)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, forkserver: None) -> Path:
    """With a store that has a run, of a picture with an odd name, and a sweep."""
    folder = tmp_path_factory.mktemp("runs")
    images.load("china").resize((64, 48)).save(folder / ODD)
    run = command(
        folder, "run", *SMALL, *SHALLOW, "tracking.plots=true", f'content="{ODD}"', "tracking.pictures_every=1"
    )
    sweep = command(folder, "run", "--multirun", *SMALL, *SHALLOW, "style_stat=gram,mean_std")
    assert (run.returncode, sweep.returncode) == (0, 0), run.stderr + sweep.stderr
    return folder


def run_of(folder: Path, wanted: str) -> str:
    """The end of the address of its page."""
    (run, *_) = mlflow.MlflowClient(f"sqlite:///{folder}/outputs/mlflow.db").search_runs(["1"], wanted)
    return f"/#/experiments/1/runs/{run.info.run_id}"


def test_the_pages_of_a_run_and_of_a_sweep_are_readable(folder: Path, tab: Tab) -> None:
    with ui(folder) as address:
        run = run_of(folder, f"params.content = '{ODD}'")
        tab.show(address + run)
        sheet, losses = tab.pictures(2)
        assert "path=sheet.jpg" in sheet
        assert "path=plots/losses.png" in losses
        text = tab.page.inner_text(".note-view-text-area")
        assert text.startswith("finished: 3 steps")
        assert f"{ODD} in the style of swirls, 48 x 32 pixels" in text
        assert "layout" in text
        assert "To repeat it: stx run" in text
        tab.page.get_by_text("Show more").click()
        assert tab.page.locator("img[src*='losses.png']").bounding_box()["width"] == 770

        tab.show(f"{address}{run}/model-metrics")
        (first,) = tab.pictures(1)  # its heading stands first
        assert "along%20the%20way~picture" in first
        for step in (1, 2, 3):
            tab.page.get_by_role("slider").first.press("ArrowRight")
            of_step = f"one => one.src.includes('step%2B{step}%2B') && one.naturalWidth > 0"
            tab.page.wait_for_function(f"[...document.images].some({of_step})", timeout=60_000)

        tab.show(address + run_of(folder, "tags.`stx.batch` = 'sweep'"))
        (sheet,) = tab.pictures(1)
        assert "sweep-sheet-small.jpg" in sheet
        tab.page.get_by_text("Show more").click()
        tab.page.get_by_role("table").get_by_text("run", exact=True).first.wait_for()
    assert tab.complaints() == []
    assert tab.elsewhere == []


def test_pictures_are_shown_too_where_a_server_keeps_the_artifacts(tmp_path: Path, tab: Tab, forkserver: None) -> None:
    (tmp_path / "outputs").mkdir()
    with ui(tmp_path) as address:
        done = command(tmp_path, "run", *SMALL, *SHALLOW, f"tracking.uri={address}", "hydra.run.dir=out")
        assert done.returncode == 0, done.stderr
        stored = json.loads((tmp_path / "out" / STORED).read_text())
        page = f"{address}/#/experiments/{stored['experiment_id']}/runs/{stored['run_id']}"
        tab.show(page)
        assert len(tab.pictures(2)) == 2
        tab.show(f"{page}/model-metrics")
        assert len(tab.pictures(1)) == 1
    assert tab.complaints() == []
    assert tab.elsewhere == []
