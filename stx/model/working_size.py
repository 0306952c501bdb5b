"""How large pictures are worked at, and that the network has room for them."""

from collections.abc import Mapping, Sequence

from stx.config.layers import LAYERS
from stx.config.schema import Config
from stx.errors import UserError
from stx.model.terms import Term
from stx.model.trials import position_free
from stx.model.vgg import shortest_side
from stx.pictures import images
from stx.pictures.sizes import Size, is_squashed, with_area


def painting_size(config: Config, painting: Size, size: Size, terms: Sequence[Term]) -> Size:
    """The painting's working size, where the photograph's is `size`.

    Raises UserError for a scale where both pictures must have one size.
    """
    own_size, scaled = with_area(painting, round(size[0] * size[1] * config.style_scale**2)), config.style_scale != 1
    if config.style_size == "long_side":
        return images.working_size(painting, None, None, round(max(size) * config.style_scale))
    least = shortest_side(deepest_layer(terms), config.padding)
    wide_enough = min(own_size) >= least  # else it is squashed, and that is said
    if config.style_size == "own" or (config.style_size == "auto" and (wide_enough or scaled) and position_free(terms)):
        return own_size
    if scaled:
        raise UserError(
            f"style_scale={config.style_scale:g}: the painting is made as large as the photograph here, "
            + ("by style_size=same" if config.style_size == "same" else "as the statistic compares places")
        )
    return size


def squashed(photographs: Sequence[tuple[Size, Size]], paintings: Sequence[tuple[Size, Size]]) -> tuple[str, ...]:
    """Which of both kinds do not keep their proportions, by sizes before and after."""
    kinds = {"photograph": photographs, "painting": paintings}
    return tuple(kind for kind, sizes in kinds.items() if any(is_squashed(*both) for both in sizes))


def refuse_small(deepest: str, padding: str, sizes: Mapping[str, Size], reduced: float = 1) -> None:
    """Raise UserError for a size at which the network's deepest layer has no position, or none to mirror at an edge."""
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
    """The layer at which the network ends: the first, where the terms look at the picture alone."""
    used = {layer for term in terms for layer in term.layers}
    return [layer for place, layer in enumerate(LAYERS) if layer in used or place == 0][-1]
