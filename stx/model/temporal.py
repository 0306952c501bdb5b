"""The temporal loss: a pull toward a further picture at the positions where that is valid (Ruder et al. 2016, eq. 7).

`sqrt(mean c) / D sum c / max c (x - w)^2` over the D numbers of a picture x, where w is the result of the last frame,
warped by the motion, and c is the mask: 1 where w is visible in this frame and 0 where it is not. The sum is eq. 7. The
root of the mask's mean and the division by its maximum are additions of stx: as with the terms of any region, a small
mask pulls less, and a grey mask pulls like a white one except for that root. The loss is multiplied by `weight` and,
with loss_weights.calibrate=gradient, by a scale that makes it pull as hard as the content at the photograph with noise.
"""

import math

from torch import Tensor

from stx.config.schema import Moved, NoTemporal
from stx.errors import UserError
from stx.model import reading
from stx.model.terms import PICTURE, Term
from stx.pictures import images, masks
from stx.pictures.masks import Regions
from stx.pictures.sizes import Size
from stx.stats import features

MOVED, CONSISTENT = "moved", "consistent"
"""The picture that the term is toward, and the region where that is valid."""
OPTION = "temporal"
LAID = "it is laid over the result"


def term(section: Moved, regions: Regions) -> Term:
    """The temporal term. Its share is the root of the region's area, as with the terms of any region."""
    guide = regions.guides.get(MOVED, {}).get(CONSISTENT)
    region, area = (None, 1.0) if guide is None else (CONSISTENT, float(guide.square().mean()))
    whole = Term(OPTION, MOVED, features, {PICTURE: 1.0}, section.weight, toward=MOVED)
    return whole._replace(region=region, share=math.sqrt(area))


def pictures(section: Moved | NoTemporal, size: Size) -> dict[str, Tensor]:
    """The picture that the term is toward, if there is one: (3, H, W) in [0, 1], of (width, height) = `size`.

    Raises UserError for a picture that cannot be read, or does not have the proportions of `size`.
    """
    if not isinstance(section, Moved):
        return {}
    picture = reading.read(section.picture)
    masks.refuse_proportions(f"{OPTION}.picture={section.picture}", picture.size, size, LAID)
    return {MOVED: images.to_tensor(picture, size)}


def within(regions: Regions, section: Moved | NoTemporal, size: Size) -> Regions:
    """The regions, and with a mask also the one where the term's picture is valid, in that and in the result.

    Raises UserError for a mask that cannot be read, does not have the proportions of a result of (width, height) =
    `size`, or is black.
    """
    if not isinstance(section, Moved) or section.mask is None:
        return regions
    mask = reading.read(section.mask)
    masks.refuse_proportions(f"{OPTION}.mask={section.mask}", mask.size, size, LAID)
    guide = masks.at_size(masks.opacity(mask), (size[1], size[0])).sqrt()  # a position's weight is its guide's square
    if float(guide.max()) == 0:
        raise UserError(
            f"{OPTION}.mask={section.mask}: all of it is black, so nothing is held to the frame before; use "
            f"{OPTION}=none"
        )
    guides = {name: {**regions.guides.get(name, {}), CONSISTENT: guide} for name in (MOVED, "content")}
    return regions._replace(guides={**regions.guides, **guides})
