"""Mean embeddings against the double sum over positions that defines the squared discrepancy."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy.spatial.distance import pdist
from torch import Tensor

from stx import stats
from stx.errors import UserError


def features(seed: int, shape: tuple[int, int, int] = (4, 5, 6)) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).relu()


def discrepancy(ours: Tensor, theirs: Tensor, kernel: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
    """Squared MMD, biased: mean of k over all pairs within each, less twice that between them."""

    def mean(one: Tensor, other: Tensor) -> Tensor:
        return torch.stack([kernel(x, y) for x in one.flatten(1).T for y in other.flatten(1).T]).mean()

    return mean(ours, ours) + mean(theirs, theirs) - 2 * mean(ours, theirs)


def test_the_linear_kernel() -> None:
    ours, theirs = features(0), features(1, (4, 3, 7))
    squared = (stats.mmd_linear(ours) - stats.mmd_linear(theirs)).square().sum()
    torch.testing.assert_close(squared, discrepancy(ours, theirs, torch.dot))


@pytest.mark.parametrize("offset", [0.0, 1.5])
def test_the_polynomial_kernel(offset: float) -> None:
    ours, theirs = features(0), features(1, (4, 3, 7))
    one, other = (stats.mmd_polynomial(maps, offset=offset) for maps in (ours, theirs))
    expected = discrepancy(ours, theirs, lambda x, y: (x @ y + offset).square())
    torch.testing.assert_close((one - other).square().sum(), expected)


def test_without_offset_the_polynomial_kernel_is_gram() -> None:
    one, other = (stats.mmd_polynomial(features(seed), offset=0.0) for seed in (0, 1))
    expected = (stats.gram(features(0)) - stats.gram(features(1))).square().sum()
    torch.testing.assert_close((one - other).square().sum(), expected)


def test_many_frequencies_approach_the_gaussian_kernel() -> None:
    ours, theirs = features(0), features(1) + 0.7
    flat = theirs.flatten(1).T
    median = torch.pdist(flat).square().median()
    reference = stats.frequencies(theirs, count=20000, bandwidth=1.0, seed=0)
    one, other = (stats.mmd_gaussian(maps, reference=reference) for maps in (ours, theirs))
    expected = discrepancy(ours, theirs, lambda x, y: (-(x - y).square().sum() / (2 * median)).exp())
    assert float((one - other).square().sum()) == pytest.approx(float(expected), rel=0.03)


def test_random_features_and_their_gradient_are_those_of_the_definition_in_chunks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("stx.stats.kernels.CHUNK", 7)  # of 30 positions
    maps = features(0).requires_grad_()
    reference = stats.frequencies(features(1), count=6, bandwidth=1.0, seed=0)
    distance = stats.mmd_gaussian(maps, reference=reference)
    angles = torch.einsum("dhw,kd->khw", maps, reference)
    expected = torch.cat([angles.cos().mean((1, 2)), angles.sin().mean((1, 2))]) / 6**0.5
    torch.testing.assert_close(distance, expected)
    weights = torch.arange(12, dtype=torch.float64)
    gradients = [torch.autograd.grad((weights * each).sum(), maps)[0] for each in (distance, expected)]
    torch.testing.assert_close(*gradients)


def test_features_that_are_all_alike_have_a_bandwidth() -> None:
    for maps in (torch.zeros(3, 4, 4), torch.ones(3, 1, 1)):
        assert torch.isfinite(stats.frequencies(maps, count=4, bandwidth=1.0, seed=0)).all()


def test_the_same_seed_gives_the_same_frequencies() -> None:
    one, other, third = (stats.frequencies(features(0), count=4, bandwidth=1.0, seed=seed) for seed in (5, 5, 6))
    assert torch.equal(one, other)
    assert not torch.equal(one, third)


def test_what_is_no_kernel_is_a_mistake() -> None:
    with pytest.raises(UserError, match="offset is -1"):
        stats.mmd_polynomial(features(0), offset=-1.0)
    with pytest.raises(UserError, match="count is 0"):
        stats.frequencies(features(0), count=0, bandwidth=1.0, seed=0)


def test_a_frequency_is_a_standard_normal_over_the_bandwidth_times_the_median_distance() -> None:
    maps = features(0)
    median = np.median(pdist(maps.flatten(1).T.numpy(), "sqeuclidean"))
    drawn = stats.frequencies(maps, count=4000, bandwidth=9.0, seed=0) * (9 * median) ** 0.5
    assert drawn.shape == (4000, 4)
    assert float(drawn.std()) == pytest.approx(1, rel=0.03)
    assert float(drawn.mean()) == pytest.approx(0, abs=0.03)


def test_a_median_of_zero_leaves_frequencies_of_one() -> None:
    """Most positions alike, a few not: any scale will do, but it must be one."""
    maps = torch.zeros(3, 4, 5, dtype=torch.float64)
    maps[:, 0, :2] = 7
    one, other = (stats.frequencies(maps, count=4000, bandwidth=bandwidth, seed=0) for bandwidth in (1.0, 9.0))
    assert torch.equal(one, other)
    assert float(one.std()) == pytest.approx(1, rel=0.03)


def test_of_many_positions_a_sample_gives_the_bandwidth() -> None:
    maps = features(0, (3, 30, 40))
    median = np.median(pdist(maps.flatten(1).T.numpy(), "sqeuclidean"))
    drawn = stats.frequencies(maps, count=4000, bandwidth=1.0, seed=0) * median**0.5
    assert float(drawn.std()) == pytest.approx(1, rel=0.1)


@pytest.mark.parametrize("number", [-1.0, float("nan"), float("inf")])
def test_a_number_that_is_none_or_below_zero_is_a_mistake(number: float) -> None:
    with pytest.raises(UserError, match="offset is"):
        stats.mmd_polynomial(features(0), offset=number)
    with pytest.raises(UserError, match="bandwidth"):
        stats.frequencies(features(0), count=1, bandwidth=number, seed=0)
    with pytest.raises(UserError, match="bandwidth 0"):
        stats.frequencies(features(0), count=1, bandwidth=0.0, seed=0)
    assert stats.frequencies(features(0), count=1, bandwidth=0.1, seed=0).shape == (1, 4)
