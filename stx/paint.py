"""Painterly styles that stx renders itself, so that there is something to match before one has a painting."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw
from scipy.spatial import cKDTree

WIDTH, HEIGHT = 640, 480
Floats = NDArray[np.float64]


def swirls(seed: int) -> Image.Image:
    """A night of brush strokes that follow vortices, blue with glowing yellow discs."""
    rng = np.random.default_rng(seed)
    centres = np.array([(0.30, 0.38), (0.62, 0.30), (0.84, 0.62), (0.12, 0.78), (0.50, 0.80)])
    centres = (centres + rng.normal(0, 0.02, centres.shape)) * (WIDTH, HEIGHT)
    radii = rng.uniform(70, 130, len(centres))
    turns = np.array([1, -1, 1, -1, 1])
    discs = rng.uniform((30, 20), (WIDTH - 30, HEIGHT * 0.75), (9, 2))
    glow = rng.uniform(12, 34, len(discs))

    def flow(at: Floats) -> Floats:
        field = np.stack([np.full(len(at), 0.35), 0.25 * np.sin(at[:, 0] / 60)], axis=1)
        for centre, radius, turn in zip(centres, radii, turns, strict=True):
            away = at - centre
            strength = np.exp(-((away**2).sum(1) / radius**2))[:, None] * 2.2
            field += turn * strength * np.stack([-away[:, 1], away[:, 0]], axis=1) / radius
        for disc, size in zip(discs, glow, strict=True):
            away = at - disc
            strength = np.exp(-((away**2).sum(1) / (2.2 * size) ** 2))[:, None] * 2.5
            field += strength * np.stack([-away[:, 1], away[:, 0]], axis=1) / size
        return field

    night = palette("0b1640 12275f 1b3f8b 2a5fb0 4f8fc8 8fbfd8 0a0f2a 35568f")
    light = palette("f6d64a f2b632 fbe98a e8902c fff6c8 d9c35a")

    def colour(at: Floats) -> Floats:
        band = 0.5 + 0.5 * np.sin(at[:, 0] / 47 + 3 * np.sin(at[:, 1] / 70) + rng.normal(0, 0.9, len(at)))
        shades = night[np.clip((band * len(night)).astype(int), 0, len(night) - 1)]
        nearest = (np.linalg.norm(at[:, None] - discs, axis=2) / glow).min(1)
        eddies = (np.linalg.norm(at[:, None] - centres, axis=2) / radii).min(1)
        warm = rng.random(len(at)) < np.exp(-((nearest / 1.3) ** 2)) + 0.28 * np.exp(-((eddies / 0.8) ** 2))
        return np.where(warm[:, None], light[rng.integers(len(light), size=len(at))], shades)

    canvas = Image.new("RGB", (WIDTH, HEIGHT), "#12275f")
    for count, length, width in ((1200, 46, 11), (2600, 34, 7), (2600, 22, 4)):
        brush(canvas, rng, rng.uniform((0, 0), (WIDTH, HEIGHT), (count, 2)), flow, colour, length, width)
    return canvas


def pointillist(seed: int) -> Image.Image:
    """Layers of round dabs in warm colours and their complements: a hillside at noon."""
    rng = np.random.default_rng(seed)
    bands = [
        palette("7fb2d9 a9cbe0 f2e2b6 6d8fc9 e9b7a0"),
        palette("f0a33a f6c65b e2703a 8a5fa8 f9e08b"),
        palette("c8452f e8823b 4f7f4a f3b443 7c3f6e"),
        palette("2f6b4f 4f8f55 b8452f 28436b 9bb04a"),
    ]
    canvas = Image.new("RGB", (WIDTH, HEIGHT), "#e9c98a")
    draw = ImageDraw.Draw(canvas)
    for count, size in ((5000, 9.0), (9000, 6.0), (12000, 4.0)):
        at = rng.uniform((0, 0), (WIDTH, HEIGHT), (count, 2))
        hill = at[:, 1] / HEIGHT + 0.09 * np.sin(at[:, 0] / 75) + 0.05 * np.sin(at[:, 0] / 23 + at[:, 1] / 40)
        band = np.clip(hill * len(bands) + rng.normal(0, 0.25, count), 0, len(bands) - 1).astype(int)
        sizes = size * rng.uniform(0.6, 1.3, count)
        for (x, y), b, r in zip(at, band, sizes, strict=True):
            shade = jitter(rng, bands[b][rng.integers(len(bands[b]))], 14)
            draw.ellipse((x - r, y - r, x + r, y + r), fill=shade)
    return canvas


def mosaic(seed: int) -> Image.Image:
    """Tesserae between dark grout, laid along curved bands."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float64)
    rows = np.arange(-48, HEIGHT + 48, 12.0)
    seeds = np.array(
        [
            (column + rng.normal(0, 1.8), row + rng.normal(0, 1.8))
            for row in rows
            for column in np.arange((row / 12 % 2) * 7, WIDTH + 14, 14.0)
        ]
    )
    bent = np.stack([x + 10 * np.sin(y / 55), y + 26 * np.sin(x / 95) + 9 * np.sin(x / 31)], axis=-1)
    first, second, nearest = two_nearest(bent, seeds)
    colours = palette("1d4e89 2e7da6 79b4c8 e7d7b1 d98e2b b5442e 6e1f2f 2f5d50 f0c05a")
    middle = seeds[:, 1] / 44 + 1.4 * np.sin(seeds[:, 0] / 120)
    choice = (np.floor(middle) * 3 + (rng.random(len(seeds)) < 0.25)).astype(int) % len(colours)
    shade = np.clip(colours[choice] + rng.normal(0, 15, (len(seeds), 3)), 0, 255)
    pixels = shade[nearest] + ((bent - seeds[nearest]).sum(-1) * 1.6)[..., None]  # each stone is lit from one side
    pixels[second - first < 2.2] = (28, 24, 26)
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def waves(seed: int) -> Image.Image:
    """A woodcut sea: bold indigo contours and hatching over ochre, cream and vermilion."""
    rng = np.random.default_rng(seed)

    def flow(at: Floats) -> Floats:
        slope = 0.9 * np.cos(at[:, 0] / 38 + at[:, 1] / 52) + 0.5 * np.sin(at[:, 1] / 27 - at[:, 0] / 90)
        return np.stack([np.ones(len(at)), slope], axis=1)

    inks = palette("14213d 1f3b70 e9d8a6 f4ecd2 ca6702 bb3e03 0a9396 14213d")

    def colour(at: Floats) -> Floats:
        crest = at[:, 1] / 22 - 1.7 * np.sin(at[:, 0] / 38 + at[:, 1] / 52) + rng.normal(0, 0.18, len(at))
        return inks[np.floor(crest).astype(int) % len(inks)]

    canvas = Image.new("RGB", (WIDTH, HEIGHT), "#e9d8a6")
    for count, length, width in ((1800, 70, 9), (2200, 46, 5)):
        brush(canvas, rng, rng.uniform((0, 0), (WIDTH, HEIGHT), (count, 2)), flow, colour, length, width)
    dark = palette("14213d 0b132b")
    brush(
        canvas,
        rng,
        rng.uniform((0, 0), (WIDTH, HEIGHT), (1100, 2)),
        flow,
        lambda at: dark[np.arange(len(at)) % 2],
        60,
        2,
    )
    return canvas


STYLES: dict[str, Callable[[int], Image.Image]] = {
    "swirls": swirls,
    "pointillist": pointillist,
    "mosaic": mosaic,
    "waves": waves,
}
"""Painters by name; each takes a seed."""


def brush(
    canvas: Image.Image,
    rng: np.random.Generator,
    at: Floats,
    flow: Callable[[Floats], Floats],
    colour: Callable[[Floats], Floats],
    length: float,
    width: int,
) -> None:
    """Strokes of some pixels' length that follow `flow` from each point (N, 2); bristles differ a little in colour."""
    draw = ImageDraw.Draw(canvas)
    path = [at]
    for _ in range(6):
        direction = flow(path[-1])
        path.append(path[-1] + direction / np.linalg.norm(direction, axis=1, keepdims=True) * length / 6)
    strokes, shades = np.stack(path, axis=1), colour(at)
    across = strokes[:, -1] - strokes[:, 0]
    across = np.stack([-across[:, 1], across[:, 0]], axis=1) / (np.linalg.norm(across, axis=1, keepdims=True) + 1e-9)
    bristles = max(1, width // 2)
    for stroke, shade, side in zip(strokes, shades, across, strict=True):
        for bristle in range(bristles):
            offset = side * (bristle - (bristles - 1) / 2) * width / bristles
            line = [(float(x), float(y)) for x, y in stroke + offset]
            draw.line(line, fill=jitter(rng, shade, 16), width=max(2, width // bristles + 1), joint="curve")


def two_nearest(points: Floats, seeds: Floats) -> tuple[Floats, Floats, NDArray[np.int64]]:
    """Distances from points (H, W, 2) to their nearest and second nearest of the seeds (N, 2), and which is nearest."""
    distances, which = cKDTree(seeds).query(points, k=2)
    return distances[..., 0], distances[..., 1], which[..., 0]


def palette(colours: str) -> Floats:
    """Hex colours, separated by spaces, as (N, 3)."""
    return np.array([tuple(bytes.fromhex(colour)) for colour in colours.split()], dtype=np.float64)


def jitter(rng: np.random.Generator, colour: Floats, amount: float) -> tuple[int, int, int]:
    red, green, blue = np.clip(colour + rng.normal(0, amount), 0, 255).astype(int).tolist()
    return red, green, blue
