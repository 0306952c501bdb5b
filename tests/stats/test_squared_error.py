"""Against the plain formula in float64, in its memory format."""

import pytest
import torch

from stx.stats.squared_error import squared_error


def values(seed: int, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    maps = torch.randn(1, 5, 4, 3, generator=torch.Generator().manual_seed(seed), dtype=dtype)
    return maps.to(memory_format=torch.channels_last).squeeze(0)


def test_it_is_the_sum_of_squared_differences_with_its_gradients() -> None:
    ours, target = values(1).requires_grad_(), values(2).requires_grad_()
    pairs = zip(ours.detach().flatten().tolist(), target.detach().flatten().tolist(), strict=True)
    assert float(squared_error(ours, target, 0.3).detach()) == pytest.approx(
        0.3 * sum((a - b) ** 2 for a, b in pairs), rel=1e-12
    )
    assert torch.autograd.gradcheck(squared_error, (ours, target, 0.3))


def test_its_gradient_lies_as_the_values_do() -> None:
    ours = values(1, torch.float32).requires_grad_()
    squared_error(ours, values(2, torch.float32), 1.0).backward()
    assert ours.grad is not None
    assert ours.grad.stride() == ours.stride()
    torch.testing.assert_close(ours.grad, 2 * (values(1, torch.float32) - values(2, torch.float32)))


def test_what_is_not_finite_stays_so() -> None:
    ours = values(1)
    ours[0, 0, 0] = torch.inf
    assert squared_error(ours, values(2), 1.0) == torch.inf
