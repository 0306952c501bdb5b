"""The losses of STROTSS against loops over sampled positions, and an assignment that is no relaxation."""

import numpy as np
import pytest
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from stx.stats import hypercolumn_moments, moment_distance, palette_emd, places, relaxed_emd, sample
from stx.stats.hypercolumns import hypercolumns


def maps(seed: int, channels: int, height: int, width: int) -> Tensor:
    return torch.rand(channels, height, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def layers(seed: int) -> list[Tensor]:
    return [maps(seed, 3, 8, 12), maps(seed + 10, 4, 4, 6), maps(seed + 20, 5, 2, 3)]


def bilinear(values: Tensor, x: float, y: float) -> np.ndarray:
    """At parts x and y of width and height, where a position's middle is half a position from its border."""
    array = values.numpy()
    height, width = array.shape[1:]
    column, row = (np.clip(part * size - 0.5, 0, size - 1) for part, size in ((x, width), (y, height)))
    left, top = int(np.floor(column)), int(np.floor(row))
    right, bottom = min(left + 1, width - 1), min(top + 1, height - 1)
    across, down = column - left, row - top
    above = array[:, top, left] * (1 - across) + array[:, top, right] * across
    below = array[:, bottom, left] * (1 - across) + array[:, bottom, right] * across
    return above * (1 - down) + below * down


def columns(values: list[Tensor], at: Tensor) -> np.ndarray:
    return np.stack([np.concatenate([bilinear(each, x, y) for each in values]) for x, y in at.tolist()])


def cosine(one: np.ndarray, other: np.ndarray) -> float:
    return 1 - float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))


def test_hypercolumns_are_interpolated_between_the_nearest_positions_of_each_layer() -> None:
    at = torch.tensor([[0.5, 0.5], [0.0, 1.0], [0.31, 0.77], [0.99, 0.02]], dtype=torch.float64)
    np.testing.assert_allclose(hypercolumns(layers(0), at).T.numpy(), columns(layers(0), at), atol=1e-12)


def test_the_relaxed_distance_is_the_larger_mean_of_nearest_ones_and_bounds_the_exact_one() -> None:
    reference = sample(layers(1), most=20, seed=0, step=3)
    ours, style = columns(layers(0), reference[0]), reference[1].T.numpy()
    apart = np.array([[cosine(one, other) for other in style] for one in ours])
    expected = max(apart.min(0).mean(), apart.min(1).mean())
    loss = float(relaxed_emd(layers(0), reference=reference))
    assert loss == pytest.approx(expected)
    assert loss <= apart[linear_sum_assignment(apart)].mean() + 1e-12


def test_the_palette_is_compared_by_euclidean_distances() -> None:
    reference = sample(maps(1, 3, 5, 6), most=15, seed=0, step=1)
    ours, style = columns([maps(0, 3, 5, 6)], reference[0]), reference[1].T.numpy()
    apart = np.linalg.norm(ours[:, None] - style[None], axis=2)
    expected = max(apart.min(0).mean(), apart.min(1).mean())
    assert float(palette_emd(maps(0, 3, 5, 6), reference=reference)) == pytest.approx(expected)


def test_moments_are_numpy_s_and_compared_by_absolute_differences() -> None:
    at = places(layers(0), most=30, seed=1, step=2)
    ours, theirs = (columns(layers(seed), at) for seed in (0, 1))
    covariances = [np.cov(each.T, bias=True) for each in (ours, theirs)]
    means = [each.mean(0) for each in (ours, theirs)]
    expected = np.abs(covariances[0] - covariances[1]).mean() + np.abs(means[0] - means[1]).mean()
    both = [hypercolumn_moments(layers(seed), reference=at) for seed in (0, 1)]
    assert float(moment_distance(*both)) == pytest.approx(expected)


def test_a_sample_hangs_on_seed_and_step_alone_and_is_no_larger_than_the_picture() -> None:
    one, again = (sample(layers(0), most=9, seed=4, step=7) for _ in range(2))
    assert all(torch.equal(*pair) for pair in zip(one, again, strict=True))
    for seed, step in ((4, 8), (5, 7)):
        assert not torch.equal(one[0], sample(layers(0), most=9, seed=seed, step=step)[0])
    assert not torch.equal(one[0], places(layers(0), most=9, seed=4, step=7))
    assert places(layers(0), most=1000, seed=0, step=0).shape == (96, 2)
    assert ((one[0] >= 0) & (one[0] <= 1)).all()


def test_equal_colours_and_empty_features_have_finite_gradients() -> None:
    grey = torch.full((3, 5, 6), 0.5, requires_grad=True)
    palette_emd(grey, reference=sample(torch.full((3, 5, 6), 0.5), most=9, seed=0, step=0)).backward()
    empty = [torch.zeros(3, 8, 12, requires_grad=True), torch.zeros(4, 4, 6, requires_grad=True)]
    style = [maps(0, 3, 8, 12).float(), maps(1, 4, 4, 6).float()]
    relaxed_emd(empty, reference=sample(style, most=9, seed=0, step=0)).backward()
    for each in (grey, *empty):
        assert each.grad is not None
        assert torch.isfinite(each.grad).all()


def test_gradients_are_those_of_finite_differences() -> None:
    reference = sample(layers(1), most=7, seed=0, step=0)
    inputs = [each.requires_grad_() for each in layers(0)]
    assert torch.autograd.gradcheck(lambda *each: relaxed_emd(list(each), reference=reference), inputs)
    at = places(layers(0), most=7, seed=0, step=0)
    assert torch.autograd.gradcheck(lambda *each: hypercolumn_moments(list(each), reference=at), inputs)
