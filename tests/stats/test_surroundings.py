"""Statistics of what is at a position and around it, against the same of features that are put together by hand."""

import numpy as np
import pytest
import torch
from torch import Tensor

from stx import stats
from stx.errors import UserError
from stx.stats.surroundings import both


def maps(seed: int = 0, channels: int = 3) -> Tensor:
    return torch.rand(channels, 5, 6, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def window_means(values: Tensor, radius: int) -> Tensor:
    array, side = np.pad(values.numpy(), ((0, 0), (radius, radius), (radius, radius))), 2 * radius + 1
    means = [
        [array[:, y : y + side, x : x + side].mean((1, 2)) for x in range(values.shape[2])]
        for y in range(values.shape[1])
    ]
    return torch.from_numpy(np.array(means)).permute(2, 0, 1)


@pytest.mark.parametrize("radius", [0, 1, 2])
def test_both_are_the_features_and_their_window_means(radius: int) -> None:
    torch.testing.assert_close(both(maps(), radius), torch.cat([maps(), window_means(maps(), radius)]))
    with pytest.raises(UserError, match="radius is -1"):
        both(maps(), -1)


def test_each_is_its_statistic_of_both() -> None:
    joint = both(maps(), 1)
    lines = stats.directions_of_both(maps(), count=4, seed=0)
    assert lines.shape == (4, 6)
    ours = stats.sliced_cooc(maps(), reference=lines, quantiles=8, radius=1)
    torch.testing.assert_close(ours, stats.sliced_wasserstein(joint, reference=lines, quantiles=8))
    axes = stats.axes_of_both(maps(), radius=1)
    torch.testing.assert_close(axes, stats.principal_axes(joint))
    ours = stats.gaussian_cooc(maps(), reference=axes, radius=1)
    torch.testing.assert_close(ours, stats.gaussian(joint, reference=axes))
    torch.testing.assert_close(stats.deep_dc_cooc(maps(), radius=1), stats.deep_dc(joint))


def test_shifts_are_of_features_less_their_means() -> None:
    centred = maps() - maps().mean((1, 2), keepdim=True)
    expected = stats.shift_gram(centred, shifts=[0, 2])
    torch.testing.assert_close(stats.shift_covariance(maps(), shifts=[0, 2]), expected)


def test_signed_roots_are_of_unit_length_and_of_a_scale_s_direction() -> None:
    plain = stats.cooc_gram(maps(), radius=1, threshold="none", centred=True)
    root = stats.signed_root_cooc(maps(), radius=1)
    expected = plain.sign() * plain.abs().sqrt()
    torch.testing.assert_close(root, expected / expected.norm(), atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(stats.signed_root_cooc(7 * maps(), radius=1), root)
    dead = torch.zeros(3, 5, 6, requires_grad=True)
    stats.signed_root_cooc(dead, radius=1).sum().backward()
    assert dead.grad is not None
    assert torch.isfinite(dead.grad).all()
    assert torch.autograd.gradcheck(lambda x: stats.signed_root_cooc(x, radius=1), maps(3).requires_grad_())
