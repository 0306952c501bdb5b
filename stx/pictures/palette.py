"""The flat colours of a mask: which of them are regions, and which regions of two masks are the same."""

import math
from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.ImageFilter import MaxFilter, MinFilter

from stx.errors import UserError

LEAST = 0.005
"""Least share of a mask that a colour fills to be a region."""
APART = 48.0
"""Least distance of two regions' colours in RGB of 0 to 255. What a JPEG makes of a colour is nearer to it."""
MOST = 0.5
"""Least share of a mask that its regions fill. The flat places of a photograph fill less."""
FEW = 64
"""Most colours of a mask drawn without soft edges, or with labels numbered by a program. Each is taken exactly."""
INNER = 0.1
"""Least share of a region's pixels whose neighbours belong to it too."""
NOISE = 16
"""How far pixels of a flat colour may be from their neighbours in each channel, and from the colour in RGB."""

Colour = tuple[int, int, int]


def palette(mask: Image.Image, option: str) -> list[Colour]:
    """The colours of a mask's regions, the largest first.

    Only pixels whose neighbours have their colour make a region, so an edge that is soft or blurred by a JPEG does not.
    Raises UserError if there are no regions, or if they fill less than half of the mask.
    """
    few = labels(mask)
    pixels = np.asarray(mask, dtype=np.int64)
    highest, lowest = (np.asarray(mask.filter(kind(3)), dtype=np.int64) for kind in (MaxFilter, MinFilter))
    flat = ((highest - lowest) <= (0 if few else NOISE)).all(axis=2)
    if few:
        inner = dict(zip(*np.unique(pixels[flat] @ (65536, 256, 1), return_counts=True), strict=True))
        whole = sorted(few, key=lambda item: -item[0])
        filled = {colour: count for count, colour in whole if inner.get(number(colour), 0) > INNER * count}
    else:
        filled = {}
        for colour, count in most_frequent(pixels[flat]):
            place = nearest(colour, [*filled], APART)
            colour = colour if place is None else [*filled][place]
            filled[colour] = filled.get(colour, 0) + count
    colours = [colour for colour, count in filled.items() if count >= LEAST * flat.size]
    near = [np.square(pixels - colour).sum(2) < NOISE**2 for colour in colours]
    if not near or np.any(near, axis=0).mean() < MOST:
        raise UserError(f"{option}: less than half of it has flat colours; a mask has one for each region")
    return colours


def labels(mask: Image.Image) -> list[tuple[int, Colour]] | None:
    """The pixel count of each colour of a mask with at most FEW colours; None for other masks."""
    counted = mask.getcolors(FEW)
    return None if counted is None else [(count, (r, g, b)) for count, (r, g, b) in counted]  # type: ignore[misc]


def most_frequent(pixels: NDArray[np.int64]) -> Iterator[tuple[Colour, int]]:
    """Yield the commonest colour in each bin of pixels (N, 3), with the number of pixels in the bin, the fullest first.

    Bins are 32 a channel. Those with few pixels are left out.
    """
    numbers, counts = np.unique(pixels @ (65536, 256, 1), return_counts=True)
    bins = (numbers >> 19) << 10 | (numbers >> 11 & 31) << 5 | numbers >> 3 & 31
    totals = np.bincount(bins, counts, minlength=1)
    commonest = {bins[place]: numbers[place] for place in np.argsort(counts)}
    for each in np.argsort(-totals, kind="stable"):
        if totals[each] <= LEAST / 10 * len(pixels):
            return
        packed = int(commonest[each])
        yield (packed >> 16, packed >> 8 & 255, packed & 255), int(totals[each])


def matches(own: Sequence[Colour], theirs: Sequence[Colour]) -> dict[str, int]:
    """The regions of one mask that another one has too, with their indices there.

    Colours are the same if they are nearer to each other than a JPEG may make them (APART), or than half the least
    distance within a mask if that is smaller, as for numbered labels.
    """
    gaps = [distance(*both) for colours in (own, theirs) for both in combinations(colours, 2)]
    tolerance = min([APART, *(gap / 2 for gap in gaps)])
    alike = {called(colour): nearest(colour, theirs, tolerance) for colour in own}
    return {region: place for region, place in alike.items() if place is not None}


def left_out(mask: Image.Image, colours: Sequence[Colour]) -> list[str]:
    """Messages about colours that may have been meant as regions: in a mask of few, those far from all regions."""
    small = [
        (count, colour)
        for count, colour in labels(mask) or []
        if colour not in colours and all(distance(colour, each) > NOISE for each in colours)
    ]
    if not small or len(small) > len(colours):  # if many, they are steps of soft edges
        return []
    each = ", ".join(f"#{called(colour)} ({count / (mask.width * mask.height):.2%})" for count, colour in small)
    return [f"masks.content: too small for a region, and part of what is next to it in colour: {each}"]


def nearest(colour: Colour, colours: Sequence[Colour], tolerance: float) -> int | None:
    """The index of the nearest of `colours` if it is nearer than `tolerance`, else None."""
    place = min(range(len(colours)), key=lambda at: distance(colour, colours[at]), default=None)
    return place if place is not None and distance(colour, colours[place]) < tolerance else None


def distance(one: Colour, other: Colour) -> float:
    return math.dist(one, other)


def number(colour: Colour) -> int:
    return colour[0] << 16 | colour[1] << 8 | colour[2]


def called(colour: Colour) -> str:
    """The hexadecimal name of a colour, without the # that the name of a metric cannot have."""
    return "{:02x}{:02x}{:02x}".format(*colour)
