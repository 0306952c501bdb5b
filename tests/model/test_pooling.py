"""Pooling against PyTorch's own, gradients included."""

import pytest
import torch
from torch.nn.functional import max_pool2d

from stx.model.pooling import avg_pool, l2_pool, max_pool


@pytest.mark.parametrize("size", [(6, 8), (7, 9), (2, 3)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_max_pooling_is_pytorchs_and_so_is_its_gradient(size: tuple[int, int], dtype: torch.dtype) -> None:
    results = []
    for pool in (max_pool, lambda maps: max_pool2d(maps, 2)):
        maps = torch.randn(1, 5, *size, generator=torch.Generator().manual_seed(0)).to(dtype)
        maps = maps.to(memory_format=torch.channels_last).requires_grad_()
        pooled = pool(maps)
        (pooled * torch.arange(pooled.numel()).view_as(pooled)).sum().backward()
        assert maps.grad is not None
        results.append((pooled, maps.grad, maps.grad.stride()))
    for ours, theirs in zip(*results, strict=True):
        assert torch.equal(ours, theirs) if isinstance(ours, torch.Tensor) else ours == theirs


def test_relu_commutes_with_max_pooling_gradient_and_all() -> None:
    maps = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    maps[0, 0, :4] = -1  # windows without anything active
    first, last = maps.clone().requires_grad_(), maps.clone().requires_grad_()
    max_pool(first.relu()).square().sum().backward()
    max_pool(last).relu().square().sum().backward()
    assert torch.equal(first.grad, last.grad)  # type: ignore[arg-type]


def test_max_pooling_keeps_places_and_not_its_input_for_the_gradient() -> None:
    maps = torch.randn(1, 2, 8, 8, requires_grad=True)
    kept: list[torch.Tensor] = []
    with torch.autograd.graph.saved_tensors_hooks(lambda tensor: kept.append(tensor) or tensor, lambda tensor: tensor):
        max_pool(maps)
    assert [tuple(tensor.shape) for tensor in kept] == [(1, 2, 4, 4)]


def test_l2_pooling_is_the_root_mean_square_with_a_finite_gradient_at_zero() -> None:
    maps = torch.zeros(1, 1, 4, 4, dtype=torch.float64)
    maps[0, 0, 2:, 2:] = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    maps.requires_grad_()
    pooled = l2_pool(maps)
    pooled.sum().backward()
    assert float(pooled.detach()[0, 0, 1, 1]) == pytest.approx((30 / 4) ** 0.5)
    assert maps.grad is not None
    assert torch.isfinite(maps.grad).all()


def test_average_pooling_is_the_mean_of_each_window_and_leaves_out_what_fills_none() -> None:
    maps = torch.arange(20.0).reshape(1, 1, 4, 5)
    assert avg_pool(maps).tolist() == [[[[3.0, 5.0], [13.0, 15.0]]]]
