"""Means and deviations against batch normalisation's own."""

import pytest
import torch

from stx import stats
from stx.errors import UserError


def test_a_batch_norm_of_the_features_has_these_statistics() -> None:
    maps = torch.randn(5, 6, 7, generator=torch.Generator().manual_seed(0), dtype=torch.float64).relu()
    norm = torch.nn.BatchNorm2d(5, eps=1e-12, momentum=1, dtype=torch.float64)
    norm(maps[None])
    mean, deviation = stats.mean_std(maps, epsilon=1e-30)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    torch.testing.assert_close(mean, norm.running_mean)
    torch.testing.assert_close(deviation, (norm.running_var * 41 / 42).sqrt())  # torch's has n - 1


def test_their_gradients_are_those_of_finite_differences() -> None:
    maps = torch.randn(3, 4, 5, generator=torch.Generator().manual_seed(2), dtype=torch.float64).requires_grad_()
    assert torch.autograd.gradcheck(lambda maps: stats.mean_std(maps, epsilon=1e-3), maps)


def test_a_dead_channel_has_a_finite_gradient() -> None:
    maps = torch.zeros(2, 3, 3, requires_grad=True)
    stats.mean_std(maps, epsilon=1e-5).sum().backward()
    assert maps.grad is not None
    assert torch.isfinite(maps.grad).all()


@pytest.mark.parametrize("epsilon", [0.0, -1.0, 1e-60, float("nan"), float("inf")])
def test_an_epsilon_without_a_finite_gradient_is_a_mistake(epsilon: float) -> None:
    with pytest.raises(UserError, match="epsilon is"):
        stats.mean_std(torch.zeros(2, 3, 3), epsilon=epsilon)


def test_epsilon_is_added_to_the_variance_and_the_smallest_of_float32_is_enough() -> None:
    maps = torch.tensor([[[1.0, 3.0]], [[2.0, 2.0]]], dtype=torch.float64)
    torch.testing.assert_close(stats.mean_std(maps, epsilon=8.0), maps.new_tensor([[2.0, 2.0], [3.0, 8.0**0.5]]))
    smallest = torch.finfo(torch.float32).tiny
    assert stats.mean_std(maps.float(), epsilon=smallest)[1, 1] == torch.tensor(smallest).sqrt()
