"""VGG19 (Simonyan & Zisserman 2015) as a feature extractor: picture -> {"conv1_1": Tensor, ...}."""

from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, conv2d, max_pool2d, relu

CHANNELS = {1: (64, 64), 2: (128, 128), 3: (256,) * 4, 4: (512,) * 4, 5: (512,) * 4}
"""Output channels of each block's convolutions; a pooling of stride 2 stands between blocks."""

LAYERS: dict[str, int] = {
    f"conv{block}_{index}": channels
    for block, convolutions in CHANNELS.items()
    for index, channels in enumerate(convolutions, start=1)
}
"""Channels of every layer by name, in network order."""


class Preprocessing(NamedTuple):
    """How a picture in RGB and [0, 1] enters the network that its weights were trained for."""

    order: tuple[int, int, int]
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


CAFFE = Preprocessing(
    order=(2, 1, 0),  # BGR; 0-255 with only the mean subtracted
    mean=(103.939 / 255, 116.779 / 255, 123.68 / 255),
    std=(1 / 255, 1 / 255, 1 / 255),
)
IMAGENET = Preprocessing(order=(0, 1, 2), mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))


class Weights(NamedTuple):
    """Float32 convolutions by layer name, (kernel, bias), with the preprocessing that belongs to them."""

    convolutions: Mapping[str, tuple[Tensor, Tensor]]
    preprocessing: Preprocessing
    sha256: str
    """Of the file they came from; of the generator's name and seed for random ones."""


def l2_pool2d(maps: Tensor, kernel_size: int) -> Tensor:
    """Root mean square of each window.

    The small constant keeps the gradient finite where a whole window is zero, as ReLU makes many; it is 1e-3 at
    most in the output, where raw activations are of the order of 100.
    """
    return (avg_pool2d(maps.square(), kernel_size) + 1e-6).sqrt()


POOLING: dict[str, Callable[[Tensor, int], Tensor]] = {"max": max_pool2d, "avg": avg_pool2d, "l2": l2_pool2d}


def shortest_side(layer: str) -> int:
    """Pixels that a picture's shorter side needs for `layer` to have at least one position."""
    block = int(layer.removeprefix("conv").partition("_")[0])
    return 2 ** (block - 1)


class VGG19(nn.Module):
    """VGG19's convolutions, up to the last layer that is asked for; frozen.

    Features stay raw. Average pooling gives smaller ones than the max pooling that the weights were trained with
    (Gatys et al. 2015 preferred its pictures); any rescaling is a constant in the losses.

    `dtype` is that of weights and features. The one place for the memory format: channels last, in which the
    convolutions of bfloat16 run about twice as fast on a CPU that has it.
    """

    def __init__(self, weights: Weights, pooling: str, last_layer: str, dtype: torch.dtype = torch.float32):
        super().__init__()
        self.pool = POOLING[pooling]
        names = list(LAYERS)
        self.layers = names[: names.index(last_layer) + 1]
        for name in self.layers:
            kernel, bias = weights.convolutions[name]
            kernel = kernel.to(dtype, memory_format=torch.channels_last)
            self.register_buffer(f"{name}_kernel", kernel)
            self.register_buffer(f"{name}_bias", bias.to(dtype))
        order, mean, std = weights.preprocessing
        self.order: Tensor  # on the device: a list would be copied there in every step, which waits
        self.register_buffer("order", torch.tensor(order))
        self.mean: Tensor
        self.std: Tensor
        self.register_buffer("mean", torch.tensor(mean).view(3, 1, 1))
        self.register_buffer("std", torch.tensor(std).view(3, 1, 1))

    def forward(self, picture: Tensor, layers: Collection[str]) -> dict[str, Tensor]:
        """Features (D, H, W) after the ReLU of each of `layers`, for a picture (3, H, W) in RGB and [0, 1]."""
        normalised = (picture.index_select(0, self.order) - self.mean) / self.std
        dtype = self.get_buffer("conv1_1_kernel").dtype
        maps = normalised[None].to(dtype, memory_format=torch.channels_last)
        features = {}
        for name in self.layers:
            if name.endswith("_1") and name != "conv1_1":
                maps = self.pool(maps, 2)
            kernel, bias = self.get_buffer(f"{name}_kernel"), self.get_buffer(f"{name}_bias")
            # Not in place: a captured map must not be overwritten by what follows.
            maps = relu(conv2d(maps, kernel, bias, padding=1))
            if name in layers:
                features[name] = maps.squeeze(0)
        return features
