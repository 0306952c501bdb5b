"""Prints: from the block, of dots, and of flat colours within lines."""

import numpy as np
from PIL import Image

from stx.pictures.painters.canvas import (
    ZOOM,
    Floats,
    X,
    Y,
    around,
    borders,
    enlarge,
    finish,
    grid,
    noise,
    on_canvas,
    palette,
    ramp,
)


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


def halftone(seed: int) -> Image.Image:
    """Balloons over hills, printed in dots of four inks whose screens are turned against each other."""
    rng = np.random.default_rng(seed)
    scene = ramp("2f9fd8 8fd3e6 fdf0c0 f9b96a", Y / 330 + 0.25 * noise(rng, 6))
    for layer, colours in enumerate(["8f7fc0 c9a0c0", "3f9f8f a9cf7a", "2f7f4f d9d05a", "1f4f5f 4f9f4f"]):
        depth = Y - 270 - 48 * layer - 150 * noise(rng, 3 + layer)
        scene = np.where((depth > 0)[..., None], ramp(colours, depth / 80 + 0.8 * noise(rng, 12)), scene)
    gores = palette("e8322f fbd234 f7f3e0 2a4fb0 f2802a d8307a 1f8f8f")
    balloons = [(150, 150, 92), (455, 120, 66), (330, 255, 48), (570, 275, 56), (60, 330, 34), (425, 345, 30)]
    for x, y, radius in balloons + rng.normal(0, [16, 10, 3], (6, 3)):
        narrow = 1 - 0.42 * np.clip((Y - y) / radius, 0, 1.35) ** 1.6
        across = (X - x) / radius / narrow
        inside = (np.hypot(across, np.minimum((Y - y) / radius, 0)) < 1) & (y + 1.32 * radius > Y)
        turn = np.arcsin(np.clip(across, -1, 1)) * 8 / np.pi + rng.integers(4, 11)
        stripe = np.where(np.abs((Y - y) / radius - 0.1) < 0.16, turn + 1, turn).astype(int)
        light = 1.12 - 0.55 * np.clip(across + 0.25, 0, 2) ** 2 - 0.2 * (Y - y) / radius
        scene = np.where(inside[..., None], gores[stripe % 7] * light[..., None], scene)
        basket = (np.abs(X - x) < radius * 0.16) & (np.abs(Y - y - 1.72 * radius) < radius * 0.13)
        ropes = (np.abs(np.abs(X - x) - radius * 0.2) < 1.2) & (np.abs(Y - y - 1.45 * radius) < radius * 0.16)
        scene[basket], scene[ropes] = (110, 60, 30), (60, 40, 40)
    y, x = grid()
    ink = 1 - np.clip(scene, 0, 255) / 255
    black = ink.min(2, keepdims=True) ** 1.5
    inks = np.dstack([ink - 0.8 * black, black])
    picture = ramp("efe4c6 f8f0da", 0.5 + noise(rng, 200, ZOOM))
    for plate, (angle, colour) in enumerate([(0.26, "10a0dc"), (1.31, "e0207a"), (0.02, "fbdc10"), (0.785, "1a1824")]):
        amount = enlarge(inks[..., plate])
        shift = rng.normal(0, 1.2, 2)  # no press registers exactly
        u, v = (x + shift[0]) * np.cos(angle) + y * np.sin(angle), (y + shift[1]) * np.cos(angle) - x * np.sin(angle)
        screen = 0.5 + 0.25 * (np.cos(2 * np.pi / 6.5 * u) + np.cos(2 * np.pi / 6.5 * v))
        dot = np.clip((amount * 1.1 - screen) * 5 + 0.5, 0, 1) * (0.92 + 0.3 * noise(rng, 150, ZOOM))
        picture *= 1 - dot[..., None] * (1 - palette(colour) / 255)
    return finish(on_canvas(picture, zoom=1), 0)


def outlines(seed: int) -> Image.Image:
    """A sun, hills and flowers in flat bright panes, each within a thick dark line."""
    rng = np.random.default_rng(seed)
    y, x = grid()
    heaven = "fff0a0 ffd23a f9a02f ef6a3a e04a6a b85ac0 6a6ad8 3f8fe0 43b8e8 8fdcf0"
    paint = palette(heaven + " 2f9f6a 7fc04a c8d84a 1f6f7a f4f0e0 d8323a")
    arm = x + 1j * y - complex(rng.uniform(380, 500), rng.uniform(110, 150))
    ring = (np.abs(arm) + 14 * noise(rng, 9, ZOOM)) / 34
    ring, disc = ring.astype(int), ring < 1.3
    ray = ((np.angle(arm) * 30 / (2 * np.pi) + 0.5 * (ring % 2)) % 30).astype(int)
    region = np.where(disc, 1, 40 * ring + ray)
    kind = np.where(disc, 0, np.minimum(ring + (ray % 3 == 0), 9))
    for layer in range(4):
        depth = y - 225 - 58 * layer - 150 * noise(rng, 4 + layer, ZOOM)
        row = (depth / (22 + 4 * layer)).astype(int)
        column = ((x + depth * (1 - 0.6 * layer)) / (34 + 8 * layer)).astype(int)
        region = np.where(depth > 0, 2000 + 1000 * layer + 40 * row + column % 37, region)
        kind = np.where(depth > 0, np.array([6, 13, 10, 11])[layer] + (row + column) % 2, kind)
    for i in range(13):
        centre, size = complex(52 * i + rng.uniform(-15, 25), rng.uniform(315, 440)), rng.uniform(30, 50)
        part = around(centre.real, centre.imag, 150, ZOOM)
        arm = (x[part] + 1j * y[part] - centre) / size
        petal = (np.angle(arm) / (2 * np.pi) + 0.5) * rng.integers(7, 12)
        reach = 0.72 + 0.28 * np.abs(np.sin(np.pi * petal)) ** 0.6
        stem = (np.abs(arm.real - 0.15 * np.sin(5 * arm.imag)) < 0.09) & (arm.imag > 0)
        for inside, number, hue in [
            (stem, 0, 10),
            (np.abs(arm) < reach, 1 + petal.astype(int), rng.choice([14, 3, 4, 1, 15, 5])),
            (np.abs(arm) < 0.34, 30, 2),
            (np.abs(arm) < 0.16, 31, 15),
        ]:
            np.copyto(region[part], 7000 + 40 * i + number, where=inside)
            np.copyto(kind[part], hue, where=inside)
    shade = rng.normal(1, 0.09, 8000)[region] + 0.14 * noise(rng, 160, ZOOM) + 0.12 * noise(rng, 12, ZOOM)
    line = np.maximum(borders(region, 2.2), borders(kind, 2.6))
    gleam = np.pad(40 * borders(region, 3.5), ((5, 0), (5, 0)))[:-5, :-5]
    colours = paint[kind] * shade[..., None] + gleam[..., None]
    return finish(on_canvas(colours + line[..., None] * (palette("17121f") - colours), zoom=1), 0.15)
