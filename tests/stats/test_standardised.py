"""Correlations of standardised channels against numpy's and against loops."""

import numpy as np
import pytest
import torch
from torch import Tensor

from stx.errors import UserError
from stx.stats import cooc_gram, correlation


def maps(seed: int, channels: int = 5) -> Tensor:
    return torch.rand(channels, 6, 7, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_without_a_window_and_with_next_to_no_floor_it_is_pearson_s() -> None:
    expected = np.corrcoef(maps(0).flatten(1).numpy())
    np.testing.assert_allclose(correlation(maps(0), floor=1e-9, radius=0).numpy(), expected, atol=1e-12)


def test_with_a_window_it_is_the_centred_cooccurrence_over_the_deviations() -> None:
    cooc = cooc_gram(maps(0), radius=2, threshold="none", centred=True)
    deviations = maps(0).flatten(1).std(1, correction=0)
    expected = cooc / (deviations[:, None] * deviations)
    torch.testing.assert_close(correlation(maps(0), floor=1e-9, radius=2), expected)


@pytest.mark.parametrize("radius", [0, 1])
def test_a_dead_channel_has_no_correlations_and_a_finite_gradient(radius: int) -> None:
    ours = maps(0).float()
    ours[2] = 0.25
    ours.requires_grad_()
    matrix = correlation(ours, floor=0.1, radius=radius)
    matrix.square().sum().backward()
    assert matrix[2].abs().max() < 1e-4
    assert ours.grad is not None
    assert torch.isfinite(ours.grad).all()
    dead = torch.zeros(3, 4, 5, requires_grad=True)
    correlation(dead, floor=0.1, radius=radius).sum().backward()
    assert dead.grad is not None
    assert torch.isfinite(dead.grad).all()


def test_its_gradient_is_that_of_finite_differences() -> None:
    assert torch.autograd.gradcheck(lambda x: correlation(x, floor=0.3, radius=1), maps(3, 3).requires_grad_())


@pytest.mark.parametrize(("floor", "radius"), [(0.0, 0), (-1.0, 0), (float("inf"), 0), (0.1, -1)])
def test_what_makes_no_sense_is_refused(floor: float, radius: int) -> None:
    with pytest.raises(UserError, match="they must be above 0, and 0 or more"):
        correlation(maps(0), floor=floor, radius=radius)
