"""Pictures on paper that shows through: pen and ink, wax crayon, watercolour."""

import numpy as np
from PIL import Image

from stx.pictures.painters.canvas import (
    HEIGHT,
    WIDTH,
    Floats,
    Rng,
    X,
    Y,
    around,
    blur,
    borders,
    finish,
    hatch,
    noise,
    on_canvas,
    ramp,
)


def hatching(seed: int) -> Image.Image:
    """Hills, trees and ploughed fields in pen and ink: cross-hatched, the darker the more layers of strokes."""
    rng = np.random.default_rng(seed)
    tone, angle, region = woodland(rng)
    ink = borders(region, 0.75) * (0.8 + noise(rng, 50))
    bend = np.where(region > 6, 7, 2) * noise(rng, 110) + 7 * noise(rng, 20)
    for turn, least, spacing in [(0, 0.1, 4.2), (0.75, 0.36, 3.8), (-0.65, 0.54, 3.5), (1.4, 0.72, 3.3)]:
        cos, sin = np.cos(angle + turn), np.sin(angle + turn)
        side, position, own = hatch(rng, X * cos + Y * sin, Y * cos - X * sin + bend, 30, spacing)
        width = np.clip((tone - least - 0.14 * own) * 2, 0, 0.2) * (1.2 - position) + 0.06
        line = np.clip((width - side) * spacing + 0.5, 0, 1) * (tone > least + 0.14 * own)
        ink = np.maximum(ink, line)
    paper = ramp("e0cda4 efe1bf f8efd8", 0.6 + 0.7 * noise(rng, 7) + 0.6 * noise(rng, 190))
    colour = ramp("35588a 2f4468 2a4a40 6a3218 3a2014 1c1512", Y / HEIGHT + 0.3 * noise(rng, 9))
    return finish(on_canvas(paper + (ink * 0.94)[..., None] * (colour - paper), zoom=1), 0)


def woodland(rng: Rng) -> tuple[Floats, Floats, Floats]:
    """Hills and trees: how dark each pixel is, in which direction it is hatched, and to which of them it belongs."""
    tone, angle, region = 0.42 - Y / 700 + 0.45 * noise(rng, 7), np.full_like(X, 0.15), np.zeros_like(X)
    for layer, base in enumerate([150, 195, 245, 300, 375]):
        ridge = (base + 130 * noise(rng, 3 + layer))[:1] + 8 * noise(rng, 40)
        depth, furrow = Y - ridge, np.sin((X - 320) / (4 + Y / 60) + 0.05 * Y)
        shade = 0.38 + 4 * blur(np.gradient(ridge, axis=1) * 0.2 + 0.5, 9) - 2 + 0.35 * noise(rng, 12) + 0.14 * furrow
        tone = np.where(depth > 0, np.clip(shade + 0.25 * np.exp(-depth / 25), 0.14 + 0.1 * furrow, 0.9), tone)
        angle[depth > 0], region[depth > 0] = [0.9, -0.6, 0.45, -0.3, 0.2][layer], layer + 1
    ragged = 0.1 * noise(rng, 90)
    tufts = [-0.1 + 2.5j, -0.6 + 1.9j, 0.6 + 2j, 1.9j, -0.75 + 1.35j, 0.8 + 1.4j, -0.2 + 1.3j, 0.3 + 1.2j]
    for foot in np.sort(rng.uniform(215, 450, 20)):
        x, size = rng.uniform(0, WIDTH), foot / 5.5 - 22
        part = around(x, foot - size, 4 * size)
        right, up = (X[part] - x) / size, (foot - Y[part]) / size
        tone[part] += 0.35 * (np.hypot((right - 0.9) / 1.6, up * 6) < 1)
        trunk = (np.abs(right - 0.1 * np.sin(3 * up)) < 0.1 + 0.08 * np.exp(-9 * up)) & (up > 0) & (up < 1.6)
        tone[part][trunk], angle[part][trunk], region[part][trunk] = 0.85 + 2 * right[trunk], 1.4, foot
        for place in tufts:
            arm = right + 1j * up - place + rng.normal(0, 0.08)
            tuft = np.abs(arm) < 0.5 + 0.06 * np.sin(9 * np.angle(arm) + rng.uniform(0, 6)) + ragged[part]
            shade = 0.45 + 0.5 * (arm.real - arm.imag) + 0.2 * (place.real - place.imag + 2)
            tone[part][tuft], angle[part][tuft], region[part][tuft] = shade[tuft], 2.2 + place.real, foot + place.real
    return tone, angle, region


def crayon(seed: int) -> Image.Image:
    """A house, a tree and the sun in wax crayon on rough paper, whose grain shows through every stroke."""
    rng = np.random.default_rng(seed)
    scene, angle = meadow(rng)
    grain = noise(rng, 300) + 0.8 * noise(rng, 150)
    picture = ramp("efe6d2 f7f1e3", 0.5 + grain)
    for turn, spacing, pressure in [(0, 9, 0.22), (0.5, 8, 0.0), (-0.25, 6, -0.08)]:
        cos, sin = np.cos(angle + turn), np.sin(angle + turn)
        bend = 10 * noise(rng, 14) + 3 * noise(rng, 60)
        side, _, own = hatch(rng, X * cos + Y * sin, Y * cos - X * sin + bend, 70, spacing)
        wax = np.clip((pressure + 0.5 * own - 1.1 * side + 0.9 * grain) * 4, 0, 0.93)[..., None]
        tint = 40 * (rng.random((512, 3)) - 0.5)  # one crayon after another
        picture += wax * (scene * (0.72 + 0.5 * own[..., None]) + tint[(own * 512).astype(int)] - picture)
    return finish(on_canvas(picture, zoom=1), 0.3)


def meadow(rng: Rng) -> tuple[Floats, Floats]:
    """What a child draws first: its colours, and the directions in which they are laid on."""
    scene, angle = ramp("3f86c9 6fb0dd a9d6e6", Y / 230 + 0.3 * noise(rng, 7)), 0.35 + 0.5 * noise(rng, 4)
    sun, tree = X - 535 + 1j * (Y - 85), X - 130 + 1j * (Y - 165)
    toward, wall, ground = np.angle(sun), np.abs(X - 400), noise(rng, 3)
    crown = np.abs(tree) - 84 - 8 * np.sin(8 * np.angle(tree) + 2) + 14 * noise(rng, 20)
    flowers = np.where(Y > 350, noise(rng, 44), 0)
    for inside, colours, position, direction in [  # from back to front
        ((np.abs(sun) < 105) & (np.cos(12 * toward) > 0.25), "f7d23e f2a33a", np.abs(sun) / 105, toward),
        (np.abs(sun) < 52, "fbe04a f08c2e", np.abs(sun) / 60, toward + np.pi / 2),
        (225 - 90 * noise(rng, 4) < Y, "5b7fb5 6aa58a 3f8f6a", (Y - 190) / 80, -0.35),
        (285 - 70 * ground < Y, "8cc152 5ea23f 2f7d3a", (Y - 270) / 210 + noise(rng, 9), 0.5 + 1.4 * ground),
        (flowers > 0.2, "e83a5a f7c83a e86ab0 d8323a", 0.5 + 3 * ground, 1.0),
        ((wall < 85) & (np.abs(Y - 295) < 60), "f3d9a0 e9b877 d99a5b", (Y - 235) / 120, 1.5),
        (np.maximum(0.8 * wall + 150 - Y, Y - 245) < 0, "e2483a b92d30 8f2430", (Y - 150) / 95, 0.9),
        ((np.abs(X - 430) < 18) & (np.abs(Y - 320) < 36), "5a3a7a 7b4f9d", (Y - 288) / 70, 1.5),
        ((np.abs(X - 370) < 20) & (np.abs(Y - 288) < 18), "2f5fa8 8fd0e8", (Y - 268) / 35, 0.2),
        ((np.abs(tree.real - 6 * np.sin(Y / 20)) < 17) & (np.abs(Y - 290) < 70), "5d3a22 8a5a30", tree.real / 40, 1.5),
        (crown < 0, "a8cf45 4f9a3c 1f6b3f", 0.6 + tree.real / 260 + 1.2 * noise(rng, 16), 1.2 + 2 * ground),
    ]:
        scene, angle = np.where(inside[..., None], ramp(colours, position), scene), np.where(inside, direction, angle)
    return scene, angle


def watercolour(seed: int) -> Image.Image:
    """A lake below misty mountains in transparent washes, dark where they dried last, grainy on cold-pressed paper."""
    rng = np.random.default_rng(seed)
    grain = noise(rng, 320) + 0.6 * noise(rng, 170)
    picture = ramp("e2d7c0 fffdf8", 0.6 + 1.2 * grain)
    ripple = (Y > 265) * (5 * np.sin(Y / 2.5 + 9 * noise(rng, 9)) + 4 * np.sin(Y / 5))
    level = np.where(Y > 265, 530 - Y - 0.2 * (Y - 265), Y) + ripple  # a lake mirrors what stands above it

    def wash(inside: Floats, colours: str, strength: Floats | float) -> None:
        """Lay transparent colour where `inside`, in pixels from the edge, is above 0; it pools here and there."""
        pools = noise(rng, 7) + 0.7 * noise(rng, 20) + 0.4 * noise(rng, 60)
        shape = np.clip(inside + 6 * noise(rng, 60) + 5 * noise(rng, 160), 0, 1)
        rim = shape * (2.2 - blur(shape, 4) - 1.2 * blur(shape, 1.5))
        load = 0.85 * strength * shape * np.clip(0.8 + 0.9 * pools + 1.1 * grain, 0.1, 2.5) + 0.45 * rim
        picture[:] *= (ramp(colours, 0.5 + pools) / 255) ** load[..., None]

    wash(np.full_like(X, 9), "fbe0b0 f9c9a8 e8cce0", 0.6)
    wash(130 - level + 260 * noise(rng, 5), "5f9cdc 86c0ea a9d4ee", np.clip(0.85 - level / 240, 0.1, 1))
    for layer, colours in enumerate(["9fa4d8 c0b0dc", "7a94cc a898c8", "6a9eb0 94bca8 ccc080", "5a9a66 a4b850 e4a848"]):
        ridge = (90 + 40 * layer + (170 - 30 * layer) * noise(rng, 5 + 3 * layer))[:1]
        depth = level - ridge - (5 + 6 * layer) * noise(rng, 50)
        wash(np.minimum(depth, np.abs(Y - 265) - 1.5), colours, 0.1 + 0.85 * np.exp(-np.abs(depth) / 30))
    gaps = 80 * noise(rng, 9) + 9 * np.sin(Y / (1 + Y / 160) + 6 * noise(rng, 12)) + (Y - 370) / 9
    wash(np.minimum(Y - 268, gaps), "5fa8d0 8fccd0 6a9acc", 0.6)
    wash(Y - 425 - 40 * np.cos(X / 100) + 30 * noise(rng, 9), "9fb84a d0b850 7a9a5a", 0.8)
    for x, colours in [(36, "f08a3a f6c050 e0583a"), (596, "e8685a f4a870 cc4a60")]:
        trunk = np.minimum(3 + Y / 120 - np.abs(X - x - 7 * np.sin(Y / 40)), np.minimum(Y - 170, 440 - Y))
        wash(trunk, "6a4a40 8a5a58", 0.9)
        for size in (20, 34, 50):
            crown = 105 - np.hypot(X - x, (Y - 195) / 1.3) - 10 * size**0.5
            wash(np.minimum(crown + 60, 70 * noise(rng, size) + crown / 12), colours, 0.55)
    for _ in range(2):
        wash(np.minimum(Y - 432 - 40 * np.cos(X / 100), 60 * noise(rng, 40) - 8), "5a7a3a b8803a e0685a", 0.55)
    return finish(on_canvas(picture, zoom=1), 0.4)
