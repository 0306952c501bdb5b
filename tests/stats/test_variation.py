"""Total variation against loops."""

import math

import pytest
import torch
from torch import Tensor

from stx.stats import total_variation


def naive(picture: Tensor, power: float, smoothing: float) -> float:
    _, height, width = picture.shape
    total = 0.0
    for y in range(height):
        for x in range(width):
            squared = smoothing**2
            for channel in range(3):
                here = float(picture[channel, y, x])
                squared += (float(picture[channel, y + 1, x]) - here) ** 2 if y + 1 < height else 0
                squared += (float(picture[channel, y, x + 1]) - here) ** 2 if x + 1 < width else 0
            total += squared ** (power / 2)
    return total / (height * width)


@pytest.mark.parametrize("power", [1.0, 1.5, 2.0])
@pytest.mark.parametrize("size", [(5, 7), (1, 4), (4, 1)])
def test_it_is_what_loops_say(power: float, size: tuple[int, int]) -> None:
    picture = torch.rand(3, *size, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert float(total_variation(picture, power=power, smoothing=0.01)) == pytest.approx(naive(picture, power, 0.01))


def test_a_flat_picture_has_no_slope_to_descend() -> None:
    picture = torch.full((3, 4, 5), 0.5, dtype=torch.float64, requires_grad=True)
    variation = total_variation(picture, power=1.0, smoothing=0.01)
    variation.backward()  # type: ignore[no-untyped-call]
    assert float(variation.detach()) == pytest.approx(0.01)
    assert picture.grad is not None
    assert float(picture.grad.abs().max()) == 0
    assert not math.isnan(float(picture.grad.sum()))
