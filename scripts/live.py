"""The live page: its picture in docs, and what it costs.

python scripts/live.py docs/live.jpg    a run's page in Chromium, wide and light, narrow and dark, side by side
python scripts/live.py time             a step's processor time with a page that is open, over one without, in turns
"""

import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path
from typing import Literal

from PIL import Image

from stx.config.compose import composition
from stx.loop.listener import Listener, Row
from stx.runs.job import Job
from stx.runs.make import run

VIEWS: tuple[tuple[tuple[int, int], Literal["light", "dark"]], ...] = (((1180, 600), "light"), ((390, 900), "dark"))
"""Width and height in CSS pixels of a desktop and a telephone, and the colour scheme."""
SHOWN = 0.7
"""Share of the run's steps after which it is photographed."""
PICTURE = ("image_size.long_side=384", "optim.steps=120", "tracking=none")
TIMED = ("image_size.long_side=256", "optim=adam", "optim.steps=20", "optim.pyramid=[]", "optim.stop_at=null",
         "tracking=none")  # fmt: skip
ROUNDS = 5
BROWSER = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
)  # fmt: skip


def picture(path: Path) -> None:
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        command = [sys.executable, "-m", "stx.run", *PICTURE, "live=true", f"hydra.run.dir={folder}/run"]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert process.stderr
        address = next(said[1] for line in process.stderr if (said := re.match(r"live: (http\S+)", line)))
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=list(BROWSER))
        pages = [
            browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme).new_page()
            for (width, height), scheme in VIEWS
        ]
        for page in pages:
            page.goto(address, wait_until="domcontentloaded")
        while pages[0].evaluate("document.getElementById('bar').position") < SHOWN:
            pages[0].wait_for_timeout(200)
        shots = []
        for number, page in enumerate(pages):
            page.screenshot(path=f"{folder}/{number}.png")
            shots.append(Image.open(f"{folder}/{number}.png").convert("RGB"))
        browser.close()
        process.terminate()
        process.communicate()
    wide, narrow = shots
    narrow.thumbnail((wide.height, wide.height), Image.Resampling.LANCZOS)
    sheet = Image.new("RGB", (wide.width + narrow.width, wide.height))
    sheet.paste(wide, (0, 0))
    sheet.paste(narrow, (wide.width, 0))
    sheet.save(path, quality=85)


class Clock(Listener):
    """Processor time a step, of all threads, after the first few steps; it does not depend on what else is running.

    With a port, a page is open from the first step on, which asks for each picture; its thread counts too.
    """

    every = 1

    def __init__(self, port: int):
        self.port, self.times = port, list[float]()

    def rows(self, rows: list[Row]) -> None:
        self.times.append(time.process_time())
        if self.port and len(self.times) == 1:
            threading.Thread(target=looking, args=(self.port,), daemon=True).start()

    @property
    def seconds(self) -> float:
        return (self.times[-1] - self.times[3]) / (len(self.times) - 4)


def looking(port: int) -> None:
    """Ask for what a page asks for."""
    shown = b""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/events") as events:
        for line in events:
            if (version := re.search(rb'"picture": (\d+)', line)) and version[1] != shown:
                shown = version[1]
                urllib.request.urlopen(f"http://127.0.0.1:{port}/picture").read()
            if b'"over": true' in line:
                return


def timed() -> None:
    port, ratios = 8642, []
    for number in range(ROUNDS):
        seconds = {}
        for live in (False, port) if number % 2 else (port, False):
            with tempfile.TemporaryDirectory() as folder:
                config, choices, typed = composition([*TIMED, f"live={str(live).lower()}"])
                clock = Clock(int(live))
                run(Job(config, Path(folder, "run"), choices, typed, quiet=True), clock)
                seconds[live] = clock.seconds
        ratios.append(seconds[port] / seconds[False])
        sys.stdout.write(f"{seconds[False]:.3f} s without, {seconds[port]:.3f} s with: {ratios[-1]:.3f}\n")
        sys.stdout.flush()
    sys.stdout.write(f"median {statistics.median(ratios):.3f} on {os.cpu_count()} cores\n")


if __name__ == "__main__":
    timed() if sys.argv[1] == "time" else picture(Path(sys.argv[1]))
