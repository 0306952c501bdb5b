"""Padding of the maps that VGG19 convolves: one position on every side, as its kernels are 3 x 3."""

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad
from torch.nn.grad import conv2d_input

from stx.stats.wrapped import wrapped

ZEROS, REFLECT, CIRCULAR = "zeros", "reflect", "circular"
FIRST = "conv1_1"


def mode(padding: str, layer: str) -> str:
    """The kind of padding at a layer: zeros, replicate, reflect or circular.

    An option that ends in `_first`, such as replicate_first, stands for that kind at conv1_1 and zeros elsewhere.
    """
    kind, _, first = padding.partition("_")
    return ZEROS if first and layer != FIRST else kind


class Padded(torch.autograd.Function):
    """A convolution of padded maps (1, D, H, W), with a kernel that needs no gradient.

    It saves nothing of the maps, whereas PyTorch would save their padded copy. The gradient at a position beyond an
    edge is added to that at the position it copies, in a fixed order on every device: the gradient of PyTorch's own
    padding differs from run to run on a GPU.
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
    """Pad maps (1, D, H, W) by one position on every side: (1, D, H + 2, W + 2), in their memory format."""
    return wrapped(maps, 1) if kind == CIRCULAR else pad(maps, (1, 1, 1, 1), mode=kind)


def folded(gradient: Tensor, kind: str) -> Tensor:
    """Gradient of padded maps (1, D, H + 2, W + 2), which is changed in place -> gradient of the maps (1, D, H, W)."""
    shown = 2 if kind == REFLECT else 1
    for dimension in (2, 3):
        last = gradient.shape[dimension] - 1
        ends = (last - 1, 1) if kind == CIRCULAR else (shown, last - shown)
        for outside, inside in zip((0, last), ends, strict=True):
            gradient.select(dimension, inside).add_(gradient.select(dimension, outside))
    return gradient[:, :, 1:-1, 1:-1]


def convolved(maps: Tensor, kernel: Tensor, bias: Tensor, kind: str) -> Tensor:
    """Convolve maps to maps of the same height and width, with the `kind` of padding that `mode` returns."""
    if kind == ZEROS:
        return conv2d(maps, kernel, bias, padding=1)
    convolution: Tensor = Padded.apply(maps, kernel, bias, kind)  # type: ignore[no-untyped-call]
    return convolution
