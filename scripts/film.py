"""python scripts/film.py FOLDER: what docs/film.md measures and shows, of two films that are made here.

A photograph that the camera pans and zooms over, or that stands still, with a cut-out of another photograph passing in
front. FOLDER keeps them, and the same command goes on where it was stopped: half an hour on one core.
"""

import math
import sys
from pathlib import Path

from PIL import Image, ImageDraw

from stx.pictures import images

SIZE = (128, 96)
FRAMES = 100


def frames(folder: Path, moving: bool, count: int = FRAMES, size: tuple[int, int] = SIZE) -> None:
    """A film's frames, as PNG, unless they are there already."""
    folder.mkdir(parents=True, exist_ok=True)
    ground, cat = images.load("china"), images.load("chelsea").crop((90, 20, 390, 290))
    oval = Image.new("L", cat.size)
    ImageDraw.Draw(oval).ellipse((0, 0, *cat.size), fill=255)
    for number in range(count):
        path = folder / f"{number + 1:06d}.png"
        if not path.exists():
            frame(ground, cat, oval, number / max(1, FRAMES - 1), moving, size).save(path)


def frame(
    ground: Image.Image, cat: Image.Image, oval: Image.Image, time: float, moving: bool, size: tuple[int, int]
) -> Image.Image:
    """At a time from 0 to 1. Drawn at twice its size, at places between pixels, and reduced."""
    large = (2 * size[0], 2 * size[1])
    width = ground.width * (0.8 - 0.25 * time if moving else 0.8)
    height = width * size[1] / size[0]
    left = (ground.width - width) * (0.15 + 0.7 * time if moving else 0.5)
    top = (ground.height - height) * 0.5
    shown = ground.resize(large, Image.Resampling.LANCZOS, box=(left, top, left + width, top + height))
    side = large[1] * 0.4
    across, down = large[0] * (1.1 - 1.3 * time), large[1] * (0.5 + 0.06 * math.sin(9 * time))
    place = (1, 0, 0)
    scale = cat.width / side
    place = (scale, 0, -across * scale, 0, scale, -down * scale)
    over = cat.transform(large, Image.Transform.AFFINE, place, Image.Resampling.BICUBIC)
    mask = oval.transform(large, Image.Transform.AFFINE, place, Image.Resampling.BICUBIC)
    shown.paste(over, (0, 0), mask)
    return shown.resize(size, Image.Resampling.BOX)


if __name__ == "__main__":
    frames(Path(sys.argv[1]) / "still", moving=False)
    frames(Path(sys.argv[1]) / "moving", moving=True)
