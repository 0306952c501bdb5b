"""Transport distances against scipy's and against closed forms."""

import numpy as np
import pytest
import torch
from scipy.linalg import sqrtm
from scipy.stats import wasserstein_distance
from torch import Tensor

from stx import stats
from stx.errors import UserError
from stx.stats.wasserstein import quantiles_of


def features(seed: int, shape: tuple[int, int, int] = (4, 9, 10)) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).relu()


def test_the_distance_between_gaussians_is_dowson_and_landaus() -> None:
    ours, theirs = features(0), 2 * features(1, (4, 7, 8)) + 1
    means = [maps.flatten(1).mean(1).numpy() for maps in (ours, theirs)]
    covariances = [np.cov(maps.flatten(1).numpy(), bias=True) for maps in (ours, theirs)]
    root = sqrtm(covariances[1])
    cross = sqrtm(root @ covariances[0] @ root).real
    expected = np.sum((means[0] - means[1]) ** 2) + np.trace(covariances[0] + covariances[1] - 2 * cross)
    distance = stats.gaussian_wasserstein(stats.gaussian(ours), stats.gaussian(theirs))
    assert float(distance) == pytest.approx(expected / 4, rel=1e-6)


def test_a_picture_is_at_no_distance_from_itself_wherever_things_are() -> None:
    maps = features(0)
    moved = maps.flatten(1)[:, torch.randperm(90, generator=torch.Generator().manual_seed(1))].view(4, 10, 9)
    assert float(stats.gaussian_wasserstein(stats.gaussian(maps), stats.gaussian(moved))) == pytest.approx(0, abs=1e-8)


def test_fewer_positions_than_channels_have_a_finite_gradient() -> None:
    target = stats.gaussian(features(1, (12, 2, 2)).float())
    for maps in (features(0, (12, 2, 2)).float(), torch.zeros(12, 2, 2)):
        maps.requires_grad_()
        stats.gaussian_wasserstein(stats.gaussian(maps), target).backward()
        assert maps.grad is not None
        assert torch.isfinite(maps.grad).all()


def test_what_is_not_finite_gives_no_number_and_no_error() -> None:
    broken = features(0)
    broken[0, 0, 0] = float("inf")
    assert torch.isnan(stats.gaussian_wasserstein(stats.gaussian(broken), stats.gaussian(features(1))))


def test_one_direction_is_scipys_distance_for_a_shift() -> None:
    """In one dimension all transport distances of a shifted distribution are the shift."""
    maps = features(0, (1, 30, 40))
    line = torch.ones(1, 1, dtype=torch.float64)
    one, other = (stats.sliced_wasserstein(each, reference=line, quantiles=64) for each in (maps, maps + 0.5))
    distance = float((one - other).square().mean().sqrt())
    expected = wasserstein_distance(maps.flatten().numpy(), (maps + 0.5).flatten().numpy())
    assert distance == pytest.approx(expected, rel=1e-9)


def test_quantiles_are_numpys() -> None:
    rows = features(0).flatten(1)
    expected = np.quantile(rows.numpy(), np.linspace(0, 1, 17), axis=1).T
    np.testing.assert_allclose(quantiles_of(rows, 17).numpy(), expected, rtol=1e-12)


def test_histograms_are_the_projections_on_the_axes() -> None:
    maps = features(0)
    axes = torch.eye(4, dtype=torch.float64)
    expected = stats.sliced_wasserstein(maps, reference=axes, quantiles=32)
    torch.testing.assert_close(stats.channel_histograms(maps, quantiles=32), expected)


def test_directions_are_unit_vectors_of_a_seed() -> None:
    one, other = (stats.directions(features(0), count=5, seed=seed) for seed in (1, 1))
    torch.testing.assert_close(one.norm(dim=1), torch.ones(5, dtype=torch.float64))
    assert torch.equal(one, other)


def test_what_gives_no_distance_is_a_mistake() -> None:
    with pytest.raises(UserError, match="quantiles is 1"):
        stats.channel_histograms(features(0), quantiles=1)
    with pytest.raises(UserError, match="count is 0"):
        stats.directions(features(0), count=0, seed=0)


def test_in_float32_a_picture_with_few_strong_channels_is_at_no_distance_from_itself() -> None:
    """Channels of very unequal strength, as VGG19's are: the product's eigenvalues span 1e12."""
    strength = torch.logspace(3, 0, 64)[:, None, None]
    ours = stats.gaussian(strength * features(0, (64, 20, 20)).float())
    distance = stats.gaussian_wasserstein(ours.requires_grad_(), ours.detach())
    assert distance.dtype == torch.float32
    assert abs(float(distance.detach())) * 64 < 1e-6 * float(ours.detach()[:, :-1].trace())


def test_covariances_whose_product_leaves_float32_have_a_distance() -> None:
    ours, theirs = (1e12 * features(seed).float() for seed in (0, 1))
    small = stats.gaussian_wasserstein(stats.gaussian(ours / 1e12), stats.gaussian(theirs / 1e12))
    distance = stats.gaussian_wasserstein(stats.gaussian(ours), stats.gaussian(theirs))
    assert float(distance) == pytest.approx(1e24 * float(small), rel=1e-4)


def test_two_quantiles_are_the_smallest_and_the_largest_and_one_direction_is_enough() -> None:
    rows = features(0).flatten(1)
    assert torch.equal(quantiles_of(rows, 2), torch.stack([rows.amin(1), rows.amax(1)], 1))
    assert stats.directions(features(0), count=1, seed=0).shape == (1, 4)


def test_another_seed_gives_other_directions() -> None:
    one, other = (stats.directions(features(0), count=5, seed=seed) for seed in (1, 2))
    assert not torch.equal(one, other)


@pytest.mark.parametrize("broken_first", [True, False])
@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_either_picture_that_is_not_finite_gives_no_number(value: float, broken_first: bool) -> None:
    broken = features(0)
    broken[0, 0, 0] = value
    pair = [stats.gaussian(broken), stats.gaussian(features(1))]
    assert torch.isnan(stats.gaussian_wasserstein(*(pair if broken_first else reversed(pair))))


def test_the_gradient_between_gaussians_is_that_of_differences() -> None:
    target = stats.gaussian(features(1))
    maps = features(0, (4, 3, 3)).requires_grad_()
    assert torch.autograd.gradcheck(lambda maps: stats.gaussian_wasserstein(stats.gaussian(maps), target), maps)


def test_a_gaussian_is_numpys_covariance_and_mean() -> None:
    maps = features(0)
    flat = maps.flatten(1).numpy()
    expected = np.concatenate([np.cov(flat, bias=True), flat.mean(1, keepdims=True)], 1)
    np.testing.assert_allclose(stats.gaussian(maps).numpy(), expected, rtol=1e-9, atol=1e-12)
