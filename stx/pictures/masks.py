"""Masks: pictures whose flat colours name regions. Equal colours in two of them are one region; edges may be soft."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from PIL.ImageFilter import MaxFilter, MinFilter
from torch import Tensor
from torch.nn.functional import interpolate

from stx.errors import UserError
from stx.pictures.sizes import Size, is_squashed

LEAST = 0.005
"""Share of a mask that a colour fills, at least, to be a region."""
APART = 48.0
"""How far two regions' colours are apart, at least, in RGB of 0 to 255: what a JPEG makes of a colour is nearer."""

MOST = 0.5
"""Share of a mask that its regions fill, at least: a photograph's flat places are none."""
LONGEST = 2048
"""Pixels of a mask's longer side, to which larger ones are reduced."""
NOTHING = 1e-6
"""Share of a picture, below which a region is nowhere."""
NOISE = 16
"""By how much the pixels of a flat colour may differ from their neighbours in a channel, and from it in all."""

Colour = tuple[int, int, int]


class Regions(NamedTuple):
    """What masks come to."""

    shares: dict[str, float]
    """Of the photograph, by region: "ff0000"."""
    guides: dict[str, dict[str, Tensor]]
    """By picture ("content", "style", "style_2") and region, (H, W) of its mask's size, in [0, 1]."""


NONE = Regions({}, {})
OPAQUE = "opaque"
"""The region of what is not transparent."""


def regions(
    content: Image.Image, styles: Mapping[str, Image.Image], opaque: Mapping[str, Tensor] = MappingProxyType({})
) -> Regions:
    """The regions of the photograph's mask, sought in those of the style pictures.

    What is `opaque` in each picture, "content", "style", "style_2", (H, W) in [0, 1], is of a region alone; a region
    that is nowhere to be seen is none. Raises UserError for a region that no style picture has, and for a mask without
    flat colours.
    """
    content, styles = reduced(content), {name: reduced(mask) for name, mask in styles.items()}
    own = palette(content, "masks.content")
    theirs = {name: palette(mask, "masks.style") for name, mask in styles.items()}
    guides = {"content": seen(map(called, own), memberships(content, own), opaque.get("content"))}
    for name, mask in styles.items():
        within = memberships(mask, theirs[name])
        alike = {called(colour): place for colour in own if (place := nearest(colour, theirs[name])) is not None}
        guides[name] = seen(alike, (within[place] for place in alike.values()), opaque.get(name))
    for region in guides["content"]:
        if not any(region in guides[name] for name in styles):
            have = sorted({f"#{called(colour)}" for colours in theirs.values() for colour in colours})
            raise UserError(
                f"masks.style: no region is #{region}, as one of masks.content is; it has {', '.join(have)}"
            )
    return Regions({region: float(guide.mean()) for region, guide in guides["content"].items()}, guides)


def seen(names: Iterable[str], guides: Iterable[Tensor], opaque: Tensor | None) -> dict[str, Tensor]:
    """Guides by name, without what is transparent, and without those of which nothing is left."""
    visible = (guide if opaque is None else guide * at_size(opaque, guide.shape) for guide in guides)
    return {name: guide for name, guide in zip(names, visible, strict=True) if float(guide.mean()) > NOTHING}


def reduced(mask: Image.Image) -> Image.Image:
    """As large as a mask needs to be: what is finer no layer of the network tells apart."""
    mask = mask.convert("RGB")
    mask.thumbnail((LONGEST, LONGEST), Image.Resampling.BOX)
    return mask


def refuse_proportions(option: str, mask: Size, picture: Size) -> None:
    """Raise UserError for a mask that does not lie on its picture."""
    if is_squashed(mask, picture):
        raise UserError(
            f"{option}: {mask[0]} x {mask[1]} pixels do not lie on a picture of {picture[0]} x {picture[1]}; a mask "
            "has its picture's proportions"
        )


def palette(mask: Image.Image, option: str) -> list[Colour]:
    """The colours of a mask's regions, the largest first. Raises UserError where there are none, or more is none.

    Only pixels whose neighbours are of their colour count: an edge, soft or blurred by a JPEG, is no region.
    """
    pixels = np.asarray(mask, dtype=np.int64)
    highest, lowest = (np.asarray(mask.filter(kind(3)), dtype=np.int64) for kind in (MaxFilter, MinFilter))
    flat = ((highest - lowest) <= NOISE).all(axis=2)
    filled: dict[Colour, int] = {}
    for colour, count in most_frequent(pixels[flat]):
        place = nearest(colour, [*filled])
        colour = colour if place is None else [*filled][place]
        filled[colour] = filled.get(colour, 0) + count
    colours = [colour for colour, count in filled.items() if count >= LEAST * flat.size]
    near = [np.square(pixels - colour).sum(2) < NOISE**2 for colour in colours]
    if not near or np.any(near, axis=0).mean() < MOST:
        raise UserError(f"{option}: less than half of it is of flat colours; a mask has one for each region")
    return colours


def most_frequent(pixels: NDArray[np.int64]) -> Iterator[tuple[Colour, int]]:
    """Colours of pixels (N, 3), of each thirty-second of every channel the commonest, with how many are near it."""
    numbers, counts = np.unique(pixels @ (65536, 256, 1), return_counts=True)
    bins = (numbers >> 19) << 10 | (numbers >> 11 & 31) << 5 | numbers >> 3 & 31
    totals = np.bincount(bins, counts, minlength=1)
    commonest = {bins[place]: numbers[place] for place in np.argsort(counts)}
    for each in np.argsort(-totals, kind="stable"):
        if totals[each] <= LEAST / 10 * len(pixels):
            return
        number = int(commonest[each])
        yield (number >> 16, number >> 8 & 255, number & 255), int(totals[each])


def nearest(colour: Colour, colours: Sequence[Colour]) -> int | None:
    """Which of `colours` is the same, but for rounding."""
    distances = [float(np.linalg.norm(np.subtract(colour, each))) for each in colours]
    place = min(range(len(colours)), key=distances.__getitem__, default=None)
    return place if place is not None and distances[place] < APART else None


def called(colour: Colour) -> str:
    """Its hexadecimal name, without the sign that a metric's name cannot have."""
    return "{:02x}{:02x}{:02x}".format(*colour)


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
    """(H, W) in [0, 1], of an alpha channel."""
    return torch.from_numpy(np.array(alpha.convert("L"))).float() / 255


def at_size(guide: Tensor, size: Sequence[int]) -> Tensor:
    """A guide (H, W) at another size (h, w), within [0, 1]."""
    if guide.shape == torch.Size(size):
        return guide
    scaled = interpolate(guide[None, None], size=list(size), mode="bilinear", antialias=True, align_corners=False)
    return scaled[0, 0].clamp(0, 1)
