"""The picture of a survey's page in docs: as a rater sees it on a wide screen and, beside that, on a phone in the dark.

python scripts/survey.py outputs/survey/survey.html docs/survey.jpg
"""

import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from PIL import Image
from playwright.sync_api import Page, sync_playwright

VIEWS: tuple[tuple[tuple[int, int], Literal["light", "dark"], str], ...] = (
    ((1180, 800), "light", "style"),
    ((390, 800), "dark", "content"),
)
"""Width and height in CSS pixels of a desktop and a telephone, the colour scheme, and what is asked there."""
BROWSER = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
)  # fmt: skip


def main(survey: Path, path: Path) -> None:
    shots = []
    with TemporaryDirectory() as folder, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=shutil.which("chromium"), args=list(BROWSER))
        for (width, height), scheme, asks in VIEWS:
            page = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme).new_page()
            page.goto(survey.absolute().as_uri(), wait_until="domcontentloaded")
            asked(page, asks)
            page.screenshot(path=f"{folder}/shot.png")
            shots.append(Image.open(f"{folder}/shot.png").convert("RGB"))
        browser.close()
    sheet = Image.new("RGB", (sum(shot.width for shot in shots), shots[0].height))
    left = 0
    for shot in shots:
        sheet.paste(shot, (left, 0))
        left += shot.width
    sheet.save(path, quality=70)


def asked(page: Page, asks: str) -> None:
    """Show a question in the middle of the style or content part, for a rater who has that part first."""
    page.evaluate(
        """(asks) => {
          const raters = Array.from({ length: 99 }, (_, place) => (2654435769 * (place + 1)).toString(16));
          const rater = raters.map((each) => each.padStart(32, "0")).find((each) => planned(each)[0].asks === asks);
          state = { ...fresh(), rater };
          plan = planned(rater);
          state.answers = plan.slice(0, 3).map(({ pair, left }, n) => ({ pair, asks, left, chosen: left, n }));
          state.open = true;
          begun = asks;
          show();
        }""",
        asks,
    )
    page.wait_for_timeout(500)


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
