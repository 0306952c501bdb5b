"""The regions that follow from a config's masks and from the transparency of its pictures."""

from collections.abc import Mapping, Sequence

from PIL.Image import Image
from torch import Tensor

from stx.config.schema import Config
from stx.errors import UserError
from stx.model import reading
from stx.model.terms import Term
from stx.pictures import images, masks
from stx.pictures.masks import NONE, OPAQUE, Regions


def regions(config: Config, pictures: Mapping[str, Image]) -> Regions:
    """The regions of the masks or, without masks, the opaque region if a picture is partly transparent.

    `pictures` are photograph and style pictures as they were read: "content", "style", "style_2". Transparent parts
    belong to no region of a mask. Raises UserError for a tile of a transparent photograph, a picture that is all
    transparent, and masks that cannot be used.
    """
    opaque = {name: each for name, picture in pictures.items() if (each := opacity(picture)) is not None}
    if config.tile and "content" in opaque:
        raise UserError(f"tile=true: content={config.content} is transparent in places, which a tile cannot be")
    for name, each in opaque.items():
        if float(each.max()) == 0:
            raise UserError(f"{name}={({'content': config.content} | config.styles)[name]}: all of it is transparent")
    if config.masks.content is None:
        return Regions({OPAQUE: 1.0}, {name: {OPAQUE: each} for name, each in opaque.items()}) if opaque else NONE
    sources = {"content": config.masks.content, **config.masks.styles}
    read = {name: reading.read(source) for name, source in sources.items()}
    for name, mask in read.items():
        option = f"masks.{name.partition('_')[0]}={sources[name]}"
        if mask.getcolors(1) is None:  # a mask of a single colour fits any picture
            masks.refuse_proportions(option, mask.size, pictures[name].size)
    content = read.pop("content")
    asked = masks.regions(content, read, opaque)
    if "content" in opaque:
        asked.guides["content"][OPAQUE] = opaque["content"]
    return asked


def opacity(picture: Image) -> Tensor | None:
    """Opacity (H, W) in [0, 1] of a picture as it was read; None if all of it is opaque."""
    alpha = images.alpha_of(picture)
    return None if alpha is None else masks.opacity(alpha)


def at_sizes(
    guides: Mapping[str, Mapping[str, Tensor]], pictures: Mapping[str, Tensor]
) -> dict[str, dict[str, Tensor]]:
    """Guides resized to their pictures (3, H, W) and moved to the same device."""
    return {
        name: {
            region: masks.at_size(guide.to(pictures[name].device), pictures[name].shape[1:])
            for region, guide in own.items()
        }
        for name, own in guides.items()
    }


def on_white(guides: Mapping[str, Mapping[str, Tensor]], terms: Sequence[Term]) -> tuple[str, ...]:
    """The names of the terms for which transparent parts count as white.

    These are all terms of a group if one of them cannot weigh positions.
    """
    transparent = {
        "content": OPAQUE in guides.get("content", {}),
        "style": any(OPAQUE in own for own in guides.values()),
    }
    return tuple(term.name for term in terms if transparent.get(term.group) and term.region is None)
