"""Held-out measures, on cases with known answers and against another package."""

import numpy as np
import pytest
import torch
from scipy.stats import wasserstein_distance
from torch import Tensor

from stx.metrics import PROJECTIONS, measures, quantiles, relative_distance, sliced_wasserstein


def maps(seed: int, channels: int = 5, height: int = 40, width: int = 50) -> Tensor:
    return torch.randn(channels, height, width, generator=torch.Generator().manual_seed(seed))


def picture(seed: int, height: int = 48, width: int = 64) -> Tensor:
    return torch.rand(3, height, width, generator=torch.Generator().manual_seed(seed))


def test_features_in_other_places_are_at_no_distance() -> None:
    features = maps(0)
    mixed = features.flatten(1)[:, torch.randperm(2000, generator=torch.Generator().manual_seed(1))].view(5, 50, 40)
    (distance,) = sliced_wasserstein(features, mixed)
    assert distance < 1e-5


def test_a_shift_is_measured_in_spreads_of_the_target() -> None:
    """Every projection moves by the shift's component along it: in the mean over directions |shift| / sqrt(D)."""
    features = maps(0)
    shift = torch.tensor([3.0, 0, 0, 0, 0]).view(5, 1, 1)
    (distance,) = sliced_wasserstein(features, features + shift)
    spread = features.flatten(1).var(1, correction=0).mean().sqrt()
    generator = torch.Generator().manual_seed(0)
    directions = torch.randn(PROJECTIONS, 5, generator=generator)
    along = 3 * directions[:, 0] / directions.norm(dim=1)
    assert float(distance) == pytest.approx(float(along.square().mean().sqrt() / spread), rel=1e-4)


def test_one_channel_agrees_with_the_distance_of_scipy() -> None:
    """In one dimension W1 <= W2, and equal for a pure scaling by a constant difference: a uniform shift."""
    ours, theirs = maps(1, 1), maps(2, 1) * 2 + 1
    (distance,) = sliced_wasserstein(theirs, ours)
    spread = float(theirs.var(correction=0).sqrt())
    first = wasserstein_distance(ours.flatten().numpy(), theirs.flatten().numpy()) / spread
    sorted_apart = np.sort(ours.flatten().numpy()) - np.sort(theirs.flatten().numpy())
    assert first <= float(distance)
    assert float(distance) == pytest.approx(np.sqrt(np.mean(sorted_apart**2)) / spread, rel=0.02)


def test_pictures_of_different_sizes_are_comparable() -> None:
    (distance,) = sliced_wasserstein(maps(0, height=80, width=100), maps(3, height=30, width=20))
    assert distance < 0.15  # both standard normal; what is left is sampling


def test_quantiles_are_those_of_numpy() -> None:
    rows = torch.randn(3, 700, generator=torch.Generator().manual_seed(0))
    expected = np.quantile(rows.numpy(), np.linspace(0, 1, 1024), axis=1).T
    np.testing.assert_allclose(quantiles(rows).numpy(), expected, rtol=1e-4, atol=1e-5)


def test_relative_distance_is_a_share_of_the_second() -> None:
    assert float(relative_distance(torch.tensor([3.0, 0.0]), torch.tensor([0.0, 4.0]))) == pytest.approx(5 / 4)


def test_untouched_pictures_score_as_their_names_say() -> None:
    content, style = picture(0) * 0.5, picture(1)
    photograph = measures(content, content, style)
    assert photograph["measure/content"] == photograph["measure/pixels"] == 0
    assert photograph["measure/sliced_wasserstein"] == pytest.approx(photograph["baseline/sliced_wasserstein"])
    painting = measures(style, content, style)
    assert painting["measure/sliced_wasserstein"] == pytest.approx(0, abs=1e-6)
    assert painting["measure/content"] == pytest.approx(painting["baseline/content"])
    layers = [value for name, value in photograph.items() if name.startswith("measure/sliced_wasserstein_")]
    assert photograph["measure/sliced_wasserstein"] == pytest.approx(sum(layers) / 4)


def test_a_style_picture_of_another_size_has_no_content_baseline() -> None:
    assert "baseline/content" not in measures(picture(0), picture(0), picture(1, 40, 40))


def test_pictures_too_small_for_the_layers_are_not_measured() -> None:
    assert measures(picture(0, 7, 64), picture(0, 7, 64), picture(1)) == {}
