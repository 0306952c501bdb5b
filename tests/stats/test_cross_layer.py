"""Correlations across layers against the published upsampling."""

import pytest
import torch
from torch import Tensor

from stx.stats import cross_layer_gram


def maps(seed: int, channels: int, height: int, width: int) -> Tensor:
    return torch.rand(channels, height, width, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("factor", [1, 2, 4])
def test_it_is_the_product_with_the_deep_layer_upsampled(factor: int) -> None:
    deep = maps(1, 5, 3, 4)
    shallow = maps(0, 2, 3 * factor, 4 * factor)
    upsampled = deep.repeat_interleave(factor, 1).repeat_interleave(factor, 2)
    expected = torch.einsum("kyx,wyx->kw", shallow, upsampled) / shallow[0].numel()
    torch.testing.assert_close(cross_layer_gram([shallow, deep]), expected)


def test_sizes_that_are_no_multiples_have_one_too_and_its_gradient_is_right() -> None:
    shallow, deep = maps(0, 2, 5, 7).requires_grad_(), maps(1, 3, 2, 3).requires_grad_()
    assert cross_layer_gram([shallow, deep]).shape == (2, 3)
    assert torch.autograd.gradcheck(lambda one, other: cross_layer_gram([one, other]), (shallow, deep))
