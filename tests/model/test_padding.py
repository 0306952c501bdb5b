"""What lies beyond the edges, against PyTorch's own padding, gradients included."""

import pytest
import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad

from stx.model.padding import Padded, convolved, mode

KINDS = {"zeros": "constant", "replicate": "replicate", "reflect": "reflect", "circular": "circular"}
"""As PyTorch calls them."""


def drawn(*size: int, seed: int = 0) -> Tensor:
    return torch.randn(*size, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [(6, 8), (5, 2), (2, 2), (3, 4)])
def test_a_convolution_beyond_the_edges_is_pytorchs_of_a_padded_copy_and_so_is_its_gradient(
    kind: str, size: tuple[int, int]
) -> None:
    kernel, bias, weights = drawn(7, 5, 3, 3), drawn(7, seed=1), drawn(1, 7, *size, seed=2)
    results = []
    for convolution in (
        lambda maps: convolved(maps, kernel, bias, kind),
        lambda maps: conv2d(pad(maps, (1, 1, 1, 1), mode=KINDS[kind]), kernel, bias),
    ):
        maps = drawn(1, 5, *size, seed=3).to(memory_format=torch.channels_last).requires_grad_()
        made = convolution(maps)
        results.append((made, *torch.autograd.grad((made * weights).sum(), maps)))
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize("kind", ["replicate", "reflect", "circular"])
def test_it_keeps_nothing_of_the_maps_for_its_gradient(kind: str) -> None:
    kernel, bias, kept = drawn(7, 5, 3, 3), drawn(7), list[Tensor]()
    maps = drawn(1, 5, 6, 8).requires_grad_()
    with torch.autograd.graph.saved_tensors_hooks(lambda tensor: kept.append(tensor) or tensor, lambda tensor: tensor):
        Padded.apply(maps, kernel, bias, kind)  # type: ignore[no-untyped-call]
    assert [tensor.shape for tensor in kept] == [kernel.shape]


@pytest.mark.parametrize("kind", ["reflect", "circular"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_maps_stay_channels_last_and_of_their_type(dtype: torch.dtype, kind: str) -> None:
    maps = drawn(1, 16, 6, 8).to(dtype, memory_format=torch.channels_last).requires_grad_()
    kernel, bias = drawn(16, 16, 3, 3).to(dtype, memory_format=torch.channels_last), drawn(16).to(dtype)
    made = convolved(maps, kernel, bias, kind)
    assert made.is_contiguous(memory_format=torch.channels_last)
    (gradient,) = torch.autograd.grad(made.float().sum(), maps)
    assert made.dtype == gradient.dtype == dtype
    assert gradient.stride(1) == 1  # a channel beside the other


@pytest.mark.parametrize(
    ("padding", "first", "others"),
    [
        ("zeros", "zeros", "zeros"),
        ("replicate", "replicate", "replicate"),
        ("reflect", "reflect", "reflect"),
        ("replicate_first", "replicate", "zeros"),
        ("reflect_first", "reflect", "zeros"),
        ("circular", "circular", "circular"),
    ],
)
def test_which_layer_is_padded_how(padding: str, first: str, others: str) -> None:
    assert mode(padding, "conv1_1") == first
    assert {mode(padding, layer) for layer in ("conv1_2", "conv2_1", "conv5_4")} == {others}
