"""The loss network: fixed targets from some pictures; one more picture -> its losses."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import reduce
from operator import add
from types import MappingProxyType
from typing import NamedTuple

import torch
from torch import Tensor, nn

from stx.model.guides import Weighed, regions_weights, weights_at
from stx.model.magnitudes import largest, root_mean_squares
from stx.model.padding import CIRCULAR
from stx.model.parts import Part, at_place
from stx.model.terms import PICTURE, Features, Term
from stx.model.trials import refuse_unusable
from stx.model.vgg import VGG19, kept_as


class Losses(NamedTuple):
    """Scalars of one picture, on its device, before their weights and after their scale."""

    total: Tensor
    groups: dict[str, Tensor]
    """L_g, as "content", "style" and, where there is one, "prior"."""
    distances: dict[Part, Tensor]
    """Before their scales."""
    layers: dict[tuple[str, str], Tensor]
    """E_l by group and layer: L_g = sum of w_l E_l where no term weighs otherwise. No gradient, as the next ones."""
    parts: dict[Part, Tensor]
    """What E_l is the mean of, one a term."""
    magnitudes: dict[Part, Tensor]
    """Root mean square of each part's values, float64: the square of 1e26 overflows float32."""
    peaks: dict[str, Tensor]
    """Largest feature of each layer; not finite if any feature is not, which a masked statistic can hide."""


class LossNetwork(nn.Module):
    """Losses of a picture against fixed ones (Gatys et al. 2015, eq. 1-7, are one of them).

    L_g     sum over layers of w_l E_l, E_l = mean over the group's terms of scale distance(S(x), S(target)), each times
            the term's own weight
    total   sum over groups of weight L_g

    Pictures are (3, H, W), RGB in [0, 1], by the names that terms are `toward`; the last one has the size of those
    will be judged, which go on at their other side if they are a `tile`. Values and losses are float32 whatever the
    features are. `guides` are those of the regions that terms look at, (H, W) in [0, 1], by picture and name; a term
    looks at all of a picture that has none.

    Raises UserError where a target and the judged picture's values have different shapes, and for terms that could not
    be evaluated, or whose group has two weights.
    """

    def __init__(
        self,
        vgg: VGG19,
        pictures: Mapping[str, Tensor],
        terms: Sequence[Term],
        guides: Mapping[str, Mapping[str, Tensor]] = MappingProxyType({}),
        tile: bool = False,
    ):
        super().__init__()
        self.vgg, self.ours = vgg, CIRCULAR if tile else vgg.padding
        refuse_unusable(terms, [*vgg.layers, PICTURE], pictures)
        self.weights = {term.group: term.weight for term in terms}
        self.first = {term.group: term.name for term in reversed(terms)}
        """The first term of each group, by name."""
        self.norms: dict[str, float] = {}
        """Gradient norms that the calibration found, before the scales."""
        used = {layer for term in terms for layer in term.layers}
        self.layers = [name for name in (*vgg.layers, PICTURE) if name in used]
        members = Counter(term.group for term in terms)
        beside = Counter((term.group, place) for term in terms for place in term.places)
        self.parts = nn.ModuleList(
            Part(term, place, members[term.group] > 1, share=share / beside[term.group, place])
            for layer in self.layers
            for term in terms
            for place, share in term.places.items()
            if layer == place[-1]
        )
        device = next(iter(pictures.values())).device
        self.parts.to(device)
        last = [*pictures][-1]
        with torch.no_grad():
            weighed = {name: regions_weights(own, self.layers) for name, own in guides.items()}
            for part in self.every_part:
                part.weights = weights_at(part, weighed.get(last, {}))
            for toward, picture in pictures.items():
                self.fit(toward, picture, weighed.get(toward, {}), judged=toward == last)

    def fit(self, toward: str, picture: Tensor, weighed: Weighed, judged: bool) -> None:
        """Targets of the terms `toward` a picture, and where it has the size of the `judged` ones, all scales."""
        turned: dict[Part, list[Tensor]] = {}
        members = [part for part in self.every_part if part.term.toward == toward]
        blending = [part for part in self.every_part if toward in part.term.blend]
        for turns in range(4 if any(part.term.rotations for part in members) else 1):
            view = torch.rot90(picture, turns, (1, 2)) if turns else picture
            for part, features in self.seen(view, self.vgg.padding):
                if part in members and part.term.rotations:
                    assert isinstance(features, Tensor)
                    turned.setdefault(part, []).append(features)
                elif part in members and not turns:
                    part.fit(features, weights=weights_at(part, weighed))
                if part in blending and not turns:
                    part.blend(toward, features, weights_at(part, weighed))
                if judged and not turns and part not in turned:
                    part.fits(features)
        for part, several in turned.items():
            part.fit(several)
            if judged:
                part.fits(several[0])

    def seen(self, picture: Tensor, padding: str) -> Iterator[tuple[Part, Features]]:
        """Each part with its features, as soon as there are all of them."""
        waiting: dict[str, Tensor] = {}
        for layer, features in self.features(picture, padding):
            self.wait(waiting, layer, features)
            for part in self.at(layer):
                yield part, at_place(part, waiting, features)

    def wait(self, waiting: dict[str, Tensor], layer: str, features: Tensor) -> None:
        """Keep the features of a layer for the terms that look at several, until the picture has been seen."""
        if any(part.term.joint and layer in part.layers for part in self.every_part):
            waiting[layer] = features

    def renew(self, number: int, image: Tensor, every: bool = False) -> bool:
        """Before the step of that number, from an image: make again what references are due, or `every` one that ever
        is; whether there are any."""
        renewed = [part for part in self.every_part if part.term.renew]
        due = [part for part in renewed if every or (number - 1) % part.term.renew == 0]
        with torch.no_grad():
            for part in due:
                if not part.term.follows and part.given is not None:
                    part.fit(part.given, step=number, weights=part.given_weights)
            if any(part.term.follows for part in due):
                for part, ours in self.seen(image.detach(), self.ours):
                    if part in due and part.term.follows and part.given is not None:
                        part.fit(part.given, ours, number, part.given_weights)
        return bool(due)

    @property
    def renewed(self) -> dict[str, list[Tensor]]:
        """By part, what `renew` has made."""
        return {part.key: part.renewed for part in self.every_part if part.renewed}

    def restore(self, renewed: Mapping[str, Sequence[Tensor]]) -> None:
        """Take over what an earlier start had renewed."""
        for part in self.every_part:
            if part.key in renewed:
                part.restore(renewed[part.key])

    def at(self, layer: str) -> list[Part]:
        """The parts whose last layer it is."""
        return [part for part in self.every_part if part.layers[-1] == layer]

    def at_group(self, part: Part) -> list[Part]:
        """The parts of one place and group, whose mean is its loss."""
        return [
            other for other in self.every_part if (other.layers, other.term.group) == (part.layers, part.term.group)
        ]

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

    def features(self, picture: Tensor, padding: str | None = None) -> Iterator[tuple[str, Tensor]]:
        """Of the layers that a term needs, in network order; float32, whatever the network computes in."""
        return ((layer, maps.float()) for layer, maps in self.stream(picture, padding))

    def stream(self, picture: Tensor, padding: str | None = None) -> Iterator[tuple[str, Tensor]]:
        yield from self.vgg.stream(picture, [layer for layer in self.layers if layer != PICTURE], padding)
        if PICTURE in self.layers:
            yield PICTURE, picture

    def forward(self, picture: Tensor) -> Losses:
        distances, values, tapped = dict[Part, Tensor](), dict[Part, Tensor](), dict[str, Tensor]()
        waiting: dict[str, Tensor] = {}
        for layer, maps in self.stream(picture, self.ours):
            features = maps if layer == PICTURE else maps.float()
            if layer != PICTURE:
                tapped[layer] = maps  # as they are: half the bytes of float32 ones, and the same largest number
            self.wait(waiting, layer, features)
            with kept_as(maps, features):
                for part in self.at(layer):
                    distances[part], values[part] = part(at_place(part, waiting, features))
        fixed = [part for part in values if part.target is not None]
        magnitudes = dict(zip(fixed, root_mean_squares([values[part] for part in fixed]), strict=True))
        peaks = dict(zip(tapped, largest(list(tapped.values())), strict=True))
        return self.losses(picture, distances, magnitudes, peaks)

    def losses(
        self,
        picture: Tensor,
        distances: dict[Part, Tensor],
        magnitudes: dict[Part, Tensor],
        peaks: Mapping[str, Tensor],
    ) -> Losses:
        """From numbers alone, in vectors: a kernel on one costs a GPU as much as one on all of them."""
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
        return Losses(total, groups, distances, layers, parts, magnitudes, dict(peaks))

    def backward(self, image: Tensor) -> Losses:
        """The losses of `image`, a leaf, to whose `grad` that of the total is added."""
        losses: Losses = self(image)
        losses.total.backward()  # type: ignore[no-untyped-call]
        return losses

    def gradients(
        self, picture: Tensor, of: Callable[[Losses], Mapping[str, Tensor]]
    ) -> Iterator[tuple[str, Tensor | None]]:
        """Of some scalars that are made of a picture's losses, by name: (3, H, W), or nothing where there is none.

        Costs one forward and a backward pass each, with activation checkpointing a forward pass each too: a graph that
        goes back several times keeps all that it has computed again, so that then each has its own.
        """
        picture = picture.detach().requires_grad_()
        shared: Mapping[str, Tensor] = of(self(picture))
        names = [*shared]
        if self.vgg.checkpointing:
            shared = {}
        for name in names:
            loss = (shared or of(self(picture)))[name]  # alone, so that nothing else of its graph is held
            if not loss.requires_grad:  # a group without layers
                yield name, None
                continue
            yield name, torch.autograd.grad(loss, picture, retain_graph=bool(shared))[0]
