"""How many steps a pyramid takes at each of its smaller sizes."""

import math

from stx.config.schema import Config, PictureInit

Size = tuple[int, int]
"""(width, height) in pixels, as in stx.pictures.sizes, which is a layer above this package."""

SMALLEST = 64
"""Least pixels of the picture's short side at the coarsest level of an automatic pyramid."""
NARROWEST = 32
"""Least pixels of the painting's short side there: the network would see nothing in a long and narrow one."""
FINE = 1 / 3
"""Share of all steps that are taken at the whole size; the smaller sizes share the rest equally. On twelve pairs at 512
pixels, with 40 to 80 steps at the whole size and 40 to 200 at the smaller ones, style, structure and noise came out
within 3 % of each other."""


def coarse_steps(config: Config, size: Size, *style_sizes: Size) -> list[int]:
    """Steps at each smaller size, the coarsest first, for a picture of `size` and paintings of `style_sizes`.

    An automatic pyramid has no smaller sizes if losses are raw (loss_weights.calibrate=none), as these mean something
    else at every size, or if the run starts from a given picture, of which the coarsest level would leave nothing.
    """
    pyramid = config.optim.pyramid
    if pyramid != "auto":
        return pyramid
    if config.loss_weights.calibrate == "none" or isinstance(config.start, PictureInit):
        return []
    room = min(min(size) / SMALLEST, min(map(min, style_sizes)) / NARROWEST)
    count = max(0, int(math.log2(room) / math.log2(config.optim.factor)))
    each = int(config.optim.steps * (1 - FINE)) // max(count, 1)
    return [each] * count if each else []
