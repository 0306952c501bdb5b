"""The sums that parts of a loss are made from, over a picture that goes through the network block by block."""

from collections.abc import Callable, Collection, Mapping, Sequence

import torch
from torch import Tensor

from stx.config.layers import LAYERS
from stx.model.blocks import Block, gathered, kind_of, local, map_size, settings
from stx.model.magnitudes import largest
from stx.model.parts import Part, at_place
from stx.model.terms import Features
from stx.model.vgg import VGG19, kept_as
from stx.stats.gathered import Core, Gathered, Size, Sums
from stx.stats.precision import wide

Computed = dict[Part, Sums]
SumsOf = Callable[[Part, Features, Sequence[Core], Block], Sums]
PROBE = torch.zeros(2, 1, 1), Core(slice(0, 1), slice(0, 1))
"""Features and core on which a statistic is asked whether it needs sums beforehand."""


def picture_size(maps: Tensor) -> Size:
    return maps.shape[1], maps.shape[2]


def bound(part: Part) -> dict[str, object]:
    return settings(part.statistic)


def form_of(part: Part) -> Gathered:
    """How a part that is not local is gathered. Every such part says so: others have been refused before."""
    form = gathered(part.statistic)
    assert form is not None
    return form


def in_two(part: Part) -> bool:
    """Whether the part needs sums over the whole picture before its own, and so two passes over the blocks."""
    return not local(part.statistic) and bool(form_of(part).before(*PROBE, **bound(part)))


def first_sums(part: Part, features: Features, cores: Sequence[Core], block: Block) -> Sums:
    return form_of(part).before(features, part.term.of(cores), **bound(part))


def local_sums(part: Part, features: Tensor, core: Core) -> Sums:
    """The sums of a part that is compared position by position: its distance, and the squares of our values."""
    assert part.target is not None
    assert part.term.distance is not None
    ours, target = core.of(part.statistic(features)), core.whole.of(part.target)
    share = 1.0 if kind_of(part.term) == "sum" else ours.numel() / part.target.numel()
    return wide(part.term.distance(ours, target)) * share, wide(ours.detach().square().sum())


def as_leaves(sums: Mapping[Part, Sums]) -> Computed:
    """The sums as leaves of a new graph."""
    return {part: tuple(each.detach().requires_grad_() for each in of) for part, of in sums.items()}


def assembled(vgg: VGG19, picture: Tensor, blocks: Sequence[Block], layer: str) -> Tensor:
    """A layer's features (D, H, W) of the whole picture, float32."""
    size = map_size(layer, picture_size(picture))
    whole = picture.new_empty(*size, LAYERS[layer]).permute(2, 0, 1)
    for block in blocks:
        for name, maps in vgg.stream(block.of(picture), [layer]):
            if name == layer:
                core = block.core(layer, picture_size(maps))
                core.whole.of(whole).copy_(core.of(maps))
    return whole


def added_up(
    vgg: VGG19, picture: Tensor, blocks: Sequence[Block], parts: Sequence[Part], sums: SumsOf
) -> tuple[Computed, dict[str, Tensor]]:
    """The sums of some parts over a whole picture, and the largest magnitude in each layer."""
    total, peaks = Computed(), dict[str, Tensor]()
    for block in blocks if parts else ():
        computed, largest_here = through(vgg, block.of(picture), block, parts, sums)
        for part, each in computed.items():
            total[part] = tuple(a + b for a, b in zip(total[part], each, strict=True)) if part in total else each
        for layer, peak in largest_here.items():
            peaks[layer] = torch.maximum(peaks[layer], peak) if layer in peaks else peak
    return total, peaks


def through(
    vgg: VGG19, crop: Tensor, block: Block, parts: Collection[Part], sums: SumsOf
) -> tuple[Computed, dict[str, Tensor]]:
    """Send one block through the network: what `sums` makes of its features, by part, and the largest magnitudes."""
    computed, peaks = Computed(), dict[str, Tensor]()
    waiting, cores = dict[str, Tensor](), dict[str, Core]()
    for layer, maps in vgg.stream(crop, {layer for part in parts for layer in part.layers}):
        features = maps.float()
        cores[layer] = block.core(layer, picture_size(maps))
        peaks[layer] = largest([cores[layer].of(maps)])[0]
        if any(part.term.joint and layer in part.layers for part in parts):
            waiting[layer] = features
        with kept_as(maps, features):
            for part in parts:
                if part.layers[-1] == layer:
                    at = [cores[each] for each in part.layers]
                    computed[part] = sums(part, at_place(part, waiting, features), at, block)
    return computed, peaks
