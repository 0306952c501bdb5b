"""Total variation, and two other priors on differences, against loops."""

import math
from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import Tensor

from stx.stats import anisotropic_variation, nine_point_variation, total_variation

of_mean = partial(anisotropic_variation, reduction="mean")


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


def naive_absolute(picture: Tensor) -> float:
    _, height, width = picture.shape
    total = 0.0
    for y in range(height):
        for x in range(width):
            for channel in range(3):
                here = float(picture[channel, y, x])
                total += abs(float(picture[channel, y + 1, x]) - here) if y + 1 < height else 0
                total += abs(float(picture[channel, y, x + 1]) - here) if x + 1 < width else 0
    return total / (height * width)


def naive_of_nine(picture: Tensor) -> float:
    """Each direction's squares by its own count: along diagonals one more row and column, beyond the edges."""
    _, height, width = picture.shape

    def at(channel: int, y: int, x: int) -> float:
        return float(picture[channel, min(max(y, 0), height - 1), min(max(x, 0), width - 1)])

    straight = falling = rising = 0.0
    for channel in range(3):
        for y in range(height):
            for x in range(width):
                straight += (at(channel, y, x + 1) - at(channel, y, x)) ** 2
                straight += (at(channel, y + 1, x) - at(channel, y, x)) ** 2
        for y in range(-1, height):
            for x in range(-1, width):
                falling += (at(channel, y + 1, x + 1) - at(channel, y, x)) ** 2
                rising += (at(channel, y + 1, x) - at(channel, y, x + 1)) ** 2
    diagonal = (falling + rising) / (3 * (height + 1) * (width + 1))
    return 2 * (straight / (3 * height * width) / 3 + diagonal / 12)


@pytest.mark.parametrize(("prior", "naive"), [(of_mean, naive_absolute), (nine_point_variation, naive_of_nine)])
@pytest.mark.parametrize("size", [(5, 7), (1, 4), (4, 1), (1, 1)])
def test_differences_are_what_loops_say(
    prior: Callable[[Tensor], Tensor], naive: Callable[[Tensor], float], size: tuple[int, int]
) -> None:
    picture = torch.rand(3, *size, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert float(prior(picture)) == pytest.approx(naive(picture))


@pytest.mark.parametrize("prior", [of_mean, nine_point_variation])
def test_a_flat_picture_has_no_differences_and_no_slope(prior: Callable[[Tensor], Tensor]) -> None:
    picture = torch.full((3, 4, 5), 0.5, dtype=torch.float64, requires_grad=True)
    variation = prior(picture)
    variation.backward()  # type: ignore[no-untyped-call]
    assert float(variation.detach()) == 0
    assert picture.grad is not None
    assert picture.grad.abs().max() == 0


@pytest.mark.parametrize("prior", [of_mean, nine_point_variation])
def test_a_larger_picture_of_the_same_texture_has_the_same_variation(prior: Callable[[Tensor], Tensor]) -> None:
    tile = torch.rand(3, 16, 16, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert float(prior(tile.repeat(1, 4, 4))) == pytest.approx(float(prior(tile.repeat(1, 8, 8))), rel=0.02)


def test_a_sum_of_differences_is_the_mean_times_the_pixels() -> None:
    picture = torch.rand(3, 5, 7, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    assert float(anisotropic_variation(picture, reduction="sum")) == pytest.approx(35 * float(of_mean(picture)))
