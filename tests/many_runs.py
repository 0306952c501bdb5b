"""Folders as runs leave them, by the hundred: their records and files are real, their pictures are painted here."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from stx.config.compose import composition
from stx.runs import identity
from stx.runs.identity import Identity

HOSTILE = "</script><script>alert(1)</script><!-- \u2028 <img src=x onerror=alert(2)> & \"'"
STATISTICS = ("gram", "mean_std", "cooc_gram")
STEPS = 500


def picture(seed: int, size: tuple[int, int]) -> Image.Image:
    """As hard to compress as brush strokes are: noise, blurred a little."""
    width, height = size
    pixels = np.random.default_rng(seed).integers(0, 256, (height // 4, width // 4, 3), np.uint8)
    return Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC)


def record(number: int, outcome: str = "finished", **changed: Any) -> Identity:
    overrides = [f"style_stat={STATISTICS[number % 3]}", f"seed={number}", "model=vgg19_random", "tracking=none"]
    composed = composition(overrides)
    config = composed.config.model_dump(mode="json", by_alias=True) | changed
    return Identity(f"{number:032x}", overrides, composed.choices, config, {}, {}, outcome=outcome)


def folder(parent: Path, number: int, size: tuple[int, int], along: int = 0, **how: Any) -> Path:
    """A run's."""
    place = parent / f"{number}"
    (place / "pictures").mkdir(parents=True)
    identity.write(place, record(number, **how))
    picture(number % 2, size).save(place / "content.png", compress_level=1)
    picture(2 + number % 3, size).save(place / "style.png", compress_level=1)
    picture(10 + number, size).save(place / "output.png", compress_level=1)
    for step in range(along):
        at = STEPS * step // max(1, along - 1)
        picture(10_000 + 100 * number + step, size).save(place / "pictures" / f"step-{at:06d}.png", compress_level=1)
    falling = [1e6 * (number + 1) / step**1.5 for step in range(1, STEPS + 1)]
    lines = [f"{step},{loss},{0.4 * loss},{0.6 * loss}" for step, loss in enumerate(falling, 1)]
    (place / "losses.csv").write_text("\n".join(["step,loss/total,loss/content,loss/style", *lines]) + "\n")
    measures = {"content": 0.3 + number / 1000, "sliced_wasserstein": 1 / (1 + number)}
    (place / "measures.json").write_text(json.dumps(measures))
    return place
