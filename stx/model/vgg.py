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
    """Of the file they came from; of the generator's name and seed for random ones."""


def shortest_side(layer: str, padding: str = ZEROS) -> int:
    """Pixels that a picture's shorter side needs for `layer` to have a position, and two where it is to be mirrored."""

    def needed(name: str) -> int:
        halvings = int(name.removeprefix("conv").partition("_")[0]) - 1
        return (2 if mode(padding, name) == REFLECT else 1) * 2**halvings

    return max(needed(name) for name in ("conv1_1", layer))


class VGG19(nn.Module):
    """VGG19's convolutions, up to the last layer that is asked for; frozen.

    Features stay raw. Average pooling gives smaller ones than the max pooling that the weights were trained with
    (Gatys et al. 2015 preferred its pictures); `rescale` is a factor on what each pooling gives, which the kernel
    behind it takes: it costs nothing. `padding` is what stands beyond the edges of pictures and maps; the weights were
    trained with zeros, which dull a picture's rim.

    `dtype` is that of weights and features. The one place for the memory format: channels last, in which the
    convolutions of bfloat16 run about twice as fast on a CPU that has it. With `checkpointing` the maps between two
    layers that are asked for are not kept for the gradient but computed again: one more forward pass a step.
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
        self.order: Tensor  # on the device: a list would be copied there in every step, which waits
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
        """The same one by one, in network order; of a picture with a `padding` of its own, such as a tile's.

        Whoever is done with a layer before the next saves its memory, and its gradient's: PyTorch goes back in the
        order in which things were made, so that what is made of a layer at once waits until its turn comes.
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
        """What some stages, convolutions by name among them, make of maps (1, D, H, W)."""
        padding = self.padding if padding is None else padding
        for stage in stages:
            if stage == POOL:
                maps = self.pool(maps)
            elif stage == RELU:
                maps = maps.relu_()  # upon what was just made: a tapped map is the one after it, which stays as it is
            else:
                kernel, bias = self.get_buffer(f"{stage}_kernel"), self.get_buffer(f"{stage}_bias")
                maps = convolved(maps, kernel, bias, mode(padding, stage))
        return maps


def kept_as(maps: Tensor, features: Tensor) -> saved_tensors_hooks:
    """While it is entered, what is kept for the gradient of `features`, which are `maps` in float32, is kept as `maps`.

    They are there anyway, in half the memory; converting them again takes a hundredth of a step.
    """
    wide = features.untyped_storage().data_ptr()  # the hooks live as long as what they keep: not `features` itself

    def pack(tensor: Tensor) -> tuple[Tensor, torch.dtype]:
        if tensor.untyped_storage().data_ptr() == wide:
            return maps.detach().as_strided(tensor.shape, tensor.stride(), tensor.storage_offset()), tensor.dtype
        return tensor.detach(), tensor.dtype  # with its history, an output that is kept would hold itself forever

    def unpack(kept: tuple[Tensor, torch.dtype]) -> Tensor:
        return kept[0].to(kept[1])

    return saved_tensors_hooks(pack, unpack)


def segments(
    names: Sequence[str], tapped: Collection[str], *, commuting: bool
) -> Iterator[tuple[str | None, list[str]]]:
    """The network's stages up to the last of `tapped`, cut behind each of those, which is named, and behind pooling.

    With a pooling that commutes with ReLU, ReLU comes behind it: a quarter of the map to compute and to keep.
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
