"""Masks: pictures whose flat colours name regions. Equal colours in two masks are one region; edges may be soft."""

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import interpolate

from stx.errors import UserError
from stx.pictures.palette import APART, Colour, called, labels, left_out, matches, palette
from stx.pictures.sizes import Size, is_squashed

LONGEST = 2048
"""Most pixels of a mask's longer side. Larger masks are reduced to it."""
NOTHING = 1e-6
"""A region with no larger share of a picture counts as absent."""


class Regions(NamedTuple):
    """The regions that masks define."""

    shares: dict[str, float]
    """Shares of the photograph, by region, such as "ff0000"."""
    guides: dict[str, dict[str, Tensor]]
    """How far each pixel belongs to a region, by picture ("content", "style", "style_2") and region: (H, W) of the size
    of the picture's mask, in [0, 1]."""
    notes: tuple[str, ...] = ()
    """Messages about what is no region, though it may have been meant as one."""


NONE = Regions({}, {})
OPAQUE = "opaque"
"""The name of the region that is not transparent."""


def regions(
    content: Image.Image, styles: Mapping[str, Image.Image], opaque: Mapping[str, Tensor] = MappingProxyType({})
) -> Regions:
    """The regions of the photograph's mask, matched with those in the masks of the style pictures.

    `opaque` is the opacity of each picture ("content", "style", "style_2"), (H, W) in [0, 1]. Only what is opaque
    belongs to a region, and regions that are all transparent are left out. Raises UserError for a region that no style
    picture has, a style picture that has none, and a mask without flat colours.
    """
    content, styles = reduced(content), {name: reduced(mask) for name, mask in styles.items()}
    own = palette(content, "masks.content")
    theirs = {name: palette(mask, "masks.style") for name, mask in styles.items()}
    guides = {"content": seen([called(each) for each in own], memberships(content, own), opaque.get("content"))}
    hidden = [f"#{called(each)}" for each in own if called(each) not in guides["content"]]
    for name, mask in styles.items():
        within, alike = memberships(mask, theirs[name]), matches(own, theirs[name])
        guides[name] = seen([*alike], (within[place] for place in alike.values()), opaque.get(name))
    refuse_lacking(guides, own, theirs)
    notes = [*left_out(content, own), *([f"masks: {', '.join(hidden)} is all transparent"] if hidden else [])]
    return Regions({region: float(each.mean()) for region, each in guides["content"].items()}, guides, tuple(notes))


def refuse_lacking(
    guides: Mapping[str, Mapping[str, Tensor]], own: Sequence[Colour], theirs: Mapping[str, Sequence[Colour]]
) -> None:
    """Raise UserError for a region that no style picture has, and for a style picture that has none."""
    if not guides["content"]:
        raise UserError("masks.content: all of its regions are transparent in the photograph")
    of_photograph = ", ".join(f"#{region}" for region in guides["content"])
    for region in guides["content"]:
        having = [name for name, colours in theirs.items() if region in matches(own, colours)]
        if not any(region in guides[name] for name in theirs):
            have = ", ".join(sorted({f"#{called(colour)}" for colours in theirs.values() for colour in colours}))
            why = f"that of {having[0]} is all transparent" if having else f"it has {have}"
            raise UserError(f"masks.style: no region is #{region}, as one of masks.content is; {why}")
    for name, colours in theirs.items():
        if guides["content"].keys().isdisjoint(guides[name]):
            have = ", ".join(f"#{called(colour)}" for colour in colours)
            raise UserError(
                f"masks.style: {name} has no region that the photograph has, and would be left out; it has {have}, and "
                f"the photograph {of_photograph}"
            )


def seen(names: Sequence[str], guides: Iterable[Tensor], opaque: Tensor | None) -> dict[str, Tensor]:
    """Guides by name, without what is transparent. Guides of which nothing is left are dropped."""
    visible = (guide if opaque is None else guide * at_size(opaque, guide.shape) for guide in guides)
    return {name: guide for name, guide in zip(names, visible, strict=True) if float(guide.mean()) > NOTHING}


def reduced(mask: Image.Image) -> Image.Image:
    """A mask as large as it needs to be: no layer of the network resolves finer details."""
    mask = mask.convert("RGB")
    numbered = labels(mask) is not None  # if so, means would be other labels
    mask.thumbnail((LONGEST, LONGEST), Image.Resampling.NEAREST if numbered else Image.Resampling.BOX)
    return mask


def refuse_proportions(
    option: str, mask: Size, picture: Size, why: str = "a mask has its picture's proportions"
) -> None:
    """Raise UserError for a mask, or another overlay, that does not have the proportions of its picture."""
    if is_squashed(mask, picture):
        raise UserError(
            f"{option}: {mask[0]} x {mask[1]} pixels do not fit a picture of {picture[0]} x {picture[1]}; {why}"
        )


def memberships(mask: Image.Image, colours: Sequence[Colour]) -> Tensor:
    """How far each pixel belongs to each region, (R, H, W) with a sum of one over regions.

    A pixel between the colours of two regions belongs to both, by how near it is to either.
    """
    pixels = torch.from_numpy(np.array(mask.convert("RGB"))).permute(2, 0, 1).float()
    corners = torch.tensor(colours, dtype=torch.float32)
    if len(colours) == 1:
        return torch.ones(1, *pixels.shape[1:])
    distances = torch.stack([(pixels - corner[:, None, None]).square().sum(0) for corner in corners])
    (nearby, _), (first, second) = distances.topk(2, dim=0, largest=False)
    here, there = (corners[place].permute(2, 0, 1) for place in (first, second))
    toward = there - here
    share = (((pixels - here) * toward).sum(0) / toward.square().sum(0)).clamp(0, 1)
    share = torch.where(nearby < (APART / 2) ** 2, torch.zeros_like(share), share)
    within = torch.zeros(len(colours), *pixels.shape[1:])
    return within.scatter_(0, first[None], 1 - share[None]).scatter_add_(0, second[None], share[None])


def opacity(alpha: Image.Image) -> Tensor:
    """An alpha channel as a tensor (H, W) in [0, 1]."""
    return torch.from_numpy(np.array(alpha.convert("L"))).float() / 255


def at_size(guide: Tensor, size: Sequence[int]) -> Tensor:
    """A guide (H, W) resized to (h, w), in [0, 1]."""
    if guide.shape == torch.Size(size):
        return guide
    scaled = interpolate(guide[None, None], size=list(size), mode="bilinear", antialias=True, align_corners=False)
    return scaled[0, 0].clamp(0, 1)
