"""A loss is a sum of terms, and a term is data: what of which layers, compared with what, how, and how strongly."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor

from stx.config.layers import LAYERS
from stx.errors import UserError
from stx.stats.squared_error import squared_error

PICTURE = "picture"
"""The layer of terms that look at the picture itself, (3, H, W), RGB in [0, 1]."""


def mean_square(ours: Tensor, target: Tensor) -> Tensor:
    """The distance of every statistic that has none of its own."""
    return squared_error(ours, target, 1 / ours.numel())


def one(values: Tensor, features: Tensor) -> float:
    return 1.0


def thesis_factor(values: Tensor, features: Tensor) -> float:
    """The thesis's reading of E_l: Gram's factor, `sum (S(x) - S(a))^2 / (4 N^2 M^2)`, for a mean square of any S."""
    return values.numel() / (4 * features.numel() ** 2)


class Term(NamedTuple):
    """One statistic in a loss. A second style is a group of terms `toward` it, by the name that it is given under."""

    group: str
    """Its loss is part of loss/<group>; the terms of a group have one weight, and E_l of a layer is their mean."""
    name: str
    statistic: Callable[..., Tensor]
    """Features (D, H, W) of one layer -> values; of the PICTURE without anything to compare with -> one number."""
    layers: Mapping[str, float]
    """w_l by layer."""
    weight: float = 1.0
    """Of the group in the total."""
    toward: str | None = None
    """The picture whose values are the target; without one, what the statistic gives is the loss."""
    distance: Callable[[Tensor, Tensor], Tensor] = mean_square
    reference: Callable[[Tensor], Any] | None = None
    """Called once a layer with that picture's features; its result is the statistic's keyword of that name."""
    factor: Callable[[Tensor, Tensor], float] = one
    """Of the loss, from the shapes of values and features."""
    prefix: str | None = None
    """Of what its parts are called, before their layers: the group, unless another is given."""

    def fit(self, features: Tensor) -> Callable[[Tensor], Tensor]:
        """The statistic with its reference from these features."""
        return partial(self.statistic, reference=self.reference(features)) if self.reference else self.statistic


def moved(fitted: Callable[[Tensor], Tensor], move: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """What `Term.fit` gave, with the tensors of its reference moved to another device or type."""
    if not isinstance(fitted, partial) or "reference" not in fitted.keywords:
        return fitted
    reference = fitted.keywords["reference"]
    if isinstance(reference, Tensor):
        reference = move(reference)
    elif isinstance(reference, tuple):
        reference = tuple(move(each) if isinstance(each, Tensor) else each for each in reference)
    return partial(fitted, reference=reference)


TRIED = (8, 6), (7, 8)
"""Maps (H, W) on which statistics are tried: neither of one shape nor of one number of positions."""


def tried(terms: Sequence[Term], same_shape: bool) -> None:
    """Run the terms on small noise, so that a bad parameter is a message and not a failed run. Raises UserError."""
    for term in terms:
        option = term.group if term.toward is None else f"{term.group}_stat ({term.name})"
        for layer in term.layers:
            ours, other = (noise(layer, size) for size in TRIED)
            try:
                # Only of a style may the other picture have another shape.
                shown = (ours, other) if term.toward == "style" and not same_shape else (ours, ours)
                values = [fitted(maps) for fitted in [term.fit(ours)] for maps in shown]
                if not all(isinstance(each, Tensor) for each in values):
                    raise ValueError("it must return a tensor")
                if term.toward is None and values[0].ndim != 0:
                    raise ValueError("it must be one number")
                if term.toward is not None and term.distance(values[0], values[0]).ndim != 0:
                    raise ValueError("its distance must be one number")
            except Exception as error:  # whatever a function of the user's may raise
                raise UserError(f"{option}: {error}") from None
            if term.toward == "style" and values[0].shape != values[1].shape and not same_shape:
                raise UserError(
                    f"{option} compares position by position, so both pictures must have one size: use style_size=same"
                )


def noise(layer: str, size: tuple[int, int]) -> Tensor:
    """From a generator of its own: the caller's is nobody else's business."""
    generator = torch.Generator().manual_seed(0)
    return torch.rand(3 if layer == PICTURE else LAYERS[layer], *size, generator=generator)


def position_free(terms: Sequence[Term]) -> bool:
    """Whether no style statistic's shape depends on the picture's; a broken one is refused later, with its cause."""
    for term in terms:
        if term.toward != "style":
            continue
        maps = [noise("conv1_1", size) for size in TRIED]
        try:
            shapes = {term.fit(each)(each).shape for each in maps}
        except Exception:  # whatever a function of the user's may raise
            return True
        if len(shapes) > 1:
            return False
    return True
