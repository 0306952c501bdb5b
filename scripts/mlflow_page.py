"""python scripts/mlflow_page.py docs: the pictures of docs/mlflow.md, of MLflow's own pages in Chromium.

A run, a sweep and a run that diverges are made in a temporary folder; this takes some minutes on two cores.
"""

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from PIL import Image

from stx.runs.files import PLOTS

BROWSER = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
)  # fmt: skip
WIDE = 1360
"""Width of the window in CSS pixels."""
PICTURES = ("content=chelsea", "style=swirls", "image_size=small")
RUN = ("optim.steps=90", "tracking.pictures_every=10", "tracking.grad_norms_every=10")
SWEEP = ("--multirun", "style_stat=gram,moments_cooc", "loss_weights.beta=3,10,30", "optim.steps=40")
AHEAD = 5
"""Number of pictures by which the slider is moved on."""
DIVERGES = ("+experiment=thesis/e06_gram_cooc_vector", "image_size=small", "optim.steps=40", "guard.on_nan=backoff")


def stx(folder: Path, *options: str) -> None:
    subprocess.run([sys.executable, "-m", "stx.run", *options], cwd=folder, check=True)


@contextmanager
def ui(folder: Path) -> Iterator[str]:
    """Serve MLflow's pages, and yield their address."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    typed = [sys.executable, "-m", "mlflow", "ui", "--host", "127.0.0.1", "--port", f"{port}", "--workers", "1",
             "--backend-store-uri", f"sqlite:///{folder}/outputs/mlflow.db"]  # fmt: skip
    quiet = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    process, address = subprocess.Popen(typed, env=quiet), f"http://127.0.0.1:{port}"
    try:
        while not up(f"{address}/health"):
            time.sleep(0.5)
        yield address
    finally:
        process.terminate()
        process.wait()


def up(address: str) -> bool:
    try:
        return bool(urllib.request.urlopen(address, timeout=5).status == 200)
    except OSError:
        return False


def newest(folder: Path, name: str) -> str:
    """The id of a run whose name matches a LIKE pattern."""
    with closing(sqlite3.connect(folder / "outputs" / "mlflow.db")) as database:
        newest_first = "SELECT run_uuid FROM runs WHERE name LIKE ? ORDER BY start_time DESC"
        (run_id,) = database.execute(newest_first, (name,)).fetchone()
    return str(run_id)


def opened(browser: Any, address: str, height: int) -> Any:
    """Open a page, and close its assistant."""
    page = browser.new_context(viewport={"width": WIDE, "height": height}).new_page()
    page.goto(f"{address}?workflowType=machine_learning", wait_until="domcontentloaded")
    page.wait_for_function("[...document.images].some(one => one.src.includes('get-artifact') && one.naturalWidth)")
    page.get_by_role("button", name="Close").first.click()
    page.wait_for_timeout(1500)
    return page


def kept(page: Any, path: Path) -> None:
    shot = path.with_suffix(".png")
    page.screenshot(path=shot)
    with Image.open(shot) as picture:
        picture.convert("RGB").save(path, quality=82)
    shot.unlink()


def main(docs: Path) -> None:
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory(prefix="stx-") as place, sync_playwright() as driver:
        folder = Path(place)
        stx(folder, *PICTURES, *RUN)
        stx(folder, *PICTURES, *SWEEP)
        stx(folder, *DIVERGES, "tracking=none", "hydra.run.dir=diverged")
        shutil.copy(folder / "diverged" / PLOTS / "magnitudes.png", docs / "mlflow-diverged.png")
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=list(BROWSER))
        with ui(folder) as address:
            run = f"{address}/#/experiments/1/runs/{newest(folder, '%steps=90')}"
            page = opened(browser, run, 1120)
            page.get_by_text("Show more").click()
            page.wait_for_timeout(500)
            kept(page, docs / "mlflow-run.jpg")
            page = opened(browser, f"{run}/model-metrics", 1000)
            for _ in range(AHEAD):
                page.get_by_role("slider").first.press("ArrowRight")
                page.wait_for_timeout(500)
            kept(page, docs / "mlflow-metrics.jpg")
            page = opened(browser, f"{address}/#/experiments/1/runs/{newest(folder, '%6 jobs')}", 860)
            page.get_by_text("Show more").click()
            page.wait_for_timeout(500)
            kept(page, docs / "mlflow-sweep.jpg")
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
