"""The loss network: fixed targets from some pictures; one more picture -> its losses."""

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import reduce
from operator import add
from typing import NamedTuple

import torch
from torch import Tensor, nn

from stx.errors import UserError
from stx.model.terms import PICTURE, Term, moved
from stx.model.vgg import VGG19, kept_as
from stx.stats.precision import widest


class Losses(NamedTuple):
    """Scalars of one picture, on its device. They stand before their weights, after their scale."""

    total: Tensor
    groups: dict[str, Tensor]
    """L_g, as "content", "style" and, where there is one, "prior"."""
    distances: dict["Part", Tensor]
    """Before their scales."""
    layers: dict[tuple[str, str], Tensor]
    """E_l by group and layer, so that L_g = sum of w_l E_l; without a gradient, as the next ones."""
    parts: dict["Part", Tensor]
    """What E_l is the mean of, one a term."""
    magnitudes: dict["Part", Tensor]
    """Root mean square of each part's values, float64: the square of 1e26 overflows float32."""
    peaks: dict[str, Tensor]
    """Largest feature of each layer; not finite if any feature is not, which a masked statistic can hide."""


def root_mean_squares(values: Sequence[Tensor]) -> Sequence[Tensor]:
    """Of each; on a GPU two kernels for all of them."""
    if not values:
        return []
    norms = torch._foreach_norm([each.detach() for each in values], 2, dtype=widest(values[0].device))
    return torch._foreach_div(norms, [math.sqrt(each.numel()) for each in values])


def largest(maps: Sequence[Tensor]) -> Sequence[Tensor]:
    """The largest magnitude in each, not finite where any value is not; on a GPU two kernels for all of them."""
    return torch._foreach_norm([each.detach() for each in maps], math.inf) if maps else []


class Part(nn.Module):
    """A term at one of its layers: its target and its scale, fitted once."""

    def __init__(self, term: Term, layer: str, several: bool, share: float):
        super().__init__()
        self.term, self.layer = term, layer
        names = [layer] * (layer != PICTURE) + [term.name] * several
        self.place = "/".join(names)
        """The layer, and with `several` terms at it the term's name."""
        self.key = (f"{term.group}/" if term.prefix is None else term.prefix) + self.place
        self.key = self.key.rstrip("/")
        """What it is called in scales and gradient norms."""
        self.statistic: Callable[[Tensor], Tensor] = term.statistic
        self.target: Tensor | None
        self.register_buffer("target", None)
        self.scale: Tensor
        self.register_buffer("scale", torch.ones(()))
        self.share: Tensor
        self.register_buffer("share", torch.tensor(share))
        """Of its group's loss: w_l, over the terms of the group at the layer."""

    def _apply(self, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> "Part":
        """PyTorch's way behind `.to(device)`: the reference moves with target and scale."""
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]
        self.statistic = moved(self.statistic, fn)
        return self

    def fit(self, features: Tensor) -> None:
        """Take the target from the features of the picture that the term is toward."""
        self.statistic = self.term.fit(features)
        self.target = self.statistic(features)

    def fits(self, features: Tensor) -> None:
        """Set the scale for pictures with such features. Raises UserError where their values have another shape."""
        if self.target is None:
            return
        values = self.statistic(features)
        if values.shape != self.target.shape:
            raise UserError(
                f"this {self.term.group} statistic compares position by position, so both pictures must have one size: "
                f"use style_size=same ({self.key}: {tuple(values.shape)} against {tuple(self.target.shape)})"
            )
        self.scale.fill_(self.term.factor(values, features))

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """The distance before its scale, and the values that it is of."""
        values = self.statistic(features)
        return (values if self.target is None else self.term.distance(values, self.target)), values


class LossNetwork(nn.Module):
    """Losses of a picture against fixed ones (Gatys et al. 2015, eq. 1-7, are one of them).

    L_g     sum over layers of w_l E_l, E_l = mean over the group's terms of scale distance(S(x), S(target))
    total   sum over groups of weight L_g

    Pictures are (3, H, W), RGB in [0, 1], by the names that terms are `toward`; the last one has the size of those
    that will be judged. Values and losses are float32 whatever the features are.

    Raises UserError where a target and the judged picture's values have different shapes, and for terms that could not
    be evaluated, or whose group has two weights.
    """

    def __init__(self, vgg: VGG19, pictures: Mapping[str, Tensor], terms: Sequence[Term]):
        super().__init__()
        self.vgg = vgg
        refuse_unusable(terms, [*vgg.layers, PICTURE], pictures)
        self.weights = {term.group: term.weight for term in terms}
        self.norms: dict[str, float] = {}
        """Gradient norms that the calibration found, before the scales."""
        used = {layer for term in terms for layer in term.layers}
        self.layers = [name for name in (*vgg.layers, PICTURE) if name in used]
        members = Counter(term.group for term in terms)
        beside = Counter((term.group, layer) for term in terms for layer in term.layers)
        self.parts = nn.ModuleList(
            Part(term, layer, members[term.group] > 1, share=term.layers[layer] / beside[term.group, layer])
            for layer in self.layers
            for term in terms
            if layer in term.layers
        )
        device = next(iter(pictures.values())).device
        self.parts.to(device)
        with torch.no_grad():
            for toward, picture in pictures.items():
                for layer, features in self.features(picture):
                    for part in self.at(layer):
                        if part.term.toward == toward:
                            part.fit(features)
                        if picture is [*pictures.values()][-1]:
                            part.fits(features)

    def at(self, layer: str) -> list[Part]:
        return [part for part in self.every_part if part.layer == layer]

    def at_group(self, part: Part) -> list[Part]:
        """The parts of one layer and group, whose mean is its loss."""
        return [other for other in self.at(part.layer) if other.term.group == part.term.group]

    @property
    def every_part(self) -> list[Part]:
        """In network order, at a layer in the order of the terms."""
        return [part for part in self.parts if isinstance(part, Part)]

    @property
    def scales(self) -> dict[str, float]:
        return {part.key: float(part.scale) for part in self.every_part}

    def rescale(self, scales: Mapping[str, float]) -> None:
        """Take the scales of an earlier start; those that it did not have stay."""
        for part in self.every_part:
            part.scale.fill_(scales.get(part.key, float(part.scale)))

    def features(self, picture: Tensor) -> Iterator[tuple[str, Tensor]]:
        """Of the layers that a term needs, in network order; float32, whatever the network computes in."""
        return ((layer, maps.float()) for layer, maps in self.stream(picture))

    def stream(self, picture: Tensor) -> Iterator[tuple[str, Tensor]]:
        yield from self.vgg.stream(picture, [layer for layer in self.layers if layer != PICTURE])
        if PICTURE in self.layers:
            yield PICTURE, picture

    def forward(self, picture: Tensor) -> Losses:
        distances, values, tapped = dict[Part, Tensor](), dict[Part, Tensor](), dict[str, Tensor]()
        for layer, maps in self.stream(picture):
            features = maps if layer == PICTURE else maps.float()
            if layer != PICTURE:
                tapped[layer] = maps  # as they are: half the bytes of float32 ones, and the same largest number
            with kept_as(maps, features):
                for part in self.at(layer):
                    distances[part], values[part] = part(features)
        # From here on numbers alone, in vectors: a kernel on one costs a GPU as much as one on all of them.
        groups, parts = dict[str, Tensor](), dict[Part, Tensor]()
        for name in self.weights:
            members = [part for part in distances if part.term.group == name]
            if not members:
                groups[name] = picture.new_zeros(())
                continue
            scaled = torch.stack([distances[part] for part in members])
            scaled = scaled * torch.stack([part.scale for part in members])
            groups[name] = (scaled * torch.stack([part.share for part in members])).sum()
            parts.update(zip(members, scaled.detach().unbind(), strict=True))
        at_layers = {(part.term.group, part.layer): [parts[each] for each in self.at_group(part)] for part in parts}
        layers = {at: each[0] if len(each) == 1 else torch.stack(each).mean() for at, each in at_layers.items()}
        total = reduce(add, (self.weights[name] * loss for name, loss in groups.items()))
        fixed = [part for part in values if part.target is not None]
        magnitudes = dict(zip(fixed, root_mean_squares([values[part] for part in fixed]), strict=True))
        peaks = dict(zip(tapped, largest(list(tapped.values())), strict=True))
        return Losses(total, groups, distances, layers, parts, magnitudes, peaks)


def refuse_unusable(terms: Sequence[Term], layers: Sequence[str], pictures: Mapping[str, Tensor]) -> None:
    """Raise UserError for terms that would be left out of the loss, or enter it otherwise than they say."""
    for term in terms:
        if term.toward is not None and term.toward not in pictures:
            raise UserError(f"{term.name}: toward {term.toward}, which is none of {', '.join(pictures)}")
        missing = [layer for layer in term.layers if layer not in layers]
        if missing:
            raise UserError(f"{term.name}: this network has no {', '.join(missing)}")
        same = next(other for other in terms if other.group == term.group)
        agree = all(same.layers.get(layer, share) == share for layer, share in term.layers.items())
        if term.weight != same.weight or not agree:
            raise UserError(
                f"{term.name}: the terms of a group share its weight and layers; give it a group of its own"
            )
