"""Guides of regions at the network's layers: how much of what a position sees is in a region (Gatys et al. 2017)."""

from collections.abc import Collection, Iterator, Mapping

from torch import Tensor
from torch.nn.functional import avg_pool2d

from stx.config.layers import LAYERS
from stx.model.parts import Part
from stx.model.terms import PICTURE, Weights
from stx.model.vgg import AFTER_POOLING

LEAST = 1e-30
"""Sum of a guide's squares below which no position counts as within."""

Weighed = Mapping[str, Mapping[str, Tensor]]
"""Weights of the positions of one picture, by region and layer."""


def through(guide: Tensor, layers: Collection[str]) -> Iterator[tuple[str, Tensor]]:
    """Yield the guide (h, w) in [0, 1] at each of the layers, from a guide (H, W) of the picture.

    In place of each 3 x 3 convolution stands the mean of the positions that it sees, in place of each pooling the mean
    of its window: a position in the middle of a region has 1, one that sees the region's edge less. Gatys et al. 2017
    shrink a guide until no position of a region sees anything else, or only resize it; this lies between the two.
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
    """The weights of positions at each layer: `T^2 / sum T^2` (h, w), for the guide T at that layer.

    For an empty guide all weights are zero. Any other guide has weights at every layer: what lies in a row that a
    pooling leaves out has been seen by the row before it.
    """
    squares = {layer: at.square() for layer, at in through(guide, layers)}
    return {layer: each / each.sum().clamp(min=LEAST) for layer, each in squares.items()}


def regions_weights(guides: Mapping[str, Tensor], layers: Collection[str]) -> dict[str, dict[str, Tensor]]:
    """The `weights` of each region of a picture."""
    return {region: weights(guide, layers) for region, guide in guides.items()}


def weights_at(part: Part, weighed: Weighed) -> Weights:
    """The weights of the positions that a part looks at; None if the picture has no guide of the part's region."""
    of_region = weighed.get(part.term.region) if part.term.region is not None else None
    if of_region is None:
        return None
    each = [of_region[layer] for layer in part.layers]
    return each if part.term.joint else each[0]
