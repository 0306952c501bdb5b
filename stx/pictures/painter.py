"""Style pictures that stx paints itself: same seed, same bytes. Points are complex: x + iy, y down."""

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
    """Colours (..., 3) at `position`, of which 0 is the first of `colours` and 1 the last."""
    stops = np.linspace(0, 1, len(colours.split()))
    return np.stack([np.interp(position, stops, channel) for channel in palette(colours).T], -1)


def noise(rng: Rng, cells: int, zoom: int = 1) -> Floats:
    """Smooth noise (HEIGHT * zoom, WIDTH * zoom) in about [-0.5, 0.5], with `cells` bumps across."""
    grid = rng.random((cells * 3 // 4 + 2, cells + 2), np.float32) - np.float32(0.5)
    smooth = Image.fromarray(grid).resize((WIDTH * zoom, HEIGHT * zoom), Image.Resampling.BICUBIC)
    return np.asarray(smooth, float)


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


def swirls(seed: int) -> Image.Image:
    """A night sky: thick strokes around vortices and glowing discs, deep blues and warm yellows."""
    rng = np.random.default_rng(seed)
    where: Points = X + 1j * Y
    flow = 0.9 * noise(rng, 5) + 1 + 0.9j * noise(rng, 5)
    for centre, reach in [(210 + 190j, 105), (350 + 235j, -85), (545 + 330j, 90), (70 + 370j, -80)]:
        arm = where - centre - complex(rng.normal(0, 18), rng.normal(0, 14))
        flow += 4.5j * arm / reach * np.exp(-((np.abs(arm) / reach) ** 2))  # a negative reach turns back
    halo = np.full((HEIGHT, WIDTH), np.inf)  # distance to the nearest disc, in radii of that disc
    discs = {560 + 85j: 62, 75 + 85j: 38, 320 + 60j: 30, 450 + 160j: 24, 180 + 335j: 26, 390 + 380j: 34}
    for centre, radius in discs.items():
        arm = (where - centre - complex(rng.normal(0, 14), rng.normal(0, 10))) / radius
        flow += 6j * arm * np.exp(-((np.abs(arm) / 1.25) ** 4))
        halo = np.minimum(halo, np.abs(arm))
    flow /= np.abs(flow) + 1e-9
    # Smearing noise along the flow turns it into the bands of colour that a brush would follow.
    paths = trace(flow, where[::2, ::2], 14, 5)
    smeared = at(0.65 * noise(rng, 34) + 0.35 * noise(rng, 90), paths).mean(2)
    tone = 0.4 + 0.24 * (smeared - smeared.mean()) / smeared.std()
    glow = ramp("fff6c8 fbdc5a f0b32c c9862b 6f8f8a 2d5f9f", halo / 1.8 + 0.08 * np.sin(halo * 14))
    night = ramp("0b1437 14265e 1f4392 2f6fb5 5fa3c9 a9cfc9 e3dfa0", tone.repeat(2, 0).repeat(2, 1))
    scene = np.where(halo[..., None] < 1.65, glow, night)
    canvas = on_canvas(scene)
    for count, steps, width in [(1500, 7, 13), (2600, 7, 8), (2200, 6, 5)]:
        start: Points = rng.uniform(-25, WIDTH, count) + 1j * rng.uniform(-10, HEIGHT + 10, count)
        paths = trace(flow, start, steps, width * 0.62)
        # Colour from a little beside the stroke: neighbours differ as they would on a loaded brush.
        beside: Points = paths[:, steps // 2] + rng.normal(0, 4, count) + 1j * rng.normal(0, 4, count)
        stroke(canvas, rng, paths, at(scene, beside) * rng.normal(1, 0.12, (count, 1)), width)
    return finish(canvas, 0.55)


def pointillist(seed: int) -> Image.Image:
    """A shore at dusk in round dabs: oranges and pinks, shot through with their complements."""
    rng = np.random.default_rng(seed)
    hill, sun = Y - 205 - 60 * noise(rng, 5)[:1], np.hypot(X - rng.uniform(330, 480), Y - 150)
    shore = Y - 380 - 80 * noise(rng, 3) + 0.12 * X
    crowns = np.hypot((X - 95) / 1.1, Y - 160) - 105 + 150 * noise(rng, 9)
    trunk = np.maximum(np.abs(X - 95 - 12 * np.sin(Y / 40)) - 13, np.abs(Y - 300) - 120)
    sky = ramp("7a6fb0 d98aa0 f6a15b fbd36b fdeeb0", Y / 230 + 0.3 * noise(rng, 6))
    scene = sky + 45 * np.exp(-sun / 60)[..., None]
    for inside, palette, position in [  # what is painted over what
        (sun < 44, "fffbe0 fff0a8 fbc64f", sun / 44),
        (hill > 0, "5b4a8c 8a5f9a c77a86", hill / 45),
        (Y > 240, "f9c867 e8896a 8a6fae 3f6a9c 2d5a7c", (Y - 240) / 130 + 0.9 * noise(rng, 9)),
        (shore > 0, "3d2f5e 8c3b3f cf5a2c eaa13a f3d06a", 0.55 + 1.4 * noise(rng, 14)),
        (np.minimum(crowns, trunk) < 0, "1f2347 2c4a5a 4d7a4a b59a3c", 0.35 + 1.5 * noise(rng, 22)),
    ]:
        scene = np.where(inside[..., None], ramp(palette, position), scene)
    draw = ImageDraw.Draw(canvas := on_canvas(scene))
    for count, radius in [(5000, 6.5), (9000, 4.6), (10000, 3.2)]:
        spots = rng.uniform(0, WIDTH, count) + 1j * rng.uniform(0, HEIGHT, count)
        colours = at(scene, spots) * rng.normal(1, 0.13, (count, 1)) + rng.normal(0, 17, (count, 3))
        complement = colours.max(1, keepdims=True) + colours.min(1, keepdims=True) - colours
        colours += np.where(rng.random((count, 1)) < 0.14, 0.8, 0) * (complement - colours)
        corner = radius * rng.uniform(0.75, 1.2, count) * (1 + 1j)
        boxes = ZOOM * np.stack([spots - corner, spots + corner], -1).view(float)
        for box, colour in zip(boxes.tolist(), np.clip(colours, 0, 255).astype(int).tolist(), strict=True):
            draw.ellipse(box, fill=tuple(colour))
    return finish(canvas, 0.35)


def mosaic(seed: int) -> Image.Image:
    """Tesserae of glass, stone and gold, laid in rings around several centres on dark grout."""
    rng = np.random.default_rng(seed)
    glass = palette("16306e 1f5aa6 2b9aa3 7cc7b0 f2e6c4 e2b23c b8791f b5452c 7a1f2e 2a2040")
    y, x = np.mgrid[0 : HEIGHT * ZOOM, 0 : WIDTH * ZOOM] / ZOOM
    bends = [scale * noise(rng, cells, ZOOM) for scale, cells in [(34, 5), (5, 40), (34, 5), (5, 40)]]
    where = x + bends[0] + bends[1] + 1j * (y + bends[2] + bends[3])
    cy, cx = np.mgrid[80:480:160, 80:640:160].reshape(2, -1) + rng.normal(0, 22, (2, 12))
    centres, head_start = cx + 1j * cy, 10 * rng.permutation(12)  # so that some rings outgrow others
    region = np.argmin(np.abs(where[::2, ::2, None] - centres) - head_start, axis=2).repeat(2, 0).repeat(2, 1)
    arm = where - centres[region]
    ring, across = np.divmod(np.abs(arm) / 13, 1)
    turn, around = np.divmod((np.angle(arm) / (2 * np.pi) + 0.5) * (6 * ring + 3) + 0.37 * ring, 1)
    tile = (region * 64 + ring.astype(int)) * 256 + turn.astype(int) % 256
    seams = np.asarray(Image.fromarray(region.astype(np.uint8)).filter(ImageFilter.MaxFilter(3))) != region
    grout = seams | (np.abs(across - 0.5) > 0.425) | (np.abs(around - 0.5) > 0.41)
    # One entry a tile: colours change from ring to ring, and now and then the mason took another.
    kind = rng.integers(0, 10, (12, 1, 1)) + rng.integers(1, 4, (12, 1, 1)) * np.arange(64)[:, None]
    stray = np.where(rng.random((12, 64, 256)) < 0.12, rng.integers(1, 10, (12, 64, 256)), 0)
    kind = (kind + stray).ravel() % 10
    shade = glass[kind] * rng.normal(1, 0.13, (len(kind), 1)) + rng.normal(0, 9, (len(kind), 3))
    tilt = rng.normal(0, 60, (2, len(kind)))[:, tile]
    gleam = tilt[0] * (across - 0.5) + tilt[1] * (around - 0.5) + 40 * noise(rng, 160, ZOOM)
    colours = np.where(grout[..., None], (38.0, 33.0, 36.0), shade[tile] + gleam[..., None])
    return finish(on_canvas(colours, zoom=1), 0.5)


def woodcut(seed: int) -> Image.Image:
    """Breaking waves in carved lines: indigo and cream below an ochre sky with a vermilion sun."""
    rng = np.random.default_rng(seed)
    ink, cream = palette("141a3a f5ecd0")

    def carve(level: Floats, spacing: float, light: Floats | float, colour: Floats) -> Floats:
        """Ink lines along the contours of `level`, thin where `light` is 1 and merging where it is 0."""
        wobble = level / spacing + 0.9 * noise(rng, 14) + 0.25 * noise(rng, 60)
        edge = np.abs(wobble % 1 - 0.5) * 2 - 1 + light + 0.7 * noise(rng, 45)
        return np.asarray(ink + np.clip(edge * spacing / 2.2 + 0.5, 0, 1)[..., None] * (colour - ink))

    ochre = ramp("c8752c dd9c3f ecc777 f3dfab", Y / 240 + 0.5 * noise(rng, 6))
    sky = carve(Y + 18 * np.sin(X / 70) + 30 * noise(rng, 5), 8, 0.72 + 0.5 * noise(rng, 7), ochre)
    sun = np.hypot(X - rng.uniform(380, 500), Y - 105)
    rays = carve(sun, 7, 0.75, ramp("f08a4a d8402a b52a22", sun / 78))
    picture = np.where((sun < 78)[..., None], rays, sky)
    for layer in range(5):
        base, height, length = 215 + 62 * layer, 46 + 9 * layer, 200 + 35 * layer
        lift = np.clip((base - Y) / height + 0.6, 0, 2)
        # Shearing the crest sideways, the more the higher, makes it lean over and curl.
        phase = (X - 0.17 * length * lift**2) / length * 2 * np.pi + rng.uniform(0, 6) + 2.5 * noise(rng, 4)
        depth = Y - base + height * np.cos(phase) + 30 * noise(rng, 7)
        depth /= np.clip(np.hypot(*np.gradient(depth)), 0.7, 2.5)  # else lines crowd on steep flanks
        water = ramp("dfe6d2 86b0c0 3f77a5 23477f 1b2c5e", depth / 95 + 0.4 * noise(rng, 10))
        wave = carve(depth, 7.5, np.clip(0.85 - depth / 150, 0.3, 0.85), water)
        foam = depth + 26 * noise(rng, 48) - 6
        spray = carve(foam, 6, 0.86, np.broadcast_to(cream, water.shape))
        wave = np.where((foam < 9 + 7 * np.cos(phase))[..., None], spray, wave)
        picture = np.where((foam > -9)[..., None], np.where((foam < -6)[..., None], ink, wave), picture)
    return finish(on_canvas(picture, zoom=1), 0.3)


STYLES = {"swirls": swirls, "pointillist": pointillist, "mosaic": mosaic, "woodcut": woodcut}
