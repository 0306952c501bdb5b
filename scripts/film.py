"""python scripts/film.py FOLDER: what docs/film.md measures and shows, with films that are made here.

The camera pans and zooms over a photograph, or stands still, while a cut-out of another photograph passes in front.
FOLDER keeps the films, and the same command continues where it was stopped; it takes half an hour on one core.
"""

import math
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw

from stx import stylise
from stx.measures.flicker import brightness
from stx.pictures import images
from stx.pictures.sheet import contact_sheet

SIZE = (128, 96)
FRAMES = 100
MEASURED = ("image_size.long_side=64", "optim.steps=90", "steps=30", "alone=3")
LARGER = (192, 144)
SHOWN = ("image_size.long_side=192", "optim.steps=60", "steps=40", "alone=2")


def frames(folder: Path, moving: bool, numbers: Sequence[int], size: tuple[int, int] = SIZE) -> None:
    """Save some of a film's FRAMES frames as PNG, unless they exist already."""
    folder.mkdir(parents=True, exist_ok=True)
    ground, cat = images.load("china"), images.load("chelsea").crop((90, 20, 390, 290))
    oval = Image.new("L", cat.size)
    ImageDraw.Draw(oval).ellipse((0, 0, *cat.size), fill=255)
    for number in numbers:
        path = folder / f"{number:06d}.png"
        if not path.exists():
            frame(ground, cat, oval, (number - 1) / (FRAMES - 1), moving, size).save(path)


def frame(
    ground: Image.Image, cat: Image.Image, oval: Image.Image, time: float, moving: bool, size: tuple[int, int]
) -> Image.Image:
    """The frame at a time from 0 to 1, drawn at twice its size, with positions between pixels, and then reduced."""
    large = (2 * size[0], 2 * size[1])
    width = ground.width * (0.8 - 0.25 * time if moving else 0.8)
    height = width * size[1] / size[0]
    left = (ground.width - width) * (0.15 + 0.7 * time if moving else 0.5)
    top = (ground.height - height) * 0.5
    shown = ground.resize(large, Image.Resampling.LANCZOS, box=(left, top, left + width, top + height))
    side = large[1] * 0.4
    across, down = large[0] * (1.1 - 1.3 * time), large[1] * (0.5 + 0.06 * math.sin(9 * time))
    scale = cat.width / side
    place = (scale, 0, -across * scale, 0, scale, -down * scale)
    over = cat.transform(large, Image.Transform.AFFINE, place, Image.Resampling.BICUBIC)
    mask = oval.transform(large, Image.Transform.AFFINE, place, Image.Resampling.BICUBIC)
    shown.paste(over, (0, 0), mask)
    return shown.resize(size, Image.Resampling.BOX)


def filmed(folder: Path, name: str, *typed: str) -> Path:
    """Make a film with the command itself, and return its folder."""
    place = folder / f"{name}-film"
    own = [f"film={folder / name}", f"output={place}", "style=swirls", "tracking=none", *typed]
    subprocess.run([sys.executable, "-m", "stx.film", *own], check=True)
    return place


def drift(place: Path, name: str) -> None:
    """Print the brightness of a film's first and last frame, and that of the last frame made by itself."""
    sides = ("image_size.width=64", "image_size.height=48")
    alone = stylise(place / "source" / f"{FRAMES:06d}.png", "swirls", *sides, "optim.steps=90")
    shown = {"by itself": alone} | {
        f"frame {number} as a film": images.load(str(place / "frames" / f"{number:06d}.png")) for number in (1, FRAMES)
    }
    for what, picture in shown.items():
        value = brightness(images.to_tensor(picture, picture.size))
        sys.stdout.write(f"{name}, brightness {what}: {value:.4f}\n")


def strip(place: Path, numbers: Sequence[int], path: Path) -> None:
    """Save a sheet of frames below their sources."""
    rows = [[Image.open(place / of / f"{number:06d}.png") for number in numbers] for of in ("source", "frames")]
    sheet = contact_sheet(rows, column_labels=[f"frame {number}" for number in numbers], cell=LARGER)
    sheet.save(path, quality=88)


def main() -> None:
    top = Path(sys.argv[1])
    frames(top / "shown", True, range(45, 51), LARGER)
    strip(filmed(top, "shown", *SHOWN), (1, 2, 4, 6), top / "film.jpg")
    for name, moving in (("still", False), ("moving", True)):
        frames(top / name, moving, range(1, FRAMES + 1))
        drift(filmed(top, name, *MEASURED), name)


if __name__ == "__main__":
    main()
