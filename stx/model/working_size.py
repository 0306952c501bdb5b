"""The sizes at which pictures are processed, and whether they are large enough for the network."""

from collections.abc import Mapping, Sequence

from stx.config.layers import LAYERS
from stx.config.schema import Config
from stx.errors import UserError
from stx.model.terms import Term
from stx.model.trials import depth, position_free
from stx.model.vgg import shortest_side
from stx.pictures import images
from stx.pictures.sizes import Size, is_squashed, with_area


def result_size(config: Config, given: Size, multiple: int) -> Size:
    """(width, height) of the picture that is made, with the proportions of a `given` one.

    The sides of a tile are multiples of `multiple`, by which the poolings before the deepest layer divide them, so that
    the maps of all layers wrap around as well. A side that follows from proportions, or from a picture's own size, is
    rounded. Raises UserError if a side that was asked for is not such a multiple.
    """
    asked = config.image_size
    size = images.working_size(given, asked.width, asked.height, asked.long_side)
    if not config.tile:
        return size
    sides = {"width": asked.width, "height": asked.height}
    if asked.width is None and asked.height is None:
        sides = {"long_side": asked.long_side}
    for option, side in sides.items():
        if side is not None and side % multiple:
            below, above = side // multiple * multiple, -(-side // multiple) * multiple
            nearest = f"{below} or {above}" if below else f"{above}"
            raise UserError(
                f"image_size.{option}={side}: with tile=true a multiple of {multiple}, as the network halves it on "
                f"its way to the deepest layer; take {nearest}"
            )
    return to_multiple(size, multiple)


def to_multiple(size: Size, multiple: int) -> Size:
    """The nearest size whose sides are multiples of `multiple`."""
    width, height = (max(1, (side + multiple // 2) // multiple) * multiple for side in size)
    return width, height


def halved(deepest: str) -> int:
    """Side in pixels of one position at the deepest layer."""
    return 2 ** depth(deepest)


def painting_size(config: Config, painting: Size, size: Size, terms: Sequence[Term]) -> Size:
    """The painting's working size, if the picture that is made has `size`.

    By default it has as many pixels as that picture; without a photograph, no more than the painting has itself, since
    a larger texture is to show more details, not larger ones. Raises UserError if `style_scale` is set where both
    pictures must have the same size.
    """
    area, scaled = size[0] * size[1], config.style_scale != 1
    area = min(area, painting[0] * painting[1]) if config.content is None else area
    own_size = with_area(painting, round(area * config.style_scale**2))
    if config.style_size == "long_side":
        return images.working_size(painting, None, None, round(max(size) * config.style_scale))
    least = shortest_side(deepest_layer(terms), config.given_padding)
    wide_enough = min(own_size) >= least  # if not, it is squashed to `size`, which is reported
    if config.style_size == "own" or (config.style_size == "auto" and (wide_enough or scaled) and position_free(terms)):
        return own_size
    if scaled:
        raise UserError(
            f"style_scale={config.style_scale:g}: the painting is as large as the picture that is made, "
            + ("by style_size=same" if config.style_size == "same" else "as the statistic compares places")
        )
    return size


def squashed(
    photographs: Sequence[tuple[Size, Size]],
    paintings: Sequence[tuple[Size, Size]],
    starts: Sequence[tuple[Size, Size]] = (),
) -> tuple[str, ...]:
    """Which of "photograph", "painting" and "start" do not keep their proportions, by sizes before and after."""
    kinds = {"photograph": photographs, "painting": paintings, "start": starts}
    return tuple(kind for kind, sizes in kinds.items() if any(is_squashed(*both) for both in sizes))


def refuse_small(deepest: str, padding: str, sizes: Mapping[str, Size], reduced: float = 1) -> None:
    """Raise UserError for a size at which the deepest layer has no position, or too few for its padding.

    `reduced` is the factor by which the sizes are divided at the smallest level.
    """
    needed = shortest_side(deepest, padding)
    mirrored = f" with padding={padding}" if needed > shortest_side(deepest) else ""
    for what, (width, height) in sizes.items():
        if int(min(width, height) / reduced) < needed:
            at_first = f", reduced {reduced:g} times by optim.pyramid," if reduced > 1 else ""
            raise UserError(
                f"{what}: {width} x {height} pixels{at_first} are too few for {deepest}, "
                f"which needs {needed} on the shorter side{mirrored}"
            )


def deepest_layer(terms: Sequence[Term]) -> str:
    """The layer at which the network ends; the first one if the terms look at the picture alone."""
    used = {layer for term in terms for layer in term.layers}
    return [layer for place, layer in enumerate(LAYERS) if layer in used or place == 0][-1]
