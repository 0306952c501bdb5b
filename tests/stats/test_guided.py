"""Statistics of a region, against loops over positions and against the region alone."""

import math
from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
import torch
from torch import Tensor

from stx import stats
from stx.stats import guided

generator = torch.Generator().manual_seed(0)
MAPS = torch.rand(4, 5, 6, generator=generator, dtype=torch.float64)
GUIDE = torch.rand(5, 6, generator=generator, dtype=torch.float64)
WEIGHTS = GUIDE.square() / GUIDE.square().sum()
POSITIONS = [(MAPS[:, y, x], float(WEIGHTS[y, x])) for y in range(5) for x in range(6)]
AXES = torch.linalg.qr(torch.rand(4, 4, generator=generator, dtype=torch.float64))[0]
LINES = torch.rand(3, 4, generator=generator, dtype=torch.float64)

LOOPS: dict[str, tuple[Callable[..., Tensor], Callable[[Tensor], Tensor]]] = {
    "gram": (stats.gram, lambda f: torch.outer(f, f)),
    "mmd_linear": (stats.mmd_linear, lambda f: f),
    "mmd_polynomial": (
        partial(stats.mmd_polynomial, offset=0.5),
        lambda f: torch.cat([torch.outer(f, f).flatten(), f]),
    ),
    "mmd_gaussian": (
        partial(stats.mmd_gaussian, reference=LINES),
        lambda f: torch.cat([(LINES @ f).cos(), (LINES @ f).sin()]) / math.sqrt(3),
    ),
    "cooc_gram at radius 0": (
        partial(stats.cooc_gram, radius=0, threshold="none", centred=False),
        lambda f: torch.outer(f, f),
    ),
    "shift_gram at 0": (partial(stats.shift_gram, shifts=[0]), lambda f: torch.outer(f, f).expand(2, 4, 4)),
}
"""Means over positions: the statistic, and what it is the mean of."""


@pytest.mark.parametrize("name", LOOPS)
def test_a_mean_over_positions_is_their_weighted_mean(name: str) -> None:
    statistic, of_one = LOOPS[name]
    expected = sum(weight * of_one(values) for values, weight in POSITIONS)
    torch.testing.assert_close(statistic(MAPS, weights=WEIGHTS), expected)


def weighted_moments() -> tuple[Tensor, Tensor]:
    mean = sum(weight * values for values, weight in POSITIONS)
    apart = [(values - mean, weight) for values, weight in POSITIONS]
    covariance = sum(weight * torch.outer(values, values) for values, weight in apart)
    assert isinstance(mean, Tensor)
    assert isinstance(covariance, Tensor)
    return mean, covariance


def test_moments_covariance_and_correlation_are_the_weighted_ones() -> None:
    mean, covariance = weighted_moments()
    moments = stats.mean_std(MAPS, epsilon=1e-30, weights=WEIGHTS)
    torch.testing.assert_close(moments, torch.stack([mean, covariance.diagonal().sqrt()]))
    centred = stats.cooc_gram(MAPS, radius=0, threshold="none", centred=True, weights=WEIGHTS)
    torch.testing.assert_close(centred, covariance)
    gaussian = stats.gaussian(MAPS, reference=AXES, weights=WEIGHTS)
    torch.testing.assert_close(gaussian[:, :4], AXES.T @ covariance @ AXES)
    torch.testing.assert_close(gaussian[:, 4:], torch.stack([covariance.diagonal(), mean], 1))
    correlation = stats.correlation(MAPS, floor=1e-9, radius=0, weights=WEIGHTS)
    roots = covariance.diagonal().sqrt()
    torch.testing.assert_close(correlation, covariance / torch.outer(roots, roots))
    axes = stats.principal_axes(MAPS, weights=WEIGHTS)
    rotated = axes.T @ covariance @ axes
    torch.testing.assert_close(rotated, rotated.diagonal().diag())


def test_co_occurrences_weigh_both_ends_of_a_pair() -> None:
    padded, roots = (torch.nn.functional.pad(m, (1, 1, 1, 1)) for m in (MAPS * WEIGHTS.sqrt(), WEIGHTS.sqrt()))
    expected, pairs, all_pairs = torch.zeros(4, 4, dtype=torch.float64), 0.0, 0.0
    for y in range(5):
        for x in range(6):
            window = padded[:, y : y + 3, x : x + 3].mean((1, 2))
            expected += torch.outer(MAPS[:, y, x] * WEIGHTS[y, x].sqrt(), window)
            pairs += float(WEIGHTS[y, x].sqrt() * roots[y : y + 3, x : x + 3].mean())
            all_pairs += float(torch.ones(5, 6)[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2].sum() / 9 / 30)
    expected *= all_pairs / pairs
    torch.testing.assert_close(
        stats.cooc_gram(MAPS, radius=1, threshold="none", centred=False, weights=WEIGHTS), expected
    )


def test_a_threshold_is_the_mean_of_the_region() -> None:
    limit = weighted_moments()[0].mean()
    active = MAPS * (limit < MAPS)
    torch.testing.assert_close(
        stats.cooc_gram(MAPS, radius=0, threshold="mean", centred=False, weights=WEIGHTS),
        stats.gram(active, weights=WEIGHTS),
    )


ALL: dict[str, Callable[..., Tensor]] = {
    **{name: statistic for name, (statistic, _) in LOOPS.items()},
    "mean_std": partial(stats.mean_std, epsilon=1e-9),
    "cooc_gram": partial(stats.cooc_gram, radius=1, threshold="mean", centred=True),
    "soft": partial(stats.cooc_gram, radius=0, threshold="mean", centred=False, softness=0.5),
    "correlation": partial(stats.correlation, floor=1e-3, radius=1),
    "deep_dc": stats.deep_dc,
    "deep_correlations": partial(stats.deep_correlations, reach=2),
    "gaussian": partial(stats.gaussian, reference=AXES),
    "sliced_wasserstein": partial(stats.sliced_wasserstein, reference=LINES, quantiles=7),
    "channel_histograms": partial(stats.channel_histograms, quantiles=7),
    "shift_gram": partial(stats.shift_gram, shifts=[0, 1, 2]),
    "nearest_neighbour": partial(stats.nearest_neighbour, reference=torch.ones(4, 30, dtype=torch.float64) / 2),
    "features": stats.features,
}
EQUAL = torch.full((5, 6), 1 / 30, dtype=torch.float64)


@pytest.mark.parametrize("name", ALL)
def test_equal_weights_are_none(name: str) -> None:
    torch.testing.assert_close(ALL[name](MAPS, weights=EQUAL), ALL[name](MAPS))


@pytest.mark.parametrize("name", ALL)
def test_what_has_no_weight_has_no_influence_and_no_gradient(name: str) -> None:
    region = torch.zeros(5, 6, dtype=torch.float64)
    region[1:4, 2:5] = GUIDE[1:4, 2:5]
    weights = region.square() / region.square().sum()
    outside = (region == 0).expand(4, 5, 6)
    changed = torch.where(outside, 100 + 7 * MAPS.flip(0), MAPS).requires_grad_()
    values = ALL[name](changed, weights=weights)
    torch.testing.assert_close(values, ALL[name](MAPS, weights=weights))
    values.square().sum().backward()
    assert changed.grad is not None
    assert changed.grad[outside].abs().max() == 0
    assert changed.grad.isfinite().all()
    assert changed.grad.abs().max() > 0


@pytest.mark.parametrize("name", ["channel_histograms", "mean_std", "gram", "sliced_wasserstein", "gaussian"])
def test_a_region_that_is_cut_out_has_the_same_statistic(name: str) -> None:
    weights = torch.zeros(5, 6, dtype=torch.float64)
    weights[1:4, 2:5] = 1 / 9
    torch.testing.assert_close(ALL[name](MAPS, weights=weights), ALL[name](MAPS[:, 1:4, 2:5]))


@pytest.mark.parametrize("seed", range(5))
def test_weighted_quantiles_lie_between_the_middles_of_what_sorted_values_weigh(seed: int) -> None:
    drawn = torch.Generator().manual_seed(seed)
    rows = torch.rand(3, 9, generator=drawn, dtype=torch.float64)
    weights = torch.rand(9, generator=drawn, dtype=torch.float64) * torch.tensor([1, 1, 0, 1, 1, 1, 0, 1, 1])
    weights = weights / weights.sum()
    levels = torch.linspace(0, 1, 6, dtype=torch.float64)
    values = guided.quantiles(rows, levels, weights)
    for row, ours in zip(rows.numpy(), values.numpy(), strict=True):
        pairs = sorted((value, weight) for value, weight in zip(row, weights.numpy(), strict=True) if weight > 0)
        middles, before = [], 0.0
        for _, weight in pairs:
            middles.append(before + weight / 2)
            before += weight
        at = middles[0] + levels.numpy() * (middles[-1] - middles[0])
        np.testing.assert_allclose(ours, np.interp(at, middles, [value for value, _ in pairs]))


def test_quantiles_of_a_single_value_are_that_value() -> None:
    rows, levels = torch.tensor([[3.0, 1.0, 7.0]]).double(), torch.linspace(0, 1, 3).double()
    one = guided.quantiles(rows, levels, torch.tensor([0.0, 1.0, 0.0]).double())
    assert one.tolist() == [[1, 1, 1]]
    assert guided.quantiles(rows[:, :1], levels, torch.ones(1).double()).tolist() == [[3, 3, 3]]


REGIONS = {"wide": (20, 40), "narrow": (20, 4), "square": (10, 10), "low": (4, 40)}
"""Of a map of 20 x 40 positions."""


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("name", ["cooc_gram", "shift_gram", "deep_correlations", "cross_layer_gram"])
def test_of_pairs_the_shape_of_a_region_is_no_matter(name: str, region: str) -> None:
    height, width = REGIONS[region]
    weights = torch.zeros(20, 40, dtype=torch.float64)
    weights[:height, :width] = 1 / (height * width)
    flat = torch.ones(2, 20, 40, dtype=torch.float64)
    values = {
        "cooc_gram": lambda: stats.cooc_gram(flat, radius=2, threshold="none", centred=False, weights=weights),
        "shift_gram": lambda: stats.shift_gram(flat, shifts=[0, 1, 2], weights=weights),
        "deep_correlations": lambda: stats.deep_correlations(flat, reach=2, weights=weights),
        "cross_layer_gram": lambda: stats.cross_layer_gram(
            [flat, flat[:, ::2, ::2]], weights=[weights, weights[::2, ::2] / weights[::2, ::2].sum()]
        ),
    }[name]()
    whole = {"cooc_gram": stats.cooc_gram(flat, radius=2, threshold="none", centred=False).max()}
    torch.testing.assert_close(values, torch.ones_like(values) * whole.get(name, torch.ones(())))


def test_shifted_products_are_means_over_pairs_that_weigh_by_the_roots_of_both() -> None:
    roots = WEIGHTS.sqrt()
    expected = torch.zeros(2, 4, 4, dtype=torch.float64)
    for axis, (dy, dx) in enumerate(((0, 2), (2, 0))):
        total = 0.0
        for y in range(5 - dy):
            for x in range(6 - dx):
                pair = float(roots[y, x] * roots[y + dy, x + dx])
                expected[axis] += pair * torch.outer(MAPS[:, y, x], MAPS[:, y + dy, x + dx])
                total += pair
        expected[axis] /= total
    torch.testing.assert_close(stats.shift_gram(MAPS, shifts=[2], weights=WEIGHTS), expected)


def test_neighbours_of_a_region_are_those_of_the_region_cut_out() -> None:
    ours, theirs = (torch.rand(4, 6, 6, generator=torch.Generator().manual_seed(k)).double() for k in (1, 2))
    weights = torch.zeros(6, 6, dtype=torch.float64)
    weights[:, :3] = 1 / 18
    matched = stats.nearest(theirs, ours=ours, weights=weights, our_weights=weights)
    within = matched.view(4, 6, 6)[:, :, :3].flatten(1)
    torch.testing.assert_close(within, stats.nearest(theirs[:, :, :3], ours=ours[:, :, :3]))
    distance = stats.nearest_neighbour(ours, reference=matched, weights=weights)
    torch.testing.assert_close(distance, stats.nearest_neighbour(ours[:, :, :3], reference=within))


def test_neighbours_are_sought_in_the_region_alone() -> None:
    ours = torch.rand(4, 2, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    weights = torch.zeros(5, 6, dtype=torch.float64)
    weights[:2] = 1 / 12
    matched = stats.nearest(MAPS, ours=ours, weights=weights)
    inside = torch.nn.functional.normalize((MAPS - MAPS[:, :2].mean((1, 2))[:, None, None])[:, :2].flatten(1), dim=0)
    apart = (matched[:, :, None] - inside[:, None]).abs().amax(0)
    assert apart.amin(1).max() < 1e-12


def test_the_gradient_of_weighted_waves_is_that_of_the_formula() -> None:
    maps = MAPS.clone().requires_grad_()
    assert torch.autograd.gradcheck(partial(stats.mmd_gaussian, reference=LINES, weights=WEIGHTS), maps)


def test_a_bandwidth_is_that_of_the_region() -> None:
    maps, weights = MAPS.clone(), torch.zeros(5, 6, dtype=torch.float64)
    weights[:3] = 1 / 18
    maps[:, 3:] *= 1000
    drawn = [stats.frequencies(each, count=4, bandwidth=1, seed=0, weights=weights) for each in (MAPS, maps)]
    torch.testing.assert_close(*drawn)


def test_cross_layers_are_weighted_at_both() -> None:
    deep = torch.rand(3, 5, 6, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    value = stats.cross_layer_gram([MAPS, deep], weights=[WEIGHTS, WEIGHTS])
    expected = sum(
        weight * torch.outer(values, deep[:, at // 6, at % 6]) for at, (values, weight) in enumerate(POSITIONS)
    )
    torch.testing.assert_close(value, expected)
