"""A loss is a sum of terms, and a term is data: a statistic of some layers, its target, its distance, its weight."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, TypeVar

from torch import Tensor

from stx.config.layers import LAYERS
from stx.stats.gathered import over_positions
from stx.stats.squared_error import squared_error

PICTURE = "picture"
"""The layer of terms that look at the picture itself, (3, H, W), RGB in [0, 1]."""
ORDER = (*LAYERS, PICTURE)
"""All layers in network order, the picture last."""

Features = Tensor | list[Tensor]
"""Features (D, H, W) of one layer, or a list of them for a joint term, which looks at several layers."""
Each = TypeVar("Each")
Weights = Tensor | list[Tensor] | None
"""Weights (H, W) of the positions of features: not negative, with a sum of one. None: all positions weigh the same."""


@over_positions("mean")
def mean_square(ours: Tensor, target: Tensor) -> Tensor:
    """The distance for every statistic that does not define its own."""
    return squared_error(ours, target, 1 / ours.numel())


def one(values: Tensor, features: Tensor) -> float:
    return 1.0


def thesis_factor(values: Tensor, features: Tensor) -> float:
    """The factor that turns the mean square of any S into the thesis's E_l, `sum (S(x) - S(a))^2 / (4 N^2 M^2)`.

    That is the factor of the Gram matrix, for every statistic.
    """
    return values.numel() / (4 * features.numel() ** 2)


class Term(NamedTuple):
    """One statistic in a loss. A second style picture has terms of its own, `toward` the name it is given under."""

    group: str
    """The term is part of loss/<group>. The terms of a group share one weight; E_l at a layer is their mean."""
    name: str
    statistic: Callable[..., Tensor]
    """Features (D, H, W) of one layer, or a list for several layers -> values; one number if there is no target."""
    layers: Mapping[str, float]
    """w_l by layer."""
    weight: float = 1.0
    """Weight of the group in the total."""
    toward: str | None = None
    """Name of the picture whose values are the target. None: the value of the statistic is the loss."""
    distance: Callable[[Tensor, Tensor], Tensor] | None = mean_square
    """None if the value of the statistic already is a distance, to its reference."""
    reference: Callable[..., Any] | None = None
    """Called with the features of the picture that the term is `toward`; the statistic gets the result as its keyword
    `reference`. If the function takes `ours`, it is also given the features of the picture that is made; if it takes
    `step`, the number of the step."""
    factor: Callable[[Tensor, Tensor], float] = one
    """Factor on the distance, which depends on the shapes of values and features only."""
    prefix: str | None = None
    """What the keys of its parts begin with, before the layer. None: the group and a slash."""
    share: float = 1.0
    """The term's own weight within its group; it multiplies w_l."""
    joint: Literal["pairs", "all"] | None = None
    """Look at several layers at once: at each pair of successive layers, or at all of them."""
    renew: int = 0
    """Number of steps after which the reference is made again; 0: never."""
    rotations: bool = False
    """The reference is made from a list: features of the target picture turned by 0, 90, 180 and 270 degrees."""
    blend: Mapping[str, float] = MappingProxyType({})
    """For a target that is the mean of the values of several pictures: the share of each by name, `toward` included."""

    region: str | None = None
    """Name of the region whose positions the term looks at, in pictures that have guides."""
    wraps: bool = False
    """The picture that is made is a tile, which the statistic is told by its keyword `wraps`. Given pictures are not
    tiles."""

    @property
    def places(self) -> dict[tuple[str, ...], float]:
        """The layers that the term looks at, one or several at a time, in network order -> the weight of each place."""
        names = sorted(self.layers, key=ORDER.index)
        if self.joint is None or not names:
            return {(name,): self.share * self.layers[name] for name in names}
        together = [tuple(names)] if self.joint == "all" else list(pairwise(names))
        return dict.fromkeys(together, self.share * sum(self.layers.values()) / max(1, len(together)))

    @property
    def typed(self) -> str:
        """The term's name in messages: the option that a user types for it, if that differs from its name."""
        from stx.config.functions import option_of  # late: losses alone need no config

        return option_of(f"{self.group}_stat", self.name)

    @property
    def told(self) -> dict[str, bool]:
        """Keywords that the statistic gets for a picture that is made, as opposed to given."""
        return {"wraps": True} if self.wraps else {}

    @property
    def follows(self) -> bool:
        """Whether the reference depends on the picture that is made."""
        return self.reference is not None and "ours" in inspect.signature(self.reference).parameters

    def of(self, maps: Sequence[Each]) -> Each | list[Each]:
        """What the statistic is given of the `maps` at one place: the list if the term is joint, else its one map."""
        return list(maps) if self.joint else maps[0]

    def fit(
        self,
        features: Features,
        ours: Features | None = None,
        step: int = 0,
        weights: Weights = None,
        our_weights: Weights = None,
    ) -> Callable[..., Tensor]:
        """Bind the statistic to a reference made from `features`, for a picture with the features `ours`.

        `weights` and `our_weights` are the weights of the positions of each. Without `ours`, `features` stand for both.
        """
        if self.reference is None:
            return self.statistic
        features = [features] if self.rotations and isinstance(features, Tensor) else features
        same = features[0] if self.rotations else features
        given = {
            "ours": same if ours is None else ours,
            "step": step,
            "weights": weights,
            "our_weights": weights if ours is None else our_weights,
        }
        taken = inspect.signature(self.reference).parameters
        return partial(
            self.statistic,
            reference=self.reference(features, **{name: value for name, value in given.items() if name in taken}),
        )


def tensors_of(fitted: Callable[[Features], Tensor]) -> list[Tensor]:
    """The tensors of the reference that `Term.fit` has bound to a statistic."""
    reference = fitted.keywords.get("reference") if isinstance(fitted, partial) else None
    several = reference if isinstance(reference, tuple) else (reference,)
    return [each for each in several if isinstance(each, Tensor)]


def copied(fitted: Callable[[Features], Tensor], into: Callable[[Features], Tensor]) -> bool:
    """Copy the reference of `fitted` over that of `into`, if the shapes agree. Returns whether it was copied."""
    new, own = tensors_of(fitted), tensors_of(into)
    if not own or [each.shape for each in own] != [each.shape for each in new]:
        return False
    for old, value in zip(own, new, strict=True):
        old.copy_(value)
    return True


def moved(fitted: Callable[[Features], Tensor], move: Callable[[Tensor], Tensor]) -> Callable[[Features], Tensor]:
    """The result of `Term.fit` with `move` applied to the tensors of its reference: another device or type, a clone."""
    if not isinstance(fitted, partial) or "reference" not in fitted.keywords:
        return fitted
    reference = fitted.keywords["reference"]
    if isinstance(reference, Tensor):
        reference = move(reference)
    elif isinstance(reference, tuple):
        reference = tuple(move(each) if isinstance(each, Tensor) else each for each in reference)
    return partial(fitted, reference=reference)


def alike(term: Term) -> tuple[Any, ...]:
    """A key that is equal for terms that keep the same amount of memory, as in most jobs of a sweep."""
    functions = (each for each in (term.statistic, term.distance, term.reference))
    named = (
        (each.func, repr(each.args), repr(sorted(each.keywords.items()))) if isinstance(each, partial) else each
        for each in functions
    )
    return (*named, term.toward is None, term.joint, term.rotations, term.wraps)
