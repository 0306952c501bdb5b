"""Statistics of tiles against loops over positions that go round, and numpy's padding."""

import itertools
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import pad

from stx import stats
from stx.stats.hypercolumns import hypercolumns
from stx.stats.windows import box_mean
from stx.stats.wrapped import within, wrapped


def maps(channels: int = 3, height: int = 6, width: int = 5, seed: int = 0) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(channels, height, width, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("reach", [0, 1, 4, 5, 13])
@pytest.mark.parametrize("dimensions", [(-2, -1), (1,), (2,)])
def test_a_margin_is_numpys_wrap_however_far(reach: int, dimensions: tuple[int, ...]) -> None:
    widths = [(reach, reach) if axis in [d % 3 for d in dimensions] else (0, 0) for axis in range(3)]
    expected = np.pad(maps().numpy(), widths, mode="wrap")
    np.testing.assert_array_equal(wrapped(maps(), reach, dimensions).numpy(), expected)


def test_the_memory_format_stays() -> None:
    batch = maps()[None].to(memory_format=torch.channels_last)
    assert wrapped(batch, 2).is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize("radius", [0, 1, 3, 7])
def test_what_is_within_is_the_mean_window_of_ones(radius: int) -> None:
    assert within((6, 5), radius) == pytest.approx(
        float(box_mean(torch.ones(1, 6, 5, dtype=torch.float64), radius).mean())
    )
    squares = box_mean(torch.ones(1, 6, 5, dtype=torch.float64), radius).square()
    assert within((6, 5), radius, 2) == pytest.approx(float(squares.mean()))


@pytest.mark.parametrize("radius", [0, 1, 2, 7])
def test_windows_go_on_at_the_other_side(radius: int) -> None:
    expected = torch.zeros_like(maps())
    for down, across in itertools.product(range(-radius, radius + 1), repeat=2):
        expected += maps().roll((down, across), (1, 2)) / (2 * radius + 1) ** 2
    torch.testing.assert_close(box_mean(maps(), radius, wraps=True), expected)


@pytest.mark.parametrize("radius", [1, 7])
def test_their_gradient_is_their_own(radius: int) -> None:
    assert torch.autograd.gradcheck(lambda each: box_mean(each, radius, wraps=True), maps(2).requires_grad_())


def test_a_shifted_gram_counts_every_place() -> None:
    features = maps()
    expected = []
    for shift, dimension in itertools.product((0, 2, 9), (2, 1)):
        apart = min(shift, features.shape[dimension] - 1)
        products = torch.zeros(3, 3, dtype=torch.float64)
        for y, x in itertools.product(range(6), range(5)):
            far = features[:, (y + apart) % 6, x] if dimension == 1 else features[:, y, (x + apart) % 5]
            products += torch.outer(features[:, y, x], far) / 30
        expected.append(products)
    torch.testing.assert_close(stats.shift_gram(features, shifts=[0, 2, 9], wraps=True), torch.stack(expected))


def test_correlations_at_a_distance_count_every_place() -> None:
    features, reach = maps(2), 2
    expected = torch.zeros(2, 5, 3, dtype=torch.float64)
    for dy, dx in itertools.product(range(-2, 3), range(3)):
        shifted = features.roll((-dy, -dx), (1, 2))
        expected[:, dy + reach, dx] = (features * shifted).mean((1, 2))
    torch.testing.assert_close(stats.deep_correlations(features, reach=reach, wraps=True), expected)


def test_a_cooccurrence_of_a_tile_is_as_large_as_that_of_a_picture_that_ends() -> None:
    """Of features that are alike everywhere both are the same: what zeros take of one is taken of the other."""
    alike = torch.full((3, 6, 5), 0.5, dtype=torch.float64)
    settings = {"radius": 2, "threshold": "none", "centred": False}
    ended, tile = (stats.cooc_gram(alike, **settings, wraps=wraps) for wraps in (False, True))  # type: ignore[arg-type]
    torch.testing.assert_close(tile, ended)


@pytest.mark.parametrize("statistic", ["vector", "correlation"])
def test_so_are_other_means_over_windows(statistic: str) -> None:
    if statistic == "vector":
        features = torch.full((3, 6, 5), 0.5, dtype=torch.float64)
        settings = {"radius": 2, "threshold": "none", "window": "mean", "normalise": False}
        ended, tile = (stats.cooc_vector(features, **settings, wraps=wraps) for wraps in (False, True))  # type: ignore[arg-type]
        torch.testing.assert_close(tile, ended)
        return
    features = maps(height=200, width=200)  # of which chance leaves little
    ended, tile = (stats.correlation(features, floor=0.1, radius=1, wraps=wraps) for wraps in (False, True))
    torch.testing.assert_close(tile, ended, atol=3e-3, rtol=0)


COOC = {"radius": 1, "threshold": "mean", "window": "mean"}


def lines(features: Tensor) -> Tensor:
    return stats.directions_of_both(features, count=16, seed=0)


@pytest.mark.parametrize(
    ("statistic", "most"),
    [
        (lambda each, **told: stats.gram_cooc_vector(each, **COOC, normalise=False, **told), 0.02),
        (lambda each, **told: stats.gram_cooc_vector(each, **COOC, normalise=True, **told), 0.02),
        (lambda each, **told: stats.sliced_cooc(each, reference=lines(each), quantiles=8, radius=1, **told), 0.08),
        (
            lambda each, **told: stats.gaussian_cooc(
                each, reference=stats.axes_of_both(maps(8, 4, 4), radius=1), radius=1, **told
            ),
            0.08,
        ),
        (lambda each, **told: stats.deep_dc_cooc(each, radius=1, **told), 0.1),
    ],
    ids=["mean square", "mean square, normalised", "sliced", "gaussian", "channel distances"],
)
def test_of_a_small_tile_squares_and_distributions_are_about_what_they_are_with_edges(
    statistic: Callable[..., Tensor], most: float
) -> None:
    """On average over where it begins, at 4 x 4: 0.9, 0.08, and thrice 0.16 apart were windows not made smaller."""
    normal = torch.randn(8, 4, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    features = normal.clamp(min=0)
    begun = [features.roll(by, (1, 2)) for by in itertools.product(range(4), repeat=2)]
    ended = torch.stack([statistic(each) for each in begun]).mean(0)
    assert float((statistic(features, wraps=True) - ended).norm() / ended.norm()) < most


@pytest.mark.parametrize("normalise", [False, True])
def test_a_mean_square_of_what_is_alike_everywhere_is_that_with_edges(normalise: bool) -> None:
    alike = torch.full((3, 6, 5), 0.5, dtype=torch.float64)
    settings = {"radius": 2, "threshold": "none", "window": "mean", "normalise": normalise}
    ended, tile = (stats.gram_cooc_vector(alike, **settings, wraps=wraps) for wraps in (False, True))  # type: ignore[arg-type]
    torch.testing.assert_close(tile, ended)


def neighbours(picture: Tensor) -> tuple[Tensor, Tensor]:
    """Squared differences to the right and below, of all channels, at each pixel, from loops that go round."""
    _, height, width = picture.shape
    down, across = torch.zeros(height, width), torch.zeros(height, width)
    for y, x in itertools.product(range(height), range(width)):
        down[y, x] = (picture[:, (y + 1) % height, x] - picture[:, y, x]).square().sum()
        across[y, x] = (picture[:, y, (x + 1) % width] - picture[:, y, x]).square().sum()
    return down, across


@pytest.mark.parametrize("power", [1.0, 2.0])
def test_the_variation_of_a_tile_has_its_ends_as_neighbours(power: float) -> None:
    down, across = neighbours(maps())
    expected = (down + across + 1e-4).pow(power / 2).mean()
    variation = stats.total_variation(maps(), power=power, smoothing=0.01, wraps=True)
    assert float(variation) == pytest.approx(float(expected), rel=1e-6)


def test_so_have_absolute_differences_and_those_of_nine_points() -> None:
    picture = maps()
    down, across, falling, rising = (
        picture - picture.roll(shift, (1, 2)) for shift in ((-1, 0), (0, -1), (-1, -1), (1, -1))
    )
    absolute = (down.abs().sum() + across.abs().sum()) / 30
    torch.testing.assert_close(stats.anisotropic_variation(picture, reduction="mean", wraps=True), absolute)
    nine = 2 / 3 * (down.square().mean() + across.square().mean())
    nine = nine + (falling.square().mean() + rising.square().mean()) / 6
    torch.testing.assert_close(stats.nine_point_variation(picture, wraps=True), nine)


def test_what_lies_between_the_last_position_and_the_first_is_of_both() -> None:
    """Against the same interpolation amid three copies, where nothing ends."""
    features = [maps(3, 4, 8), maps(2, 2, 4, seed=1)]
    places = torch.rand(50, 2, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    places[:4] = torch.tensor([[0.0, 0.0], [1.0, 1.0], [0.01, 0.99], [0.99, 0.5]])
    amid = [each.repeat(1, 3, 3) for each in features]
    torch.testing.assert_close(hypercolumns(features, places, wraps=True), hypercolumns(amid, (places + 1) / 3))


def test_a_tile_and_its_places_rolled_have_the_same_hypercolumns() -> None:
    features = [maps(3, 4, 8), maps(2, 2, 4, seed=1)]
    rolled = [each.roll((each.shape[1] // 2, each.shape[2] // 2), (1, 2)) for each in features]
    places = torch.rand(50, 2, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    torch.testing.assert_close(
        hypercolumns(rolled, (places + 0.5) % 1, wraps=True), hypercolumns(features, places, wraps=True)
    )


def test_a_margin_of_pytorchs_is_the_same() -> None:
    torch.testing.assert_close(wrapped(maps()[None], 2), pad(maps()[None], (2, 2, 2, 2), mode="circular"))
