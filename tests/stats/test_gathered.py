"""Statistics gathered from pieces of a map, against the same statistics of the whole, in float64."""

import inspect
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor

from stx import stats
from stx.stats.gathered import Core, Gathered, Sums

generator = torch.Generator().manual_seed(0)
SIZE = (13, 17)
MAPS = torch.rand(5, *SIZE, generator=generator, dtype=torch.float64) + 3  # means far above deviations
AXES = stats.principal_axes(MAPS)
LINES = torch.rand(4, 5, generator=generator, dtype=torch.float64)
PLAIN = {"radius": 2, "threshold": "mean", "window": "sum", "normalise": False}

STATISTICS: dict[str, "partial[Tensor]"] = {
    "gram": partial(stats.gram),
    "deep_dc": partial(stats.deep_dc),
    "mean_std": partial(stats.mean_std, epsilon=1e-5),
    "mmd_linear": partial(stats.mmd_linear),
    "mmd_polynomial": partial(stats.mmd_polynomial, offset=0.5),
    "mmd_gaussian": partial(stats.mmd_gaussian, reference=LINES),
    "gaussian": partial(stats.gaussian, reference=AXES),
    "gaussian, with epsilon": partial(stats.gaussian, reference=AXES, epsilon=0.1),
    "gaussian_cooc": partial(stats.gaussian_cooc, radius=1, reference=stats.axes_of_both(MAPS, radius=1)),
    "deep_dc_cooc": partial(stats.deep_dc_cooc, radius=1),
    "correlation": partial(stats.correlation, floor=0.1, radius=0),
    "correlation around": partial(stats.correlation, floor=0.1, radius=2),
    "signed_root_cooc": partial(stats.signed_root_cooc, radius=1),
    "cooc_gram": partial(stats.cooc_gram, radius=1, threshold="mean", centred=False),
    "cooc_gram, a number": partial(stats.cooc_gram, radius=1, threshold=3.4, centred=True),
    "cooc_gram, soft": partial(stats.cooc_gram, radius=1, threshold="mean", centred=True, softness=0.5),
    "cooc_gram, several": partial(stats.cooc_gram, radius=[0, 3], threshold="none", centred=True),
    "shift_gram": partial(stats.shift_gram, shifts=[0, 2, 20]),
    "shift_covariance": partial(stats.shift_covariance, shifts=[1, 3]),
    "deep_correlations": partial(stats.deep_correlations, reach=3),
    "deep_correlations, beyond the map": partial(stats.deep_correlations, reach=15),
    "cooc_vector": partial(stats.cooc_vector, **PLAIN),
    "cooc_vector, divided by its sum": partial(stats.cooc_vector, **PLAIN | {"normalise": True}),
    "cooc_vector, soft": partial(stats.cooc_vector, **PLAIN, softness=0.3),
    "gram_cooc_vector": partial(stats.gram_cooc_vector, **PLAIN),
    "gram_cooc_vector, divided": partial(stats.gram_cooc_vector, **PLAIN | {"normalise": True, "threshold": "none"}),
}


def pieces(reach: int) -> list[tuple[tuple[slice, slice], Core]]:
    """A map in six pieces of unlike sizes, each with what is around it."""

    def along(length: int, *cuts: int) -> list[tuple[slice, slice]]:
        edges = [0, *cuts, length]
        outer = [(max(0, a - reach), min(length, b + reach)) for a, b in pairwise(edges)]
        return [
            (slice(a, b), slice(start - a, stop - a))
            for (a, b), start, stop in zip(outer, edges[:-1], edges[1:], strict=True)
        ]

    return [
        ((down, across), Core(rows, columns))
        for down, rows in along(SIZE[0], 5)
        for across, columns in along(SIZE[1], 4, 12)
    ]


def added(all_of_them: list[Sums]) -> Sums:
    return tuple(torch.stack(each).sum(0) for each in zip(*all_of_them, strict=True))


def from_pieces(statistic: "partial[Tensor]", maps: Tensor) -> Tensor:
    form: Gathered = statistic.func.gathered  # type: ignore[attr-defined]
    settings: dict[str, Any] = dict(statistic.keywords)
    cut = [(maps[:, at[0], at[1]], core) for at, core in pieces(form.reach(**settings))]
    before = added([form.before(features, core, **settings) for features, core in cut])
    more = {"before": before} if before else {}
    sums = added([form.sums(features, core, SIZE, **settings, **more) for features, core in cut])
    return form.value(sums, SIZE, **settings)


@pytest.mark.parametrize("name", STATISTICS)
def test_a_statistic_of_pieces_is_that_of_the_whole_with_its_gradient(name: str) -> None:
    whole, pieced = MAPS.clone().requires_grad_(), MAPS.clone().requires_grad_()
    expected, value = STATISTICS[name](whole), from_pieces(STATISTICS[name], pieced)
    torch.testing.assert_close(value, expected, rtol=1e-7, atol=1e-9)
    direction = torch.rand(expected.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    (gradient,) = torch.autograd.grad(value, pieced, direction)
    (expected_gradient,) = torch.autograd.grad(expected, whole, direction)
    torch.testing.assert_close(gradient, expected_gradient, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("shallow", [(8, 12), (9, 12), (9, 13), (19, 27), (23, 35)])
def test_products_of_two_layers_too_where_their_sides_have_no_common_grid(shallow: tuple[int, int]) -> None:
    above, below = (torch.rand(3, *size, generator=generator, dtype=torch.float64) for size in (shallow, (4, 6)))
    form: Gathered = stats.cross_layer_gram.gathered  # type: ignore[attr-defined]
    sums = []
    for top, bottom in ((0, 2), (2, 4)):
        for left, right in ((0, 3), (3, 6)):
            at = (top * (shallow[0] // 4), left * (shallow[1] // 6))  # where the shallow layer's block begins
            aligned = (bottom - top) * (shallow[0] // 4), (right - left) * (shallow[1] // 6)
            cores = [
                Core(slice(0, aligned[0]), slice(0, aligned[1]), at),
                Core(slice(0, bottom - top), slice(0, right - left), (top, left)),
            ]
            maps = [above[:, at[0] :, at[1] :], below[:, top:bottom, left:right]]
            sums.append(form.sums(maps, cores, [shallow, (4, 6)]))
    torch.testing.assert_close(form.value(added(sums), [shallow, (4, 6)]), stats.cross_layer_gram([above, below]))


def test_what_is_compared_position_by_position_says_so() -> None:
    assert stats.features.at_each_position  # type: ignore[attr-defined]
    assert stats.half_sum_of_squares.over_positions == "sum"  # type: ignore[attr-defined]
    assert stats.mean_absolute.over_positions == "mean"  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", sorted(name for name in stats.__all__ if hasattr(getattr(stats, name), "gathered")))
def test_every_setting_of_a_statistic_has_a_place_in_its_sums(name: str) -> None:
    statistic = getattr(stats, name)
    named: set[str] = set()
    for function in statistic.gathered:
        named |= set(inspect.signature(function).parameters)
    assert set(inspect.signature(statistic).parameters) - {"weights", "wraps"} <= named | {"features"}


def test_pieces_of_channels_that_are_next_to_nothing_beside_one_have_the_gradient_of_the_whole() -> None:
    maps = torch.rand(8, 32, 32, generator=torch.Generator().manual_seed(2)) * 1e-3
    maps[0] *= 1000
    halves = [((slice(0, 16), slice(0, 32)), Core(slice(0, 16), slice(0, 32)))] * 1
    halves.append(((slice(16, 32), slice(0, 32)), Core(slice(0, 16), slice(0, 32))))
    whole, pieced = maps.clone().requires_grad_(), maps.clone().requires_grad_()
    form: Gathered = stats.deep_dc.gathered  # type: ignore[attr-defined]
    sums = added([form.sums(pieced[:, at[0], at[1]], core, (32, 32)) for at, core in halves])
    stats.deep_dc(whole).square().sum().backward()
    form.value(sums, (32, 32)).square().sum().backward()
    assert whole.grad is not None
    assert pieced.grad is not None
    assert float((pieced.grad - whole.grad).norm() / whole.grad.norm()) < 1e-3
