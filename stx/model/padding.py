"""What stands beyond the edges of the maps that VGG19 convolves: by 3 x 3 kernels, one position on every side."""

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad
from torch.nn.grad import conv2d_input

from stx.stats.wrapped import wrapped

ZEROS, REFLECT, CIRCULAR = "zeros", "reflect", "circular"
FIRST = "conv1_1"


def mode(padding: str, layer: str) -> str:
    """zeros, replicate, reflect or circular: what an option, such as replicate_first for conv1_1, is at a layer."""
    kind, _, first = padding.partition("_")
    return ZEROS if first and layer != FIRST else kind


class Padded(torch.autograd.Function):
    """A convolution of maps (1, D, H, W) that go on beyond their edges, by a kernel that has no gradient.

    It keeps nothing of the maps, where PyTorch would keep their padded copy. What comes back to a position beyond an
    edge is added to the one that it shows, in an order of its own on every device: PyTorch's own gradient of such a
    padding differs from run to run on a card.
    """

    @staticmethod
    def forward(maps: Tensor, kernel: Tensor, bias: Tensor, kind: str) -> Tensor:
        return conv2d(beyond(maps, kind), kernel, bias)

    @staticmethod
    def setup_context(context: Any, inputs: tuple[Tensor, Tensor, Tensor, str], output: Tensor) -> None:
        maps, kernel, _, context.kind = inputs
        context.size = (*maps.shape[:2], maps.shape[2] + 2, maps.shape[3] + 2)
        context.save_for_backward(kernel)

    @staticmethod
    def backward(context: Any, gradient: Tensor) -> tuple[Tensor, None, None, None]:
        (kernel,) = context.saved_tensors
        padded: Tensor = conv2d_input(context.size, kernel, gradient)  # type: ignore[no-untyped-call]
        return folded(padded, context.kind), None, None, None


def beyond(maps: Tensor, kind: str) -> Tensor:
    """Maps (1, D, H, W) with one position more on every side: (1, D, H + 2, W + 2), in their memory format."""
    return wrapped(maps, 1) if kind == CIRCULAR else pad(maps, (1, 1, 1, 1), mode=kind)


def folded(gradient: Tensor, kind: str) -> Tensor:
    """Of padded maps (1, D, H + 2, W + 2), which it changes -> of the maps (1, D, H, W)."""
    shown = 2 if kind == REFLECT else 1
    for dimension in (2, 3):
        last = gradient.shape[dimension] - 1
        ends = (last - 1, 1) if kind == CIRCULAR else (shown, last - shown)
        for outside, inside in zip((0, last), ends, strict=True):
            gradient.select(dimension, inside).add_(gradient.select(dimension, outside))
    return gradient[:, :, 1:-1, 1:-1]


def convolved(maps: Tensor, kernel: Tensor, bias: Tensor, kind: str) -> Tensor:
    """Maps of the same height and width; `kind` as `mode` gives it."""
    if kind == ZEROS:
        return conv2d(maps, kernel, bias, padding=1)
    convolution: Tensor = Padded.apply(maps, kernel, bias, kind)  # type: ignore[no-untyped-call]
    return convolution
