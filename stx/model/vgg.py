"""VGG19 (Simonyan & Zisserman 2015) as a feature extractor: picture -> {"conv1_1": Tensor, ...}."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks
from torch.utils.checkpoint import checkpoint

from stx.config.layers import CHANNELS, LAYERS
from stx.model.padding import REFLECT, ZEROS, convolved, mode
from stx.model.pooling import POOLING, max_pool

AFTER_POOLING = frozenset(f"conv{block}_1" for block in CHANNELS if block > 1)
POOL, RELU = "pool", "relu"


class Preprocessing(NamedTuple):
    """How a picture in RGB and [0, 1] becomes the input that a network's weights were trained for."""

    order: tuple[int, int, int]
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


CAFFE = Preprocessing(
    order=(2, 1, 0),  # BGR; 0-255 with only the mean subtracted
    mean=(103.939 / 255, 116.779 / 255, 123.68 / 255),
    std=(1 / 255, 1 / 255, 1 / 255),
)
IMAGENET = Preprocessing(order=(0, 1, 2), mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))


def zero(preprocessing: Preprocessing) -> Tensor:
    """The colour (3, 1, 1), RGB in [0, 1], that enters the network as zero."""
    mean = torch.zeros(3)
    mean[list(preprocessing.order)] = torch.tensor(preprocessing.mean)
    return mean[:, None, None]


class Weights(NamedTuple):
    """Float32 convolutions by layer name, (kernel, bias), with the preprocessing that belongs to them."""

    convolutions: Mapping[str, tuple[Tensor, Tensor]]
    preprocessing: Preprocessing
    sha256: str
    """Hash of the file that they came from; for random weights, of the generator's name and seed."""


def shortest_side(layer: str, padding: str = ZEROS) -> int:
    """Pixels that a picture's shorter side needs for `layer` to have a position, or two if its padding is reflect."""

    def needed(name: str) -> int:
        halvings = int(name.removeprefix("conv").partition("_")[0]) - 1
        return (2 if mode(padding, name) == REFLECT else 1) * 2**halvings

    return max(needed(name) for name in ("conv1_1", layer))


class VGG19(nn.Module):
    """VGG19's convolutions, up to the last layer that is asked for; frozen.

    Features stay raw. Average pooling (whose pictures Gatys et al. 2015 preferred) gives smaller features than the max
    pooling that the weights were trained with; `rescale` multiplies the output of each pooling, and costs nothing, as
    the next kernel is multiplied instead. `padding` is the kind of padding of pictures and maps; the weights were
    trained with zeros, which dull a picture's rim.

    `dtype` is the type of weights and features. Their memory format is chosen here alone: channels last, in which
    bfloat16 convolutions run about twice as fast on a CPU that supports them. With `checkpointing`, the maps between
    two layers that are asked for are not kept for the gradient but computed again: one more forward pass per step.
    """

    def __init__(
        self,
        weights: Weights,
        pooling: str,
        last_layer: str,
        dtype: torch.dtype = torch.float32,
        checkpointing: bool = False,
        padding: str = ZEROS,
        rescale: float = 1.0,
    ):
        super().__init__()
        self.pool = POOLING[pooling]
        self.padding = padding
        self.checkpointing = checkpointing
        names = list(LAYERS)
        self.layers = names[: names.index(last_layer) + 1]
        for name in self.layers:
            kernel, bias = weights.convolutions[name]
            if name in AFTER_POOLING:
                kernel = kernel * rescale
            kernel = kernel.to(dtype, memory_format=torch.channels_last)
            self.register_buffer(f"{name}_kernel", kernel)
            self.register_buffer(f"{name}_bias", bias.to(dtype))
        order, mean, std = weights.preprocessing
        self.order: Tensor  # a buffer: a list would be copied to the device in every step, which has to wait for it
        self.register_buffer("order", torch.tensor(order))
        self.mean: Tensor
        self.std: Tensor
        self.register_buffer("mean", torch.tensor(mean).view(3, 1, 1))
        self.register_buffer("std", torch.tensor(std).view(3, 1, 1))

    def forward(self, picture: Tensor, layers: Collection[str]) -> dict[str, Tensor]:
        """Features (D, H, W) after the ReLU of each of `layers`, for a picture (3, H, W) in RGB and [0, 1]."""
        return dict(self.stream(picture, layers))

    def stream(
        self, picture: Tensor, layers: Collection[str], padding: str | None = None
    ) -> Iterator[tuple[str, Tensor]]:
        """Yield the same features one layer at a time, in network order.

        `padding` replaces the network's own, for a picture such as a tile. To be done with a layer before asking for
        the next saves the memory of its features, and of their gradient: PyTorch goes backward in the reverse order of
        creation, so the gradient of what was computed from a layer at once is computed only when it is needed.
        """
        normalised = (picture.index_select(0, self.order) - self.mean) / self.std
        dtype = self.get_buffer("conv1_1_kernel").dtype
        maps = normalised[None].to(dtype, memory_format=torch.channels_last)
        for name, stages in segments(self.layers, layers, commuting=self.pool is max_pool):
            if self.checkpointing and len(stages) > 2:  # one convolution and its ReLU keep nothing but the output
                maps = checkpoint(self.computed, maps, stages, padding, use_reentrant=False, preserve_rng_state=False)
            else:
                maps = self.computed(maps, stages, padding)
            if name:
                yield name, maps.squeeze(0)

    def computed(self, maps: Tensor, stages: Sequence[str], padding: str | None) -> Tensor:
        """Apply stages to maps (1, D, H, W): POOL, RELU, or a convolution by its name."""
        padding = self.padding if padding is None else padding
        for stage in stages:
            if stage == POOL:
                maps = self.pool(maps)
            elif stage == RELU:
                maps = maps.relu_()  # in place: nobody holds the map before it, as layers are tapped after their ReLU
            else:
                kernel, bias = self.get_buffer(f"{stage}_kernel"), self.get_buffer(f"{stage}_bias")
                maps = convolved(maps, kernel, bias, mode(padding, stage))
        return maps


def kept_as(maps: Tensor, features: Tensor) -> saved_tensors_hooks:
    """A context in which autograd saves `maps` where it would save `features`, the same in float32.

    `maps` exist anyway, in half the memory; converting them again takes a hundredth of a step.
    """
    wide = features.untyped_storage().data_ptr()  # not `features`: the hooks live as long as the tensors they save

    def pack(tensor: Tensor) -> tuple[Tensor, torch.dtype]:
        if tensor.untyped_storage().data_ptr() == wide:
            return maps.detach().as_strided(tensor.shape, tensor.stride(), tensor.storage_offset()), tensor.dtype
        return tensor.detach(), tensor.dtype  # an output that is saved with its graph would keep itself alive forever

    def unpack(kept: tuple[Tensor, torch.dtype]) -> Tensor:
        return kept[0].to(kept[1])

    return saved_tensors_hooks(pack, unpack)


def segments(
    names: Sequence[str], tapped: Collection[str], *, commuting: bool
) -> Iterator[tuple[str | None, list[str]]]:
    """The network's stages up to the last of `tapped`, cut after each tapped layer and after each pooling.

    Yields the layer's name, or None, with the stages. If the pooling is `commuting` with ReLU, ReLU comes after it,
    where only a quarter of the map has to be computed and kept.
    """
    last = max((place for place, name in enumerate(names) if name in tapped), default=-1)
    stages: list[str] = []
    for name, following in pairwise([*names[: last + 1], ""]):
        stages.append(name)
        if name in tapped:
            yield name, [*stages, RELU]
            stages = []
        elif following not in AFTER_POOLING:
            stages.append(RELU)
        if following in AFTER_POOLING:
            unrectified = [POOL, RELU] if commuting else [RELU, POOL]
            yield None, [*stages, *unrectified] if stages else [POOL]
            stages = []
