"""What is laid, woven and combed: mosaic, cloth, marbled paper."""

import numpy as np
from PIL import Image, ImageFilter

from stx.pictures.painters.canvas import HEIGHT, WIDTH, ZOOM, Y, at, finish, grid, noise, on_canvas, palette


def mosaic(seed: int) -> Image.Image:
    """Tesserae of glass, stone and gold, laid in rings around several centres on dark grout."""
    rng = np.random.default_rng(seed)
    glass = palette("16306e 1f5aa6 2b9aa3 7cc7b0 f2e6c4 e2b23c b8791f b5452c 7a1f2e 2a2040")
    y, x = grid()
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
    # One entry per tile: colours change from ring to ring, and now and then the mason took another one.
    kind = rng.integers(0, 10, (12, 1, 1)) + rng.integers(1, 4, (12, 1, 1)) * np.arange(64)[:, None]
    stray = np.where(rng.random((12, 64, 256)) < 0.12, rng.integers(1, 10, (12, 64, 256)), 0)
    kind = (kind + stray).ravel() % 10
    shade = glass[kind] * rng.normal(1, 0.13, (len(kind), 1)) + rng.normal(0, 9, (len(kind), 3))
    tilt = rng.normal(0, 60, (2, len(kind)))[:, tile]
    gleam = tilt[0] * (across - 0.5) + tilt[1] * (around - 0.5) + 40 * noise(rng, 160, ZOOM)
    colours = np.where(grout[..., None], (38.0, 33.0, 36.0), shade[tile] + gleam[..., None])
    return finish(on_canvas(colours, zoom=1), 0.5)


def weave(seed: int) -> Image.Image:
    """Cloth of thick yarn: stepped diamonds and zigzags between striped borders, warp over weft and under."""
    rng = np.random.default_rng(seed)
    y, x = grid()
    yarn = palette("f1e4c3 b5332a 24406e d9962f 3f6b4f 7a2436 1f1c26 d98a6a 6f9fae")
    pull = [5 * noise(rng, 5, ZOOM) + 1.6 * noise(rng, 60, ZOOM) for _ in "xy"]
    (column, across), (row, down) = np.divmod((x + pull[0]) / 5 + 8, 1), np.divmod((y + pull[1]) / 5 + 8, 1)
    column, row = column.astype(int), row.astype(int)
    i, j = np.arange(120)[:, None], np.arange(150)
    band, within = np.divmod(i + rng.integers(0, 24), 24)
    period = rng.integers(9, 14, 12)[band]
    fold = np.abs(j % (2 * period) - period)
    steps = (fold // 2 + np.abs(within - 12) // 2 * np.where(band % 2, 1, 2)) // 2 + band
    zigzag = (fold + within) // 3 + 2 * band
    motif = np.where(band % 3 == 1, zigzag, steps)
    dye = rng.permuted(np.tile(np.arange(9), (12, 1)), axis=1)[band, motif % 7]
    dye = np.where(within < 2, 6, np.where(within < 4, band % 5, dye))
    over = (row + column + 2 * (motif[row, column] % 2)) % 4 < 1
    weft = dye[row, column]
    warp = np.where(column % 6 < 1, 3, weft)
    side, along = np.asarray(np.where(over, across, down)), np.asarray(np.where(over, down, across))
    twist = 0.1 * np.sin(2 * np.pi * (2 * along + 1.5 * side)) + 0.35 * noise(rng, 320, ZOOM)
    light = (0.55 + 0.75 * np.sin(np.pi * side) ** 0.7 + twist) * (0.7 + 0.36 * np.sin(np.pi * along) ** 0.5)
    light *= rng.normal(1, 0.09, 400)[np.where(over, column, row + 200)]
    return finish(on_canvas(yarn[np.where(over, warp, weft)] * light[..., None], zoom=1), 0.3)


def marbling(seed: int) -> Image.Image:
    """Marbled paper: floating inks drawn out by a rake, combed into feathers and curled with a stylus."""
    rng = np.random.default_rng(seed)
    y, x = grid()
    for _ in range(5):  # the last tool first: we look for where the ink of each pixel came from
        arm = x + 1j * y - complex(rng.uniform(60, 580), rng.uniform(60, 420))
        turned = arm * np.exp(5j * rng.choice([-1, 1]) * np.exp(-np.abs(arm) / 26))
        x, y = x + (turned - arm).real, y + (turned - arm).imag
    y = y + 40 * 0.84 ** (np.abs((x / 21 + rng.random()) % 1 - 0.5) * 21)  # the fine comb, downwards
    for phase, pull in enumerate([55, -55]):  # the rake, there and back
        x = x + pull * 0.95 ** (np.abs((y / 96 + rng.random() / 4 + phase / 2) % 1 - 0.5) * 96)
    field = 3.5 * noise(rng, 11) + 1.2 * noise(rng, 30) + Y / 130
    x, y = WIDTH - np.abs(x % (2 * WIDTH) - WIDTH), HEIGHT - np.abs(y % (2 * HEIGHT) - HEIGHT)  # mirrored outside
    level = at(field, x + 1j * y)
    inks = palette("1d2f5a f3e9d2 a32c2c e2b04a f3e9d2 2f6f78 16203a d9683c 8fb0a0")
    band, within = np.divmod(level * 3, 1)
    colours = inks[band.astype(int) % 9] * (1.04 - 0.12 * within + 0.16 * noise(rng, 220, ZOOM))[..., None]
    return finish(on_canvas(colours, zoom=1), 0.15)
