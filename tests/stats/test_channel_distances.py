"""Distances between channels, and their correlation, against loops and a closed form."""

import numpy as np
import pytest
import torch
from torch import Tensor

from stx.stats import deep_dc, distance_correlation


def maps(seed: int, channels: int = 5, height: int = 4, width: int = 6) -> Tensor:
    return torch.rand(channels, height, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def by_loops(features: Tensor) -> np.ndarray:
    """Székely, Rizzo & Bakirov 2007, definition 3, of channels as samples in the space of positions."""
    rows = features.flatten(1).numpy()
    count = len(rows)
    apart = np.array([[np.sqrt(np.mean((one - other) ** 2)) for other in rows] for one in rows])
    centred = np.zeros_like(apart)
    for i in range(count):
        for j in range(count):
            centred[i, j] = apart[i, j] - apart[i].mean() - apart[:, j].mean() + apart.mean()
    return centred


def test_it_is_the_double_centred_distance_of_channels() -> None:
    np.testing.assert_allclose(deep_dc(maps(0)).numpy(), by_loops(maps(0)), atol=1e-12)


def test_the_loss_is_one_less_the_squared_distance_correlation() -> None:
    one, other = by_loops(maps(0)), by_loops(maps(1))
    expected = 1 - (one * other).sum() / np.sqrt((one**2).sum() * (other**2).sum())
    assert float(distance_correlation(deep_dc(maps(0)), deep_dc(maps(1)))) == pytest.approx(expected)


def test_a_factor_a_shift_of_all_and_a_rotation_of_positions_change_nothing() -> None:
    one, turned = maps(0), maps(0).flip(2)
    for other in (3 * one, one + 0.5, turned):
        assert float(distance_correlation(deep_dc(other), deep_dc(one))) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("alike", ["two channels", "all channels", "nothing at all"])
def test_channels_that_are_alike_have_a_finite_gradient(alike: str) -> None:
    ours = maps(0).float()
    if alike == "two channels":
        ours[1] = ours[0]
    elif alike == "all channels":
        ours = ours[:1].expand(5, -1, -1).clone()
    else:
        ours = torch.zeros_like(ours)
    ours.requires_grad_()
    loss = distance_correlation(deep_dc(ours), deep_dc(maps(1).float()))
    loss.backward()
    assert ours.grad is not None
    assert torch.isfinite(loss)
    assert torch.isfinite(ours.grad).all()
