"""A loss is a sum of terms, and a term is data: what of which layers, compared with what, how, and how strongly."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import pairwise
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor

from stx.config.layers import LAYERS
from stx.errors import UserError
from stx.stats.squared_error import squared_error

PICTURE = "picture"
"""The layer of terms that look at the picture itself, (3, H, W), RGB in [0, 1]."""
ORDER = (*LAYERS, PICTURE)
"""In which they come."""

Features = Tensor | list[Tensor]
"""Of one layer, (D, H, W), or of the several that a joint term looks at."""


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

    @property
    def places(self) -> dict[tuple[str, ...], float]:
        """What it looks at, layers in network order, with the weight of each."""
        names = sorted(self.layers, key=ORDER.index)
        if self.joint is None or not names:
            return {(name,): self.share * self.layers[name] for name in names}
        together = [tuple(names)] if self.joint == "all" else list(pairwise(names))
        return dict.fromkeys(together, self.share * sum(self.layers.values()) / max(1, len(together)))

    @property
    def follows(self) -> bool:
        """Whether its reference depends on the picture that is made."""
        return self.reference is not None and "ours" in inspect.signature(self.reference).parameters

    def of(self, maps: Sequence[Tensor]) -> Features:
        """What the statistic is given of the features at one of its places: all of them, or those of the one layer."""
        return list(maps) if self.joint else maps[0]

    def fit(self, features: Features, ours: Features | None = None, step: int = 0) -> Callable[[Features], Tensor]:
        """The statistic with its reference from these features, for a picture whose own are `ours`: or the same."""
        if self.reference is None:
            return self.statistic
        features = [features] if self.rotations and isinstance(features, Tensor) else features
        same = features[0] if self.rotations else features
        given = {"ours": same if ours is None else ours, "step": step}
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


TRIED = (8, 6), (7, 8)
"""Maps (H, W) on which statistics are tried: neither of one shape nor of one number of positions."""


def tried(terms: Sequence[Term], same_shape: bool) -> None:
    """Run the terms on small noise, so that a bad parameter is a message and not a failed run. Raises UserError."""
    for term in terms:
        option = term.group if term.toward is None else f"{term.group}_stat ({term.name})"
        if term.layers and not term.places:
            raise UserError(f"{option}: pairs of layers need two of them")
        if term.renew and not ({"ours", "step"} & inspected(term.reference)):
            raise UserError(f"{option}: renew={term.renew} has no effect, as its reference takes neither ours nor step")
        for place in term.places:
            refuse_kinds(term, option)
            ours, other = (term.of(noise(place, size)) for size in TRIED)
            try:
                # Only of a style may the other picture have another shape.
                shown = (ours, other) if term.group == "style" and not same_shape else (ours, ours)
                values = [term.fit(ours, maps)(maps) for maps in shown]
                if not all(isinstance(each, Tensor) for each in values):
                    raise ValueError("it must return a tensor")
                if (term.toward is None or term.distance is None) and values[0].ndim != 0:
                    raise ValueError("it must be one number")
                if term.toward is not None and term.distance and term.distance(values[0], values[0]).ndim != 0:
                    raise ValueError("its distance must be one number")
            except Exception as error:  # whatever a function of the user's may raise
                given = f" (joint={term.joint} gives it the features of {len(place)} layers)" if term.joint else ""
                raise UserError(f"{option}: {error}{given}") from None
            if term.group == "style" and values[0].shape != values[1].shape and not same_shape:
                raise UserError(
                    f"{option} compares position by position, so both pictures must have one size: use style_size=same"
                )


def refuse_kinds(term: Term, option: str) -> None:
    """Raise UserError for a function that says to take the features of one layer, or of several, and gets others."""
    joint, turned = bool(term.joint), bool(term.joint or term.rotations)
    for name, function, several in (("", term.statistic, joint), ("reference: ", term.reference, turned)):
        said = str(next(iter(inspect.signature(function).parameters.values())).annotation) if function else ""
        alone, together = "Tensor" in said.replace("list[torch.Tensor]", ""), "list[torch.Tensor]" in said
        if several and alone and not together:
            reason = "joint" if term.joint else "rotations"
            raise UserError(f"{option}: {name}it takes the features of one picture at one layer; leave out {reason}")
        if not several and together and not alone:
            raise UserError(f"{option}: {name}it takes the features of several layers; joint must be pairs or all")
    if term.rotations and term.reference is None:
        raise UserError(f"{option}: rotations have no effect, as it has no reference")


def inspected(function: Callable[..., Any] | None) -> set[str]:
    return set(inspect.signature(function).parameters) if function else set()


def noise(place: Sequence[str], size: tuple[int, int]) -> list[Tensor]:
    """From a generator of its own: the caller's is nobody else's business. Of several layers the first has the size,
    the others what the network would make of it."""
    generator = torch.Generator().manual_seed(0)
    height, width = size

    def maps(layer: str) -> Tensor:
        halvings = 0 if layer == PICTURE else depth(layer) - depth(place[0])
        here = max(1, height >> halvings), max(1, width >> halvings)
        return torch.rand(3 if layer == PICTURE else LAYERS[layer], *here, generator=generator)

    return [maps(layer) for layer in place]


def depth(layer: str) -> int:
    """How often the network has halved the picture there."""
    return 0 if layer == PICTURE else int(layer.removeprefix("conv").partition("_")[0]) - 1


def position_free(terms: Sequence[Term]) -> bool:
    """Whether no style statistic's shape depends on the picture's; a broken one is refused later, with its cause."""
    for term in terms:
        if term.group != "style":
            continue
        maps = [term.of(noise(place, size)) for place in [*term.places][:1] for size in TRIED]
        try:
            shapes = {term.fit(each)(each).shape for each in maps}
        except Exception:  # whatever a function of the user's may raise
            return True
        if len(shapes) > 1:
            return False
    return True


def unblendable(term: Term) -> str:
    """Why the values that several pictures have may not be averaged to one target; empty where they may."""
    if term.distance is None or term.renew or term.rotations or term.follows:
        return "it is compared with each picture's own features"
    for place in [*term.places][:1]:
        references = (tensors_of(term.fit(term.of(noise(place, size)))) for size in TRIED)
        if not all(torch.equal(one, other) for one, other in zip(*references, strict=True)):
            return "what it looks at depends on the picture"
    return "" if position_free([term]) else "it compares position by position"
