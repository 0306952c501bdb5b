"""Flicker and brightness of frames that are known."""

import math

import numpy as np
import pytest
import torch
from PIL import Image

from stx.measures.flicker import brightness, flicker
from stx.pictures.images import to_tensor

STILL = torch.zeros(2, 12, 16)
EVERYWHERE = torch.ones(12, 16, dtype=torch.bool)


def noise(seed: int) -> torch.Tensor:
    return torch.rand(3, 12, 16, generator=torch.Generator().manual_seed(seed))


def test_it_is_the_root_mean_square_over_what_both_show() -> None:
    before, frame, seen = noise(0), noise(1), noise(2)[0] > 0.4
    apart = [
        (float(frame[channel, row, column]) - float(before[channel, row, column])) ** 2
        for channel in range(3)
        for row in range(12)
        for column in range(16)
        if seen[row, column]
    ]
    assert flicker(frame, before, STILL, seen) == pytest.approx(math.sqrt(sum(apart) / len(apart)), rel=1e-6)


def test_a_film_that_only_moves_does_not_flicker_and_one_whose_frames_differ_does() -> None:
    before = noise(0)
    moved = torch.roll(before, 2, dims=2)
    back = STILL - torch.tensor([2.0, 0.0]).view(2, 1, 1)
    seen = EVERYWHERE.clone()
    seen[:, :2] = False
    assert flicker(moved, before, back, seen) == pytest.approx(0, abs=1e-6)
    assert flicker(moved + 0.1, before, back, seen) == pytest.approx(0.1, rel=1e-4)
    assert flicker(moved, before, STILL, seen) > 0.2
    assert math.isnan(flicker(moved, before, back, ~EVERYWHERE))


def test_brightness_is_the_mean_of_the_luma_that_pillow_takes() -> None:
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 30, 3), np.uint8))
    expected = np.asarray(picture.convert("L")).mean() / 255
    assert brightness(to_tensor(picture, picture.size)) == pytest.approx(expected, abs=0.5 / 255)
