"""Paintings in oil: strokes, dots, the palette knife, planes."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from stx.pictures.painters.canvas import (
    HEIGHT,
    WIDTH,
    ZOOM,
    Floats,
    Points,
    Rng,
    X,
    Y,
    around,
    at,
    borders,
    finish,
    hatch,
    noise,
    on_canvas,
    palette,
    ramp,
    stroke,
    trace,
)


def swirls(seed: int) -> Image.Image:
    """A night sky: thick strokes around vortices and glowing discs, deep blues and warm yellows."""
    rng = np.random.default_rng(seed)
    where: Points = X + 1j * Y
    flow = 0.9 * noise(rng, 5) + 1 + 0.9j * noise(rng, 5)
    for centre, reach in [(210 + 190j, 105), (350 + 235j, -85), (545 + 330j, 90), (70 + 370j, -80)]:
        arm = where - centre - complex(rng.normal(0, 18), rng.normal(0, 14))
        flow += 4.5j * arm / reach * np.exp(-((np.abs(arm) / reach) ** 2))  # a negative reach turns the other way
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
    for inside, stops, position in [  # from back to front
        (sun < 44, "fffbe0 fff0a8 fbc64f", sun / 44),
        (hill > 0, "5b4a8c 8a5f9a c77a86", hill / 45),
        (Y > 240, "f9c867 e8896a 8a6fae 3f6a9c 2d5a7c", (Y - 240) / 130 + 0.9 * noise(rng, 9)),
        (shore > 0, "3d2f5e 8c3b3f cf5a2c eaa13a f3d06a", 0.55 + 1.4 * noise(rng, 14)),
        (np.minimum(crowns, trunk) < 0, "1f2347 2c4a5a 4d7a4a b59a3c", 0.35 + 1.5 * noise(rng, 22)),
    ]:
        scene = np.where(inside[..., None], ramp(stops, position), scene)
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


def impasto(seed: int) -> Image.Image:
    """A village behind a field of poppies, laid on with a palette knife and lit from the side."""
    rng = np.random.default_rng(seed)
    scene = ramp("7fb4cf b9d6d3 f3e3bd f6cf95", Y / 190 + 0.4 * noise(rng, 7))
    lean = np.where(Y < 250, 0.3, -0.2) + 2 * noise(rng, 8)
    for inside, stops, position in [
        (130 + 90 * noise(rng, 4) < Y, "6f8fae 8fb08a b9b06a", (Y - 130) / 60 + 0.5 * noise(rng, 12)),
        (190 + 90 * noise(rng, 14) < Y, "1f3f2f 3f6f3a 9f9f3f", 0.4 + 1.5 * noise(rng, 30)),
        (245 + 30 * noise(rng, 6) < Y, "d9c04a 8faa3a 4a8a35 2a5f35", (Y - 245) / 260 + 1.3 * noise(rng, 14) + 0.15),
    ]:
        scene = np.where(inside[..., None], ramp(stops, position), scene)
    for x, foot, width in rng.uniform([60, 222, 34], [590, 272, 66], (12, 3)):
        side, top = (X - x) / width, foot - width
        for inside, stops in [
            ((np.abs(side) < 0.5) & (top < Y) & (foot > Y), "fbf0d4 efd0a4 b9807a"),
            ((np.abs(side) * 0.9 * width + top - 0.5 * width < Y) & (top + 3 > Y), "f08a44 cf4a2c 8a2a2c"),
        ]:
            scene[inside], lean[inside] = ramp(stops, side[inside] + 0.5), 1.3
    canvas, relief = on_canvas(scene), Image.new("L", (WIDTH * ZOOM, HEIGHT * ZOOM), 100)
    petals, bloom = palette("d8281f e83a24 b81f24 f2622f f6b8c4 fff2d0 f7d040"), noise(rng, 9) + 0.6 * noise(rng, 30)
    layers = [(1500, 24, 0, 480, 0), (1900, 15, 0, 480, 0.1), (2600, 7, 130, 285, 0), (1500, 9, 268, 480, 1)]
    for count, size, top, bottom, flowers in [*layers, (900, 16, 310, 480, 1)]:
        stamps = [dab(rng, size * ZOOM, angle) for angle in np.linspace(0, 2 * np.pi, 24, endpoint=False)]
        spots = rng.uniform(0, WIDTH, count) + 1j * np.sort(rng.uniform(top, bottom, count))
        colours = at(scene, spots) * rng.normal(1, 0.1, (count, 1)) + rng.normal(0, 9, (count, 3))
        red = (at(bloom, spots) + 0.25 > rng.random(count) * 0.7) & (spots.imag > 262) & (rng.random(count) < flowers)
        colours[red] = petals[rng.integers(0, 7, red.sum())] * rng.normal(1, 0.1, (red.sum(), 1))
        turn = (at(lean, spots) + rng.normal(0, 0.5 + 2 * (flowers > 0), count)) * 24 / (2 * np.pi)
        for spot, colour, which in zip(spots, np.clip(colours, 0, 235).astype(int), turn.astype(int) % 24, strict=True):
            shape, streaks, height = stamps[which]
            corner = (int(spot.real * ZOOM) - shape.width // 2, int(spot.imag * ZOOM) - shape.height // 2)
            canvas.paste(tuple(colour.tolist()), corner, shape)
            canvas.paste(tuple((colour + 20).tolist()), corner, streaks)
            relief.paste(height, corner, shape)
    slope = np.add(*np.gradient(np.asarray(relief.filter(ImageFilter.GaussianBlur(1)), float)))
    return finish(on_canvas(np.asarray(canvas, float) + 2.2 * np.clip(slope, -22, 26)[..., None], zoom=1), 0.1)


def dab(rng: Rng, size: int, angle: float) -> list[Image.Image]:
    """What a knife leaves behind: its shape, the streaks of ill-mixed paint in it, and how high it stands."""
    v, u = np.mgrid[-size : size + 1, -size : size + 1] / size
    along, across = u * np.cos(angle) + v * np.sin(angle), (v * np.cos(angle) - u * np.sin(angle)) / 0.42
    ragged = 0.35 * np.interp(across, np.linspace(-1, 1, 12), rng.random(12))
    shape = np.minimum(0.95 - ragged - np.abs(along), 0.95 - np.abs(across + 0.15 * along)) * size / 2
    bristles = np.interp(across, np.linspace(-1, 1, 14), rng.random(14))
    ridges = 60 * np.clip(along + ragged, 0, 1) ** 2 + 50 * np.abs(across) ** 4
    height = rng.uniform(60, 90) + 55 * bristles + ridges
    levels = [255 * np.clip(shape, 0, 1), 255 * np.clip(shape, 0, 1) * (bristles > 0.55), height]
    return [Image.fromarray(np.clip(level, 0, 255).astype(np.uint8)) for level in levels]


def facets(seed: int) -> Image.Image:
    """A still life in overlapping planes, each seen from elsewhere and shaded from one edge to the other."""
    rng = np.random.default_rng(seed)
    scene = still_life(rng)
    cell = np.zeros(X.shape, int)
    for bit, angle in enumerate(rng.choice([0.3, 0.9, 1.35, 2.0, 2.6], 15) + rng.normal(0, 0.12, 15)):
        ray = (X - rng.uniform(60, 580) + 1j * (Y - rng.uniform(40, 440))) * np.exp(-1j * angle)
        cell |= (ray.imag > 0).astype(int) << bit
    cell = cell * 7919 % 1021
    moved = X + 1j * Y + (rng.normal(0, 8, (1021, 2)) @ [1, 1j])[cell]
    picture = at(scene, moved) * rng.normal(1, 0.13, (1021, 1))[cell]
    dark = palette("241c22")
    for angle, x, y, length, width in rng.uniform([0, 0, 0, 40, 16], [6.28, WIDTH, HEIGHT, 120, 55], (170, 5)):
        part = around(x, y, length)
        ray = (X[part] - x + 1j * (Y[part] - y)) * np.exp(-1j * angle)
        inside = np.clip(np.minimum(ray.real, width - 0.25 * ray.real - np.abs(ray.imag)) + 0.5, 0, 1)[..., None]
        away, window = ray.real[..., None] / length, picture[part]
        tone = scene[int(y), int(x)] * rng.choice([0.35, 0.5, 1.25, 1.45]) + rng.normal(0, 14, 3)
        window += 0.8 * inside * np.clip(1 - away, 0, 1) * (tone - window)
        window += 0.7 * inside * np.clip(1.6 - ray.real[..., None], 0, 1) * (dark - window)
    angle = rng.choice([0.1, 0.5, -0.4, 1.2], 1021)[cell]
    cos, sin = np.cos(angle), np.sin(angle)
    side, position, own = hatch(rng, X * cos + Y * sin, Y * cos - X * sin + 3 * noise(rng, 30), 17, 5.5)
    picture *= (0.86 + 0.3 * own - 0.5 * side**2 + 0.1 * position + 0.25 * noise(rng, 300))[..., None]
    picture += 0.5 * borders(cell, 0.8)[..., None] * (dark - picture)
    return finish(on_canvas(picture, zoom=1), 0.5)


def still_life(rng: Rng) -> Floats:
    """A guitar, a bottle and fruit on a table."""
    scene = ramp("6f8f9a b9b094 dcc898 9a8a74", X / WIDTH + 0.6 * noise(rng, 5))
    lie = (X - 300 + 1j * (Y - 250)) * np.exp(0.6j)
    strings = (np.abs(lie.imag % 5 - 2.5) < 0.8) & (np.abs(lie.imag) < 12) & (np.abs(lie.real + 80) < 220)
    body = np.minimum(np.abs(lie - 95) - 92, np.abs(lie + 25) - 68)
    for inside, colours, position in [
        (Y > 300 - 0.12 * X, "8a5a3a b07a45 5a3a2e", (Y - 250) / 200 + noise(rng, 6)),
        ((np.abs(X - 500) < 48 - 30 * (Y < 190)) & (Y > 90) & (Y < 390), "1f3f3a 3f6f5a a9c0a0", (X - 450) / 100),
        ((np.abs(X - 500) < 44) & (np.abs(Y - 290) < 42), "e9dcb5 d9c08a", (Y - 250) / 80),
        (np.maximum(np.abs(lie.imag) - 13, np.abs(lie.real + 170) - 160) < 0, "2a2020 5a3f30", lie.imag / 30 + 0.5),
        (body < 0, "f0c070 d9923f 9a5a28", -body / 90),
        (np.abs(lie + 5) < 30, "1f1818 4a2f22", np.abs(lie + 5) / 30),
        (strings, "f5e8c0 fff8e0", Y / HEIGHT),
        (np.hypot(X - 110, Y - 380) < 42, "e8b03a c9502a 7a2a2a", np.hypot(X - 95, Y - 362) / 60),
        (np.hypot(X - 185, Y - 410) < 38, "b9c05a 6f8f3f 3a4f30", np.hypot(X - 172, Y - 395) / 56),
        (np.hypot(X - 575, Y - 420) < 46, "d8704a a93a30 5a2228", np.hypot(X - 560, Y - 402) / 62),
    ]:
        scene = np.where(inside[..., None], ramp(colours, position), scene)
    return scene
