"""Soft thresholds against loops, and what undoing cooc_vector's linear map leaves."""

import math
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.autograd import gradcheck

from stx import stats
from stx.errors import UserError
from stx.stats.thresholds import above
from stx.stats.windows import surroundings

OPTIONS: dict[str, Any] = {"radius": 1, "window": "mean", "normalise": False}


def features(seed: int = 0, channels: int = 3, height: int = 4, width: int = 5) -> Tensor:
    return torch.rand(channels, height, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def looped(maps: Tensor, softness: float) -> Tensor:
    """The tensor by its definition, with weights in place of a mask, at radius 1."""
    mean, deviation = float(maps.mean()), float(maps.std(correction=0))
    channels, height, width = maps.shape
    slope = softness * deviation
    weights = [[[1 / (1 + math.exp((mean - value) / slope)) for value in row] for row in one] for one in maps.tolist()]
    tensor = torch.zeros_like(maps)
    for k in range(channels):
        for y in range(height):
            for x in range(width):
                total = sum(
                    weights[w][v][u] * float(maps[w, v, u])
                    for w in range(channels)
                    for v in range(max(0, y - 1), min(height, y + 2))
                    for u in range(max(0, x - 1), min(width, x + 2))
                    if w != k
                )
                tensor[k, y, x] = weights[k][y][x] * total / 9 / (channels - 1)
    return tensor


@pytest.mark.parametrize("softness", [0.1, 1.0])
@pytest.mark.parametrize("gradient", [False, True])
def test_a_soft_threshold_weighs_features_as_a_loop_does(softness: float, gradient: bool) -> None:
    maps = features().requires_grad_(gradient)
    ours = stats.cooc_tensor(maps, threshold="mean", softness=softness, **OPTIONS)
    torch.testing.assert_close(ours.detach(), looped(maps.detach(), softness))


@pytest.mark.parametrize("form", ["cooc_tensor", "cooc_matrix", "cooc_vector", "gram_cooc_matrix", "gram_cooc_vector"])
def test_a_very_steep_one_is_the_step(form: str) -> None:
    maps = features(1)
    steep = getattr(stats, form)(maps, threshold=0.5, softness=1e-9, **OPTIONS)
    torch.testing.assert_close(steep, getattr(stats, form)(maps, threshold=0.5, **OPTIONS))
    steep = stats.cooc_gram(maps, radius=1, threshold="mean", centred=True, softness=1e-9)
    torch.testing.assert_close(steep, stats.cooc_gram(maps, radius=1, threshold="mean", centred=True))


def test_its_gradient_passes_through_the_threshold() -> None:
    maps = features(2, 2, 3, 3).requires_grad_()
    fixed = maps.detach()
    # The mean and the deviation stand still, as a step's threshold does: a number and features of one deviation.
    width = 0.3 * float(fixed.std(correction=0))
    mask = above(maps, 0.5, 0.3)
    torch.testing.assert_close(mask, ((maps - 0.5) / width).sigmoid())
    (gradient,) = torch.autograd.grad(mask.sum(), maps)
    torch.testing.assert_close(gradient, (mask * (1 - mask) / width).detach())
    assert not above(maps, 0.5).requires_grad


def test_the_gradient_of_what_surrounds_a_soft_mask_is_the_numeric_one() -> None:
    weights = features(3)

    def tensor(maps: Tensor) -> Tensor:
        return surroundings(maps, (maps * weights).sigmoid(), 1)

    assert gradcheck(tensor, features(4).requires_grad_())


def test_undone_the_distance_of_cooc_vectors_is_that_of_means() -> None:
    ours, theirs = features(5, 6), 3 * features(6, 6)
    options = {**OPTIONS, "radius": 0, "threshold": "none"}
    vectors = [stats.cooc_vector(maps, **options) for maps in (ours, theirs)]
    means = [maps.mean((1, 2)) for maps in (ours, theirs)]
    assert float(stats.means_apart(*vectors)) == pytest.approx(float((means[0] - means[1]).square().mean()))


def test_without_threshold_all_features_take_part() -> None:
    maps = features(7)
    torch.testing.assert_close(
        stats.cooc_vector(maps, threshold="none", **OPTIONS), stats.cooc_vector(maps, threshold=-1.0, **OPTIONS)
    )


@pytest.mark.parametrize(("threshold", "softness"), [("mean", 0.0), (0.5, -1.0), ("mean", math.nan), ("none", 0.1)])
def test_a_softness_without_a_threshold_or_a_slopeis_refused(threshold: Any, softness: float) -> None:
    for call in (
        lambda: stats.cooc_vector(features(), threshold=threshold, softness=softness, **OPTIONS),
        lambda: stats.cooc_gram(features(), radius=1, threshold=threshold, centred=False, softness=softness),
    ):
        with pytest.raises(UserError, match="softness is "):
            call()


def test_equal_features_have_a_finite_soft_threshold() -> None:
    flat = torch.ones(3, 4, 5, dtype=torch.float64, requires_grad=True)
    value = stats.cooc_vector(flat, threshold="mean", softness=0.1, **OPTIONS)
    (gradient,) = torch.autograd.grad(value.sum(), flat)
    assert torch.isfinite(value).all()
    assert torch.isfinite(gradient).all()
