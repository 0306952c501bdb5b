"""Sliced distances, on cases with known answers and against NumPy and SciPy."""

import numpy as np
import pytest
import torch
from scipy.stats import wasserstein_distance
from torch import Tensor

from stx.measures.transport import PROJECTIONS, shape, sliced_wasserstein


def maps(seed: int, channels: int = 5, height: int = 40, width: int = 50) -> Tensor:
    return torch.randn(channels, height, width, generator=torch.Generator().manual_seed(seed))


def correlated(seed: int, channels: int, height: int, width: int) -> Tensor:
    """Features whose channels depend on each other, of unequal spread, away from zero."""
    mixing = torch.randn(channels, channels, generator=torch.Generator().manual_seed(seed + 100))
    return torch.einsum("dc,chw->dhw", mixing, maps(seed, channels, height, width)) + mixing[0].view(-1, 1, 1)


def test_a_shift_is_measured_in_spreads_of_the_target() -> None:
    """Every projection moves by the shift's component along it: in the mean over directions |shift| / sqrt(D)."""
    features = maps(0)
    shift = torch.tensor([3.0, 0, 0, 0, 0]).view(5, 1, 1)
    distance = sliced_wasserstein(features)(features + shift)
    spread = features.flatten(1).var(1, correction=0).mean().sqrt()
    generator = torch.Generator().manual_seed(0)
    directions = torch.randn(PROJECTIONS, 5, generator=generator)
    along = 3 * directions[:, 0] / directions.norm(dim=1)
    assert float(distance) == pytest.approx(float(along.square().mean().sqrt() / spread), rel=1e-4)


def test_one_channel_agrees_with_the_distance_of_scipy() -> None:
    """In one dimension W1 <= W2, and equal for a pure scaling by a constant difference: a uniform shift."""
    ours, theirs = maps(1, 1), maps(2, 1) * 2 + 1
    distance = sliced_wasserstein(theirs)(ours)
    spread = float(theirs.var(correction=0).sqrt())
    first = wasserstein_distance(ours.flatten().numpy(), theirs.flatten().numpy()) / spread
    sorted_apart = np.sort(ours.flatten().numpy()) - np.sort(theirs.flatten().numpy())
    assert first <= float(distance)
    assert float(distance) == pytest.approx(np.sqrt(np.mean(sorted_apart**2)) / spread, rel=0.02)


def test_pictures_of_different_sizes_are_comparable() -> None:
    distance = sliced_wasserstein(maps(0, height=80, width=100))(maps(3, height=30, width=20))
    assert distance < 0.15  # both standard normal; what is left is sampling


def test_sliced_wasserstein_is_that_of_numpy_over_256_directions_and_1024_quantiles() -> None:
    ours, theirs = correlated(0, 6, 20, 30), correlated(1, 6, 25, 35)
    drawn = torch.randn(256, 6, generator=torch.Generator().manual_seed(0)).numpy()
    directions = drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
    x, y = (
        np.quantile(directions @ features.flatten(1).numpy(), np.linspace(0, 1, 1024), axis=1)
        for features in (ours, theirs)
    )
    spread = np.sqrt(theirs.flatten(1).numpy().var(1).mean())
    assert float(sliced_wasserstein(theirs)(ours)) == pytest.approx(np.sqrt(np.mean((x - y) ** 2)) / spread, rel=1e-4)


def test_shape_is_the_sliced_wasserstein_distance_of_standardised_channels() -> None:
    ours, theirs = correlated(0, 6, 20, 30), correlated(1, 6, 25, 35)
    standardised = [
        (features - features.mean((1, 2), keepdim=True)) / features.std((1, 2), correction=0, keepdim=True)
        for features in (ours, theirs)
    ]
    assert float(shape(theirs)(ours)) == pytest.approx(
        float(sliced_wasserstein(standardised[1])(standardised[0])), 1e-3
    )


def test_shape_is_blind_to_means_and_deviations() -> None:
    features = correlated(0, 6, 20, 30)
    scale, shift = torch.linspace(0.5, 2, 6).view(6, 1, 1), torch.linspace(-3, 3, 6).view(6, 1, 1)
    assert float(shape(features)(features * scale + shift)) < 1e-3 < float(shape(features)(features.square()))
    assert float(sliced_wasserstein(features)(features * scale + shift)) > 0.3


def test_a_channel_that_never_varies_has_a_shape() -> None:
    dead = correlated(0, 6, 20, 30) * torch.tensor([1.0, 1, 1, 1, 1, 0]).view(6, 1, 1)
    assert 0 < float(shape(dead)(correlated(0, 6, 20, 30))) < 1
