"""Steps across a picture's edges, over those inside."""

import math

import pytest
import torch

from stx.measures.wrap import wrap


def waves(periods: float, size: int = 64) -> torch.Tensor:
    """(3, H, W) in [0, 1]; of whole periods a tile."""
    at = torch.arange(size, dtype=torch.float64) * 2 * math.pi * periods / size
    return (0.5 + 0.25 * (at.sin()[:, None] + at.cos())).expand(3, -1, -1)


def test_a_tile_has_about_one() -> None:
    assert wrap(waves(3)) == pytest.approx(1, abs=0.3)  # its phase at the edge is one of many


def test_noise_begins_nowhere() -> None:
    assert wrap(torch.rand(3, 128, 128, generator=torch.Generator().manual_seed(0))) == pytest.approx(1, abs=0.1)


def test_a_slope_has_its_whole_height_at_the_wrap() -> None:
    slope = torch.linspace(0, 1, 101, dtype=torch.float64).expand(3, 4, -1)
    inside, across = 0.01**2 * 100 * 4 / (100 * 4 + 101 * 3), 4 / (4 + 101)
    assert wrap(slope) == pytest.approx(math.sqrt(across / inside))


def test_a_flat_picture_has_one() -> None:
    assert wrap(torch.full((3, 4, 5), 0.5)) == 1
