"""What a config's masks, and its pictures' transparency, come to: regions, by picture, and what they weigh."""

from collections.abc import Mapping, Sequence

from PIL.Image import Image
from torch import Tensor

from stx.config.schema import Config
from stx.model import reading
from stx.model.terms import Term
from stx.pictures import images, masks
from stx.pictures.masks import NONE, OPAQUE, Regions


def regions(config: Config, pictures: Mapping[str, Image]) -> Regions:
    """Those of the masks, or of what is opaque where a picture is not all so. Raises UserError.

    `pictures` are photograph and style pictures as they were read: "content", "style", "style_2". What is transparent
    is in no region of a mask.
    """
    opaque = {name: masks.opacity(alpha) for name, picture in pictures.items() if (alpha := images.alpha_of(picture))}
    if config.masks.content is None:
        return Regions({OPAQUE: 1.0}, {name: {OPAQUE: each} for name, each in opaque.items()}) if opaque else NONE
    sources = {"content": config.masks.content, **config.masks.styles}
    read = {name: reading.read(source) for name, source in sources.items()}
    for name, mask in read.items():
        option = f"masks.{name.partition('_')[0]}={sources[name]}"
        masks.refuse_proportions(option, mask.size, pictures[name].size)
    content = read.pop("content")
    asked = masks.regions(content, read)
    guides = {name: visible(within, opaque.get(name)) for name, within in asked.guides.items()}
    if "content" in opaque:
        guides["content"][OPAQUE] = opaque["content"]
    return asked._replace(guides=guides)


def visible(guides: Mapping[str, Tensor], opaque: Tensor | None) -> dict[str, Tensor]:
    """Guides without what is transparent."""
    if opaque is None:
        return dict(guides)
    return {region: guide * masks.at_size(opaque, guide.shape) for region, guide in guides.items()}


def at_sizes(
    guides: Mapping[str, Mapping[str, Tensor]], pictures: Mapping[str, Tensor]
) -> dict[str, dict[str, Tensor]]:
    """Guides as large as their pictures (3, H, W), and where those are."""
    return {
        name: {
            region: masks.at_size(guide.to(pictures[name].device), pictures[name].shape[1:])
            for region, guide in own.items()
        }
        for name, own in guides.items()
    }


def on_white(guides: Mapping[str, Mapping[str, Tensor]], terms: Sequence[Term]) -> tuple[str, ...]:
    """The terms for which what is transparent is white, as they take no weights of positions."""
    transparent = {
        "content": OPAQUE in guides.get("content", {}),
        "style": any(OPAQUE in own for own in guides.values()),
    }
    return tuple(term.name for term in terms if transparent.get(term.group) and term.region is None)
