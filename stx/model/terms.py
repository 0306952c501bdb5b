"""A loss is a sum of terms, and a term is data: what of which layers, compared with what, how, and how strongly."""

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
"""In which they come."""

Features = Tensor | list[Tensor]
"""Of one layer, (D, H, W), or of the several that a joint term looks at."""
Each = TypeVar("Each")
Weights = Tensor | list[Tensor] | None
"""Of their positions, (H, W), zero or more with a sum of one; None: all weigh alike."""


@over_positions("mean")
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
    """Features (D, H, W) of one layer, or a list of several -> values; without a target -> one number."""
    layers: Mapping[str, float]
    """w_l by layer."""
    weight: float = 1.0
    """Of the group in the total."""
    toward: str | None = None
    """The picture whose values are the target; without one, what the statistic gives is the loss."""
    distance: Callable[[Tensor, Tensor], Tensor] | None = mean_square
    """None where the statistic's value is a distance already, to its reference."""
    reference: Callable[..., Any] | None = None
    """Called with that picture's features; its result is the statistic's keyword of that name. One that takes `ours` is
    given the features of the picture that is made, too, and one that takes `step` the number of the step."""
    factor: Callable[[Tensor, Tensor], float] = one
    """Of the loss, from the shapes of values and features."""
    prefix: str | None = None
    """Of what its parts are called, before their layers: the group, unless another is given."""
    share: float = 1.0
    """Of the term beside the others of its group: times w_l, where E_l enters the group."""
    joint: Literal["pairs", "all"] | None = None
    """It looks at several layers at once: at each two that follow one another, or at all of them."""
    renew: int = 0
    """Every so many steps its reference is made again; 0: never."""
    rotations: bool = False
    """Its reference is made of a list: of the target picture's features turned by no, one, two and three quarters."""
    blend: Mapping[str, float] = MappingProxyType({})
    """Of a target that is a mean of several pictures' values: the share of each by name, `toward` among them."""

    region: str | None = None
    """Of pictures with guides: the region whose positions it looks at, by name."""
    wraps: bool = False
    """The picture that is made is a tile: its statistic is told so (`wraps`). A given picture is none."""

    @property
    def places(self) -> dict[tuple[str, ...], float]:
        """What it looks at, layers in network order, with the weight of each."""
        names = sorted(self.layers, key=ORDER.index)
        if self.joint is None or not names:
            return {(name,): self.share * self.layers[name] for name in names}
        together = [tuple(names)] if self.joint == "all" else list(pairwise(names))
        return dict.fromkeys(together, self.share * sum(self.layers.values()) / max(1, len(together)))

    @property
    def typed(self) -> str:
        """Its name in messages: the option that one types for it, where that is called otherwise."""
        from stx.config.functions import option_of  # late: losses alone need no config

        return option_of(f"{self.group}_stat", self.name)

    @property
    def told(self) -> dict[str, bool]:
        """What its statistic is told of a picture that is made."""
        return {"wraps": True} if self.wraps else {}

    @property
    def follows(self) -> bool:
        """Whether its reference depends on the picture that is made."""
        return self.reference is not None and "ours" in inspect.signature(self.reference).parameters

    def of(self, maps: Sequence[Each]) -> Each | list[Each]:
        """What the statistic is given of the features at one of its places: all of them, or those of the one layer."""
        return list(maps) if self.joint else maps[0]

    def fit(
        self,
        features: Features,
        ours: Features | None = None,
        step: int = 0,
        weights: Weights = None,
        our_weights: Weights = None,
    ) -> Callable[..., Tensor]:
        """The statistic with its reference from these features, for a picture whose own are `ours`: or the same.

        `weights` are those of the positions of these features, and `our_weights` those of the others.
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
    """Of the reference that `Term.fit` has given a statistic."""
    reference = fitted.keywords.get("reference") if isinstance(fitted, partial) else None
    several = reference if isinstance(reference, tuple) else (reference,)
    return [each for each in several if isinstance(each, Tensor)]


def copied(fitted: Callable[[Features], Tensor], into: Callable[[Features], Tensor]) -> bool:
    """Write a reference over another one of its shape; whether there is one."""
    new, own = tensors_of(fitted), tensors_of(into)
    if not own or [each.shape for each in own] != [each.shape for each in new]:
        return False
    for old, value in zip(own, new, strict=True):
        old.copy_(value)
    return True


def moved(fitted: Callable[[Features], Tensor], move: Callable[[Tensor], Tensor]) -> Callable[[Features], Tensor]:
    """What `Term.fit` gave, with the tensors of its reference moved to another device or type."""
    if not isinstance(fitted, partial) or "reference" not in fitted.keywords:
        return fitted
    reference = fitted.keywords["reference"]
    if isinstance(reference, Tensor):
        reference = move(reference)
    elif isinstance(reference, tuple):
        reference = tuple(move(each) if isinstance(each, Tensor) else each for each in reference)
    return partial(fitted, reference=reference)


def alike(term: Term) -> tuple[Any, ...]:
    """Equal for terms that keep the same: of the jobs of a sweep most do."""
    functions = (each for each in (term.statistic, term.distance, term.reference))
    named = (
        (each.func, repr(each.args), repr(sorted(each.keywords.items()))) if isinstance(each, partial) else each
        for each in functions
    )
    return (*named, term.toward is None, term.joint, term.rotations, term.wraps)
