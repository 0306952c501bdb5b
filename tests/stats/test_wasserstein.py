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


def distance(ours: Tensor, theirs: Tensor) -> Tensor:
    """As a loss takes it: the axes are the target's."""
    axes = stats.principal_axes(theirs)
    return stats.gaussian_wasserstein(*(stats.gaussian(maps, reference=axes) for maps in (ours, theirs)))


def test_the_distance_between_gaussians_is_dowson_and_landaus() -> None:
    ours, theirs = features(0), 2 * features(1, (4, 7, 8)) + 1
    means = [maps.flatten(1).mean(1).numpy() for maps in (ours, theirs)]
    covariances = [np.cov(maps.flatten(1).numpy(), bias=True) for maps in (ours, theirs)]
    root = sqrtm(covariances[1])
    cross = sqrtm(root @ covariances[0] @ root).real
    expected = np.sum((means[0] - means[1]) ** 2) + np.trace(covariances[0] + covariances[1] - 2 * cross)
    assert float(distance(ours, theirs)) == pytest.approx(expected / 4, rel=1e-6)


def test_a_picture_is_at_no_distance_from_itself_wherever_things_are() -> None:
    maps = features(0)
    moved = maps.flatten(1)[:, torch.randperm(90, generator=torch.Generator().manual_seed(1))].view(4, 10, 9)
    assert float(distance(maps, moved)) == pytest.approx(0, abs=3e-7)


@pytest.mark.parametrize("shape", [(12, 2, 2), (12, 1, 1), (12, 5, 5)])
def test_whatever_has_no_variance_has_a_finite_gradient(shape: tuple[int, int, int]) -> None:
    theirs = features(1, shape).float()
    flat = torch.ones(shape)
    dead = features(0, shape).float() * (torch.arange(12) > 2)[:, None, None]
    for maps, target in ((features(0, shape).float(), theirs), (flat, theirs), (dead, theirs), (theirs, flat)):
        for strength in (0, 1e-15, 1, 1e5):
            ours = (strength * maps).requires_grad_()
            result = distance(ours, target)
            result.backward()
            assert torch.isfinite(result)
            assert ours.grad is not None
            assert torch.isfinite(ours.grad).all()


def test_a_target_without_variance_leaves_means_and_variances() -> None:
    ours, flat = features(0), torch.ones(4, 3, 3, dtype=torch.float64)
    assert stats.principal_axes(flat).shape == (4, 0)
    expected = ((ours - 1) ** 2).sum() / ours.numel()
    torch.testing.assert_close(distance(ours, flat), expected)


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
    ours = torch.logspace(3, 0, 64)[:, None, None] * features(0, (64, 20, 20)).float()
    itself = distance(ours, ours)
    assert itself.dtype == torch.float32
    assert abs(float(itself)) * 64 < 1e-4 * float(ours.flatten(1).var(1).sum())


def test_covariances_whose_product_leaves_float32_have_a_distance() -> None:
    ours, theirs = (1e12 * features(seed).float() for seed in (0, 1))
    small = float(distance(ours / 1e12, theirs / 1e12))
    assert float(distance(ours, theirs)) == pytest.approx(1e24 * small, rel=1e-4)


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
    pair = [broken, features(1)]
    assert torch.isnan(distance(*(pair if broken_first else reversed(pair))))


def test_the_gradient_between_gaussians_is_that_of_differences() -> None:
    maps = features(0, (4, 3, 3)).requires_grad_()
    assert torch.autograd.gradcheck(lambda maps: distance(maps, features(1)), maps)


def test_a_gaussian_is_numpys_covariance_along_the_axes_variance_and_mean() -> None:
    maps, axes = features(0), stats.principal_axes(features(1, (4, 1, 3)))
    assert axes.shape == (4, 2)
    flat = maps.flatten(1).numpy()
    covariance = np.cov(flat, bias=True)
    along = np.concatenate([axes.numpy().T @ covariance @ axes.numpy(), np.zeros((2, 2))])
    expected = np.concatenate([along, covariance.diagonal()[:, None], flat.mean(1, keepdims=True)], 1)
    np.testing.assert_allclose(stats.gaussian(maps, reference=axes).numpy(), expected, rtol=1e-9, atol=1e-12)


def test_principal_axes_are_numpys_whatever_is_converted_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    maps = features(0)
    variances, vectors = np.linalg.eigh(np.cov(maps.flatten(1).numpy()))
    for chunk in (7, 2**16):
        monkeypatch.setattr("stx.stats.wasserstein.CHUNK", chunk)
        axes = stats.principal_axes(maps)
        np.testing.assert_allclose(np.abs(axes.numpy().T @ vectors[:, ::-1]), np.eye(4), atol=1e-9)
        assert stats.principal_axes(maps.float()).dtype == torch.float32
    assert (np.diff(variances) > 0).all()


def test_fresh_directions_are_unit_vectors_of_their_seed_and_step_as_many_as_channels() -> None:
    maps = features(0)
    one, again = (stats.fresh_directions(maps, seed=3, step=5) for _ in range(2))
    assert torch.equal(one, again)
    assert one.shape == (4, 4)
    torch.testing.assert_close(one.norm(dim=1), torch.ones(4, dtype=torch.float64))
    for seed, step in ((3, 6), (4, 5)):
        assert not torch.equal(one, stats.fresh_directions(maps, seed=seed, step=step))


def test_an_epsilon_is_that_of_a_covariance_plus_the_identity_of_all_directions() -> None:
    ours, theirs = (torch.rand(6, 3, 5, generator=torch.Generator().manual_seed(seed)).double() for seed in (0, 1))
    ours[2], theirs[2], theirs[3] = 0, 0, 0  # a dead channel of both, and of the target alone
    axes = stats.principal_axes(theirs, whole=True)
    assert axes.shape == (6, 6)
    gaussians = [stats.gaussian(maps, reference=axes, epsilon=0.01) for maps in (ours, theirs)]
    means, covariances = zip(
        *((maps.flatten(1).mean(1), torch.cov(maps.flatten(1), correction=0)) for maps in (ours, theirs)), strict=True
    )
    c, t = (covariance + 0.01 * torch.eye(6) for covariance in covariances)
    product = sqrtm((t @ c).numpy()).real
    expected = float((means[0] - means[1]).square().sum() + c.trace() + t.trace() - 2 * product.trace()) / 6
    assert float(stats.gaussian_wasserstein(*gaussians)) == pytest.approx(expected, rel=1e-6)
