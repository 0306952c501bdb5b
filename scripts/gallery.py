"""The gallery: its picture in docs, and how long a browser takes for one of many runs.

python scripts/gallery.py docs/gallery.jpg FOLDER   a sweep in FOLDER, its grid, a run's full view, and on a telephone
python scripts/gallery.py time FOLDER               300 runs of 512 x 384 with pictures along the way, in FOLDER
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from stx.runs.selection import Selection
from stx.runs.shown import of_folder
from stx.studies.gallery.writing import write

SWEEP = (
    "--multirun", "content=chelsea,china", "style=swirls,mosaic,woodcut", "style_stat=gram,mean_std",
    "image_size.long_side=192", "optim.steps=60", "tracking.pictures_every=10", "hydra.sweep.dir=styles",
)  # fmt: skip
SORTED = "#sort=metrics.measure%2Fstyle_distance"
VIEWS: tuple[tuple[tuple[int, int], str, str], ...] = (
    ((1180, 820), "light", SORTED), ((1180, 820), "light", f"{SORTED}&run=4"), ((390, 820), "dark", SORTED),
)  # fmt: skip
"""Width and height in CSS pixels, the colour scheme, and the fragment of the address."""
RUNS, SIZE, ALONG = 300, (512, 384), 9
BROWSER = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
           "--disable-sync", "--no-first-run")  # fmt: skip


def picture(path: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    again = ["sweep.resume=true"] if (folder / "styles").exists() else []
    for command in (["stx.run", *SWEEP, *again], ["stx.gallery", "styles", "output=gallery.html"]):
        subprocess.run([sys.executable, "-m", *command], cwd=folder, check=True, env=os.environ)
    page = folder / "gallery.html"
    page.write_text(page.read_text().replace(f"{folder.absolute()}/", ""))  # do not show where it was made
    shots = [Image.open(shot).convert("RGB") for shot in photographed(page, folder)]
    sheet = Image.new("RGB", (sum(shot.width for shot in shots) + 20 * (len(shots) - 1), shots[0].height), "#888")
    left = 0
    for shot in shots:
        sheet.paste(shot, (left, 0))
        left += shot.width + 20
    sheet.thumbnail((1600, 1600), Image.Resampling.LANCZOS)
    sheet.save(path, quality=75)


def photographed(page: Path, folder: Path) -> list[Path]:
    with browser() as chromium:
        shots = []
        for number, ((width, height), scheme, address) in enumerate(VIEWS):
            tab = chromium.new_context(viewport={"width": width, "height": height}, color_scheme=scheme).new_page()
            tab.goto(page.absolute().as_uri() + address)
            tab.wait_for_timeout(500)
            shots.append(folder / f"{number}.png")
            tab.screenshot(path=shots[-1])
    return shots


def timed(folder: Path) -> None:
    """Print the seconds from the start of the navigation to the grid's first frame, five times."""
    runs = []
    for number in range(RUNS):
        place = folder / f"{number}"
        (place / "pictures").mkdir(parents=True, exist_ok=True)
        painted(number).save(place / "output.png", compress_level=1)
        for step in range(ALONG):
            painted(1000 * (number + 1) + step).save(place / "pictures" / f"step-{step:06d}.png", compress_level=1)
        params = {"image_size.width": f"{SIZE[0]}", "image_size.height": f"{SIZE[1]}", "seed": f"{number}"}
        runs.append(replace(of_folder(place), name=f"run {number}", outcome="finished", params=params))
    since = time.monotonic()
    written = write(Selection("Many runs", runs), folder / "gallery.html")
    sys.stdout.write(f"written in {time.monotonic() - since:.0f} s: {written.size / 1e6:.0f} MB, {written.sides}\n")
    frame = "new Promise((done) => requestAnimationFrame(() => setTimeout(() => done(performance.now() / 1000))))"
    with browser() as chromium:
        for _ in range(5):
            tab = chromium.new_context().new_page()
            tab.goto((folder / "gallery.html").absolute().as_uri(), wait_until="commit")
            tab.wait_for_selector("#grid li >> nth=299")
            sys.stdout.write(f"{tab.evaluate(frame):.2f} s\n")
            tab.context.close()


def painted(seed: int) -> Image.Image:
    """Patches of the size of brush strokes, which are about as hard to compress."""
    pixels = np.random.default_rng(seed).integers(0, 256, (SIZE[1] // 8, SIZE[0] // 8, 3), np.uint8)
    return Image.fromarray(pixels).resize(SIZE, Image.Resampling.BICUBIC)


@contextmanager
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=shutil.which("chromium"), args=list(BROWSER))
        yield chromium
        chromium.close()


if __name__ == "__main__":
    what, place = sys.argv[1], Path(sys.argv[2])
    if what == "time":
        timed(place)
    else:
        picture(Path(what).absolute(), place)
