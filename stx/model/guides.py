"""Guides of regions, brought through the network: how much of what a position sees lies within (Gatys et al. 2017)."""

from collections.abc import Collection, Iterator, Mapping

from torch import Tensor
from torch.nn.functional import avg_pool2d

from stx.config.layers import LAYERS
from stx.model.parts import Part
from stx.model.terms import PICTURE, Weights
from stx.model.vgg import AFTER_POOLING

LEAST = 1e-30
"""Sum of a guide's squares, below which no position is within."""

Weighed = Mapping[str, Mapping[str, Tensor]]
"""What positions weigh, by region and layer, in one picture."""


def through(guide: Tensor, layers: Collection[str]) -> Iterator[tuple[str, Tensor]]:
    """The guide (h, w) at each of the layers, in [0, 1], of one of the picture (H, W).

    Every convolution of 3 x 3 takes the mean of the positions that it sees, every pooling the mean of its window: a
    position in the middle of a region has 1, one that sees its edge less. Gatys et al. 2017 shrink a guide until no
    position of a region sees anything else, or only resize it; this lies between.
    """
    if PICTURE in layers:
        yield PICTURE, guide
    last = max((place for place, name in enumerate(LAYERS) if name in layers), default=-1)
    maps = guide[None, None]
    for name in [*LAYERS][: last + 1]:
        if name in AFTER_POOLING:
            maps = avg_pool2d(maps, 2)
        maps = avg_pool2d(maps, 3, stride=1, padding=1, count_include_pad=False)
        if name in layers:
            yield name, maps[0, 0]


def weights(guide: Tensor, layers: Collection[str]) -> dict[str, Tensor]:
    """`T^2 / sum T^2` (h, w) of the guide T at each layer: what each position weighs there.

    Of an empty guide nothing weighs. Of no other one is a layer empty: what lies in a row that a pooling leaves out has
    been seen by the row before.
    """
    squares = {layer: at.square() for layer, at in through(guide, layers)}
    return {layer: each / each.sum().clamp(min=LEAST) for layer, each in squares.items()}


def regions_weights(guides: Mapping[str, Tensor], layers: Collection[str]) -> dict[str, dict[str, Tensor]]:
    """The same for each region of a picture."""
    return {region: weights(guide, layers) for region, guide in guides.items()}


def weights_at(part: Part, weighed: Weighed) -> Weights:
    """Of the positions that a part looks at, in a picture in which regions are weighed so; None without its own."""
    of_region = weighed.get(part.term.region) if part.term.region is not None else None
    if of_region is None:
        return None
    each = [of_region[layer] for layer in part.layers]
    return each if part.term.joint else each[0]
