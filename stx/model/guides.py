"""Guides of regions, brought through the network: how much of what a position sees lies within (Gatys et al. 2017)."""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d

from stx.config.layers import LAYERS
from stx.model.parts import Part
from stx.model.terms import PICTURE, Weights
from stx.model.vgg import AFTER_POOLING

LEAST = 1e-12
"""Sum of a guide's squares, below which no position is within."""


def through(guide: Tensor, layer: str) -> Tensor:
    """The guide (h, w) at a layer, in [0, 1], of one of the picture (H, W).

    Every convolution of 3 x 3 takes the mean of the positions that it sees, every pooling the mean of its window: a
    position in the middle of a region has 1, one that sees its edge less. Gatys et al. 2017 shrink a guide until no
    position of a region sees anything else, or only resize it; this lies between, and no region is ever left empty.
    """
    maps = guide[None, None]
    for name in LAYERS if layer != PICTURE else ():
        if name in AFTER_POOLING:
            maps = avg_pool2d(maps, 2)
        maps = avg_pool2d(maps, 3, stride=1, padding=1, count_include_pad=False)
        if name == layer:
            break
    return maps[0, 0]


def weights_of(guide: Tensor, layer: str) -> Tensor:
    """`T^2 / sum T^2` (h, w) of the guide at a layer: what each position weighs there."""
    squares = through(guide, layer).square()
    total = squares.sum()
    return torch.where(total > LEAST, squares / total.clamp(min=LEAST), torch.full_like(squares, 1 / squares.numel()))


def weights_at(part: Part, guides: Mapping[str, Tensor]) -> Weights:
    """Of the positions that a part looks at, in a picture with such guides by region; None without its own."""
    guide = guides.get(part.term.region) if part.term.region is not None else None
    if guide is None:
        return None
    weights = [weights_of(guide, layer) for layer in part.layers]
    return weights if part.term.joint else weights[0]
