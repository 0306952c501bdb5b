"""Content statistics against naive loops, in float64."""

from functools import partial

import numpy as np
import pytest
import torch
from torch import Tensor

from stx.stats import (
    coarse_self_similarity,
    features,
    half_sum_of_squares,
    laplacian,
    mean_absolute,
    positions,
    self_similarity,
)
from stx.stats.content import ROUNDINGS


def maps(seed: int, channels: int = 5, height: int = 6, width: int = 7) -> Tensor:
    return torch.rand(channels, height, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def by_loops(values: Tensor, chosen: list[int]) -> Tensor:
    """Kolkin et al. 2019, eq. 7: cosine distances, each column over its sum."""
    vectors = [values.reshape(len(values), -1)[:, place] for place in chosen]
    distances = torch.zeros(len(chosen), len(chosen), dtype=torch.float64)
    for i, one in enumerate(vectors):
        for j, other in enumerate(vectors):
            distances[i, j] = 1 - (one @ other) / (one.norm() * other.norm())
    for j in range(len(chosen)):
        distances[:, j] = distances[:, j] / sum(distances[i, j] for i in range(len(chosen)))
    return distances


def test_self_similarity_is_equation_7_of_strotss() -> None:
    chosen = positions(maps(0), most=11)
    expected = by_loops(maps(0), chosen.tolist())
    torch.testing.assert_close(self_similarity(maps(0), reference=chosen), expected)


def test_the_loss_is_the_mean_absolute_difference_and_its_gradient_is_right() -> None:
    chosen = positions(maps(0), most=9)
    ours, target = (self_similarity(maps(seed), reference=chosen) for seed in (0, 1))
    naive = sum(abs(float(a) - float(b)) for a, b in zip(ours.flatten(), target.flatten(), strict=True)) / 81
    assert float(mean_absolute(ours, target)) == pytest.approx(naive)
    loss = partial(mean_absolute, target=target)
    assert torch.autograd.gradcheck(
        lambda x: loss(self_similarity(x, reference=chosen)), maps(2).requires_grad_(), atol=1e-6
    )


def test_positions_are_fixed_different_and_no_more_than_there_are() -> None:
    assert torch.equal(positions(maps(0), most=20), positions(maps(1), most=20))
    assert len(set(positions(maps(0), most=20).tolist())) == 20
    assert positions(maps(0), most=1000).tolist() == list(range(42))


def test_how_bright_a_place_is_does_not_matter_to_it_and_what_stands_where_does() -> None:
    chosen = positions(maps(0), most=42)
    one = self_similarity(maps(0), reference=chosen)
    torch.testing.assert_close(self_similarity(3 * maps(0), reference=chosen), one)
    assert float(mean_absolute(self_similarity(maps(0).flip(2), reference=chosen), one)) > 1e-3


def test_features_that_are_all_alike_give_a_finite_loss_and_gradient() -> None:
    flat = torch.ones(5, 6, 7, dtype=torch.float64).requires_grad_()
    loss = self_similarity(flat, reference=positions(flat, most=10)).sum()
    (gradient,) = torch.autograd.grad(loss, flat)
    assert torch.isfinite(loss)
    assert torch.isfinite(gradient).all()


def test_features_and_half_their_squared_differences_are_the_content_loss_of_gatys() -> None:
    expected = sum((float(a) - float(b)) ** 2 for a, b in zip(maps(0).flatten(), maps(1).flatten(), strict=True)) / 2
    assert float(half_sum_of_squares(features(maps(0)), maps(1))) == pytest.approx(expected)


def test_places_that_are_all_alike_have_columns_of_zeros_and_none_is_below() -> None:
    alike = torch.ones(4, 3, 3, dtype=torch.float64)  # of length 2, so that no cosine is rounded
    assert not self_similarity(alike, reference=positions(alike, most=9)).any()
    near = 1 + 1e-4 * maps(0, 64, 9, 9).float()  # cosines round to either side of one
    assert self_similarity(near, reference=positions(near, most=81)).min() >= 0


def test_the_mean_absolute_difference_is_of_no_sign() -> None:
    assert float(mean_absolute(torch.tensor([1.0, 4.0]), torch.tensor([3.0, 3.0]))) == 1.5


@pytest.mark.parametrize(("most", "side"), [(42, 1), (41, 2), (12, 2), (11, 3), (6, 3), (1, 7)])
def test_coarse_self_similarity_is_of_means_over_as_few_positions_as_it_may_be(most: int, side: int) -> None:
    means = [maps(0)[:, y : y + side, x : x + side].mean((1, 2)) for y in range(0, 6, side) for x in range(0, 7, side)]
    together = torch.stack(means, 1)[:, None]
    expected = by_loops(together, [*range(len(means))]) if len(means) > 1 else torch.zeros(1, 1, dtype=torch.float64)
    rounding = 1e-9 if len(means) > 1 else 2 / ROUNDINGS  # of a single place, nothing else is left
    torch.testing.assert_close(coarse_self_similarity(maps(0), most=most), expected, atol=rounding, rtol=1e-6)
    assert len(means) <= most


@pytest.mark.parametrize("pool", [1, 2, 9])
def test_a_laplacian_is_its_stencil_over_means_of_pixels(pool: int) -> None:
    picture = maps(0, 3, 6, 8)
    total, height, width = picture.sum(0).numpy(), 6 // min(pool, 6), 8 // min(pool, 8)
    high, wide = min(pool, 6), min(pool, 8)
    small = np.array(
        [
            [total[y * high : (y + 1) * high, x * wide : (x + 1) * wide].mean() for x in range(width)]
            for y in range(height)
        ]
    )
    padded = np.pad(small, 1, mode="edge")
    expected = [
        [
            4 * padded[y, x] - padded[y - 1, x] - padded[y + 1, x] - padded[y, x - 1] - padded[y, x + 1]
            for x in range(1, width + 1)
        ]
        for y in range(1, height + 1)
    ]
    np.testing.assert_allclose(laplacian(picture, pool=pool).numpy(), expected, atol=1e-12)
    assert torch.autograd.gradcheck(lambda x: laplacian(x, pool=pool), picture.requires_grad_())
