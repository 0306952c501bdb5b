"""What the painters share: colours, noise, strokes, the canvas and its light. Points are complex: x + iy, y down."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Rng = np.random.Generator
Floats = NDArray[np.float64]
Points = NDArray[np.complex128]

WIDTH, HEIGHT = 640, 480
Y, X = np.mgrid[0:HEIGHT, 0:WIDTH].astype(float)
ZOOM = 2  # Pillow draws without antialiasing: paint larger, then shrink


def palette(colours: str) -> Floats:
    return np.array([list(bytes.fromhex(colour)) for colour in colours.split()], float)


def ramp(colours: str, position: Floats) -> Floats:
    """Colours (..., 3) at `position`, where 0 is the first of `colours` and 1 the last."""
    stops = np.linspace(0, 1, len(colours.split()))
    return np.stack([np.interp(position, stops, channel) for channel in palette(colours).T], -1)


def noise(rng: Rng, cells: int, zoom: int = 1) -> Floats:
    """Smooth noise (HEIGHT * zoom, WIDTH * zoom) in about [-0.5, 0.5], with `cells` bumps across."""
    return enlarge(rng.random((cells * 3 // 4 + 2, cells + 2), np.float32) - np.float32(0.5), zoom)


def enlarge(field: NDArray[Any], zoom: int = ZOOM) -> Floats:
    """`field`, of any size, smoothly stretched to (HEIGHT * zoom, WIDTH * zoom)."""
    smooth = Image.fromarray(field.astype(np.float32)).resize((WIDTH * zoom, HEIGHT * zoom), Image.Resampling.BICUBIC)
    return np.asarray(smooth, float)


def grid(zoom: int = ZOOM) -> Floats:
    """The y and x (2, HEIGHT * zoom, WIDTH * zoom) of a canvas painted larger, in pixels of the picture."""
    return np.mgrid[0 : HEIGHT * zoom, 0 : WIDTH * zoom] / zoom


def around(x: float, y: float, reach: float, zoom: int = 1) -> tuple[slice, slice]:
    """The rows and columns of the canvas at most `reach` from (x, y), so that a small thing costs little."""
    rows, columns = (
        slice(max(0, int(zoom * (middle - reach))), max(0, int(zoom * (middle + reach)))) for middle in (y, x)
    )
    return rows, columns


def blur(field: Floats, radius: float) -> Floats:
    """`field` in [0, 1], smoothed and rounded to 8 bits."""
    levels = Image.fromarray((np.clip(field, 0, 1) * 255).astype(np.uint8))
    return np.asarray(levels.filter(ImageFilter.GaussianBlur(radius)), float) / 255


def borders(region: NDArray[Any], radius: float) -> Floats:
    """1 on lines between regions and 0 elsewhere; the lines are about twice `radius` wide, their corners round."""
    edge = np.zeros(region.shape)
    edge[1:, 1:] = (region[1:, 1:] != region[:-1, 1:]) | (region[1:, 1:] != region[1:, :-1])
    return np.clip(8 * radius * blur(edge, radius) - 1.4, 0, 1)


def hatch(rng: Rng, along: Floats, across: Floats, length: float, spacing: float) -> tuple[Floats, Floats, Floats]:
    """Rows of strokes, `length` by `spacing`, laid by the coordinates `along` and `across`.

    Returns for each pixel how far it is from the middle of its stroke, in spacings and never beyond 0.5; how far it is
    along the stroke, from 0 to 1; and the stroke's own random number in [0, 1).
    """
    row, side = np.divmod(across / spacing, 1)
    line = row.astype(int) % 512
    cell, position = np.divmod(along / length + 9 * rng.random(512)[line], 1)
    own = rng.random((2, 512, 64))[:, line, cell.astype(int) % 64]
    return np.abs(side - 0.5 + (own[1] - 0.5) * (position - 0.2) * 0.5), position, own[0]


def at(field: NDArray[Any], points: Points) -> NDArray[Any]:
    """`field` (HEIGHT, WIDTH, ...) at the nearest pixels of points, clamped to the border."""
    rows, columns = np.clip(points.imag, 0, HEIGHT - 1), np.clip(points.real, 0, WIDTH - 1)
    return np.asarray(field[rows.astype(int), columns.astype(int)])


def trace(flow: Points, points: Points, steps: int, stride: float) -> Points:
    """Paths (..., steps) that start at points (...) and follow the directions `flow` (HEIGHT, WIDTH)."""
    path = [points]
    while len(path) < steps:
        # The midpoint rule: plain steps would spiral out of every vortex and leave its eye bare.
        halfway = path[-1] + stride / 2 * at(flow, path[-1])
        path.append(path[-1] + stride * at(flow, halfway))
    return np.stack(path, -1)


def stroke(canvas: Image.Image, rng: Rng, paths: Points, colours: Floats, width: float) -> None:
    """Lay brush strokes in order, each a bundle of bristles whose colours differ a little."""
    heading = np.gradient(paths, axis=1)
    offsets = np.linspace(-0.4, 0.4, 5)[:, None] * width
    bristles = ZOOM * (paths[:, None] + offsets * (1j * heading / (np.abs(heading) + 1e-9))[:, None])
    shades = np.clip(colours[:, None] * rng.normal(1, 0.1, (*bristles.shape[:2], 1)), 0, 255).astype(int)
    lines, fills = bristles.view(float).reshape(-1, 2 * paths.shape[1]), shades.reshape(-1, 3)
    draw, thickness = ImageDraw.Draw(canvas), round(ZOOM * width * 0.3)
    for line, fill in zip(lines.tolist(), fills.tolist(), strict=True):
        draw.line(line, fill=tuple(fill), width=thickness)


def on_canvas(colours: Floats, zoom: int = ZOOM) -> Image.Image:
    """A canvas painted with colours (H, W, 3) in 0..255, so that gaps between strokes are no holes."""
    picture = Image.fromarray(np.clip(colours, 0, 255).round().astype(np.uint8))
    return picture.resize((picture.width * zoom, picture.height * zoom), Image.Resampling.BILINEAR)


def finish(canvas: Image.Image, relief: float) -> Image.Image:
    """Shrink to (WIDTH, HEIGHT) and light the paint from one side as if bright paint stood proud."""
    picture = canvas.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)
    height = np.asarray(picture.convert("L").filter(ImageFilter.GaussianBlur(0.8)), float)
    slope = np.gradient(height, axis=1) + np.gradient(height, axis=0)
    return on_canvas(np.asarray(picture, float) + relief * np.clip(slope, -40, 40)[..., None], zoom=1)
