"""Trials of terms on small noise: they show what is wrong with a term, and what it can do, before a network is made."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from stx.config.layers import LAYERS
from stx.errors import UserError, line_of
from stx.model.terms import PICTURE, Features, Term, tensors_of

TRIED = (8, 6), (7, 8)
"""Sizes (H, W) of the maps on which statistics are tried; they differ in shape and in number of positions."""
TILE = (32, 32)
"""The size for tiles: half of it is a whole number of positions at every layer."""


def tried(terms: Sequence[Term], same_shape: bool) -> None:
    """Run the terms on small noise, so that a bad parameter raises UserError here instead of failing the run.

    `same_shape` says that all style pictures have the size of the picture that is made.
    """
    for term in terms:
        option = term.group if term.toward is None else f"{term.group}_stat ({term.typed})"
        if term.layers and not term.places:
            raise UserError(f"{option}: pairs of layers need two of them")
        if term.renew and not ({"ours", "step"} & inspected(term.reference)):
            raise UserError(f"{option}: renew={term.renew} has no effect, as its reference takes neither ours nor step")
        for place in term.places:
            refuse_kinds(term, option)
            ours, other = (term.of(noise(place, size)) for size in TRIED)
            try:
                # Only a style picture may have another shape than the picture that is made.
                shown = (ours, other) if term.group == "style" and not same_shape else (ours, ours)
                values = [term.fit(ours, maps)(maps) for maps in shown]
                if others := [each for each in values if not isinstance(each, Tensor)]:
                    raise ValueError(f"it must return a tensor, not {type(others[0]).__name__}")
                if not followed(term, ours):
                    raise ValueError("no gradient goes through it to the features, so no picture could follow it")
                if (term.toward is None or term.distance is None) and values[0].ndim != 0:
                    raise ValueError("it must be one number")
                if term.toward is not None and term.distance and term.distance(values[0], values[0]).ndim != 0:
                    raise ValueError("its distance must be one number")
            except Exception as error:  # a user's function may raise anything
                given = f" (joint={term.joint} gives it the features of {len(place)} layers)" if term.joint else ""
                raise UserError(f"{option}: {error}{given}{line_of(error)}") from None
            if term.group == "style" and values[0].shape != values[1].shape and not same_shape:
                raise UserError(
                    f"{option} compares position by position, so both pictures must have one size: use style_size=same"
                )


def followed(term: Term, maps: Features) -> bool:
    """Whether a gradient reaches the features through the statistic, which detach(), item() and NumPy prevent."""
    watched = [each.clone().requires_grad_() for each in ([maps] if isinstance(maps, Tensor) else maps)]
    return term.fit(maps)(term.of(watched)).requires_grad


def refuse_kinds(term: Term, option: str) -> None:
    """Raise UserError if a function's annotation says one layer where it gets several, or the other way round."""
    joint, turned = bool(term.joint), bool(term.joint or term.rotations)
    for name, function, several in (("", term.statistic, joint), ("reference: ", term.reference, turned)):
        if function and not inspect.signature(function).parameters:
            raise UserError(f"{option}: {name}its function takes no argument; the first one is the features of a layer")
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
    """Random features of the layers of a place: the first has `size`, the others what the network would make of it.

    They come from a generator of their own, so that the caller's random numbers stay the same.
    """
    generator = torch.Generator().manual_seed(0)
    height, width = size

    def maps(layer: str) -> Tensor:
        halvings = 0 if layer == PICTURE else depth(layer) - depth(place[0])
        here = max(1, height >> halvings), max(1, width >> halvings)
        return torch.rand(3 if layer == PICTURE else LAYERS[layer], *here, generator=generator)

    return [maps(layer) for layer in place]


def depth(layer: str) -> int:
    """How many times the network has halved the picture at a layer."""
    return 0 if layer == PICTURE else int(layer.removeprefix("conv").partition("_")[0]) - 1


def position_free(terms: Sequence[Term]) -> bool:
    """Whether the values of every style statistic have a shape that does not depend on the picture's.

    True also for a statistic that fails: it is refused later, with the cause.
    """
    for term in terms:
        if term.group != "style":
            continue
        maps = [term.of(noise(place, size)) for place in [*term.places][:1] for size in TRIED]
        try:
            shapes = {term.fit(each)(each).shape for each in maps}
        except Exception:  # a user's function may raise anything
            return True
        if len(shapes) > 1:
            return False
    return True


def unblendable(term: Term) -> str:
    """Why the values of several pictures may not be averaged to one target; empty if they may."""
    if term.distance is None or term.renew or term.rotations or term.follows:
        return "it is compared with each picture's own features"
    for place in [*term.places][:1]:
        try:
            references = [tensors_of(term.fit(term.of(noise(place, size)))) for size in TRIED]
        except Exception:  # a user's function may raise anything; it is refused later, with the cause
            return ""
        if not all(torch.equal(one, other) for one, other in zip(*references, strict=True)):
            return "what it looks at depends on the picture"
    return "" if position_free([term]) else "it compares position by position"


def wraps(term: Term) -> bool:
    """Whether the term's statistic can be told that a picture is a tile."""
    return "wraps" in inspected(term.statistic)


def edged(terms: Sequence[Term]) -> list[str]:
    """The names of the terms whose loss changes if a tile begins elsewhere: they depend on its edges, or on places.

    A term that compares with the photograph may depend on places, so the photograph is shifted with the tile. If a
    reference is drawn anew during a run, a statistic that takes `wraps` is trusted without a trial.
    """
    asked = [term for term in terms if term.layers and not (term.wraps and term.renew)]
    return list(dict.fromkeys(term.typed for term in asked if not alike_when_rolled(term)))


def alike_when_rolled(term: Term) -> bool:
    maps = [each.double() for each in noise(next(iter(term.places)), TILE)]
    others = [each.flip(2).square() for each in maps]

    def loss(ours: Features, other: Features) -> Tensor:
        fitted = term.fit(other, ours)
        values = fitted(ours, **term.told)
        return values if term.toward is None or term.distance is None else term.distance(values, fitted(other))

    there = loss(term.of(rolled(maps)), term.of(others if term.group == "style" else rolled(others)))
    return torch.allclose(there, loss(term.of(maps), term.of(others)), rtol=1e-6, atol=0)


def rolled(maps: Sequence[Tensor]) -> list[Tensor]:
    """Maps shifted cyclically by half of their size, along both axes."""
    return [each.roll((each.shape[1] // 2, each.shape[2] // 2), (1, 2)) for each in maps]


def unmaskable(terms: Sequence[Term]) -> list[str]:
    """The names of the terms that cannot weigh positions: they take no `weights`, or have rotations."""
    return [term.typed for term in terms if "weights" not in inspected(term.statistic) or term.rotations]


def refuse_unusable(terms: Sequence[Term], layers: Sequence[str], pictures: Mapping[str, Tensor]) -> None:
    """Raise UserError for terms that would be left out of the loss, or enter it in another way than they say."""
    for term in terms:
        if missing := {term.toward, *term.blend} - {None, *pictures}:
            raise UserError(f"{term.name}: toward {', '.join(map(str, missing))}, none of {', '.join(pictures)}")
        if absent := [layer for layer in term.layers if layer not in layers]:
            raise UserError(f"{term.name}: this network has no {', '.join(absent)}")
        same = next(other for other in terms if other.group == term.group)
        agree = all(same.layers.get(layer, share) == share for layer, share in term.layers.items())
        if term.weight != same.weight or not agree:
            raise UserError(
                f"{term.name}: the terms of a group share its weight and layers; give it a group of its own"
            )
