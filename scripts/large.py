"""What docs/large.md says: time and memory of blocks beside the whole, and whether their edges can be seen.

python scripts/large.py beside            one picture in one piece and in blocks: time, memory, how far apart
python scripts/large.py seams FOLDER      of a run in blocks: differences across their edges over those elsewhere
python scripts/large.py picture FOLDER    the picture in docs: all of it, and pixels where four blocks meet
"""

import json
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from stx.model.blocks import STRIDE, cuts

SIDES = (None, 512, 256, 128)
HEIGHT = 480
"""Height in pixels of the picture in docs."""
RUN = ["tracking=none", "image_size.long_side=1024", "optim.steps=12", "optim.pyramid=[8]", "precision=fp32"]


def main() -> None:
    if sys.argv[1:] == ["beside"]:
        beside()
    elif len(sys.argv) == 3 and sys.argv[1] == "picture":
        shown(Path(sys.argv[2])).save("docs/large.jpg", quality=85)
    elif len(sys.argv) == 3 and sys.argv[1] == "seams":
        folder = Path(sys.argv[2])
        for axis, ratio in seams(picture(folder), side_of(folder)).items():
            sys.stdout.write(f"{axis}: {ratio:.3f}\n")
    else:
        sys.exit(__doc__)


def beside() -> None:
    with TemporaryDirectory() as kept:
        pictures = {}
        for side in SIDES:
            folder = Path(kept) / str(side)
            typed = ["-m", "stx.run", *RUN, f"blocks={side or 'null'}", f"hydra.run.dir={folder}"]
            started = time.monotonic()
            done = subprocess.run(
                ["/usr/bin/time", "-f", "%M", sys.executable, *typed], check=True, capture_output=True, text=True
            )
            pictures[side] = picture(folder)
            apart = np.abs(pictures[side].astype(int) - pictures[None])
            gigabytes = int(done.stderr.split()[-1]) / 1e6
            edges = seams(pictures[side], side) if side else {}
            sys.stdout.write(
                f"blocks={side}: {time.monotonic() - started:.0f} s, {gigabytes:.2f} GB, "
                f"of 255 apart {apart.max()} at most, {apart.mean():.4f} on average; seams {edges}\n"
            )


def side_of(folder: Path) -> int:
    return int(json.loads((folder / "run.json").read_text())["machine"]["blocks"])


def shown(folder: Path) -> Image.Image:
    whole = Image.fromarray(picture(folder))
    height = HEIGHT
    width = round(height * whole.width / whole.height)
    x, y = ([cut.start for cut in cuts(length, side_of(folder))][1] for length in whole.size)
    sheet = Image.new("RGB", (width + 8 + height, height), "white")
    sheet.paste(whole.resize((width, height), Image.Resampling.LANCZOS), (0, 0))
    sheet.paste(whole.crop((x - height // 2, y - height // 2, x + height // 2, y + height // 2)), (width + 8, 0))
    return sheet


def picture(folder: Path) -> NDArray[np.uint8]:
    with Image.open(folder / "output.png") as opened:
        return np.asarray(opened.convert("RGB"))


def seams(shown: NDArray[np.uint8], side: int) -> dict[str, float]:
    """Mean difference of the pixels on both sides of the blocks' edges, over that at the other multiples of 16 pixels.

    It is 1 if the edges cannot be seen. The comparison is with multiples of 16 because differences there are larger in
    any picture made with max pooling.
    """
    ratios = {}
    for name, axis in (("rows", 0), ("columns", 1)):
        steps = np.abs(np.diff(shown.astype(float), axis=axis)).mean(axis=(1 - axis, 2))
        edges = [cut.start for cut in cuts(shown.shape[axis], side)][1:]
        others = [line for line in range(STRIDE, shown.shape[axis] - STRIDE, STRIDE) if line not in edges]
        if edges:
            ratios[name] = float(steps[np.array(edges) - 1].mean() / steps[np.array(others) - 1].mean())
    return ratios


if __name__ == "__main__":
    main()
