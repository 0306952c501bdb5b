"""Style pictures that stx paints itself, of 640 x 480 pixels: same seed, same bytes."""

from collections.abc import Callable

from PIL.Image import Image

from stx.pictures.painters.crafts import marbling, mosaic, weave
from stx.pictures.painters.drawings import crayon, hatching, watercolour
from stx.pictures.painters.oil import facets, impasto, pointillist, swirls
from stx.pictures.painters.prints import halftone, outlines, woodcut

STYLES: dict[str, Callable[[int], Image]] = {
    "swirls": swirls,
    "pointillist": pointillist,
    "mosaic": mosaic,
    "woodcut": woodcut,
    "hatching": hatching,
    "outlines": outlines,
    "impasto": impasto,
    "watercolour": watercolour,
    "halftone": halftone,
    "weave": weave,
    "marbling": marbling,
    "facets": facets,
    "crayon": crayon,
}
"""The painter of each style, which takes the seed."""
