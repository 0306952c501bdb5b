"""The loss network: it takes fixed targets from given pictures and computes the losses of another one."""

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
    """Scalar losses of one picture, on its device: scaled, and without their weights except for `total`."""

    total: Tensor
    groups: dict[str, Tensor]
    """L_g by name: "content", "style" and, if the config has them, "prior" and "temporal"."""
    distances: dict[Part, Tensor]
    """Distances without their scales."""
    layers: dict[tuple[str, str], Tensor]
    """E_l by group and layer; L_g = sum w_l E_l unless terms have shares of their own. Detached, as is all below."""
    parts: dict[Part, Tensor]
    """Scaled distances, one for each term at a layer; E_l is their mean."""
    magnitudes: dict[Part, Tensor]
    """Root mean square of each part's values; float64 where the device has it: the square of 1e26 overflows float32."""
    peaks: dict[str, Tensor]
    """Largest magnitude of each layer's features. Not finite if a feature is not, which a masked statistic can hide."""


class LossNetwork(nn.Module):
    """Losses of a picture against fixed targets (Gatys et al. 2015, eq. 1-7, are a special case).

    L_g     sum over layers of w_l E_l, E_l = mean over the group's terms of scale distance(S(x), S(target)), each times
            the term's own weight
    total   sum over groups of weight L_g

    `pictures` are (3, H, W), RGB in [0, 1], by the names that terms are `toward`. The last one must have the size of
    the pictures that will be judged; with `tile` those wrap around at their edges. Values and losses are float32
    whatever the type of the features. `guides` (H, W) in [0, 1], by picture and region, say where the regions of terms
    are; a term looks at the whole of a picture without guides.

    Raises UserError if a target and the values of the judged picture differ in shape, if a term could not be evaluated,
    or if the terms of a group do not share one weight.
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
        """Name of the first term of each group."""
        self.norms: dict[str, float] = {}
        """Gradient norms that the calibration measured, before it set the scales."""
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
        """Fit the terms that are `toward` a picture, and if it stands for the `judged` ones, set the scales of all."""
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
        """Yield each part with its features as soon as all of its layers have been computed."""
        waiting: dict[str, Tensor] = {}
        for layer, features in self.features(picture, padding):
            self.wait(waiting, layer, features)
            for part in self.at(layer):
                yield part, at_place(part, waiting, features)

    def wait(self, waiting: dict[str, Tensor], layer: str, features: Tensor) -> None:
        """Keep the features of a layer for joint terms, which look at several, until the picture has been seen."""
        if any(part.term.joint and layer in part.layers for part in self.every_part):
            waiting[layer] = features

    def renew(self, number: int, image: Tensor, every: bool = False) -> bool:
        """Renew the references that are due before step `number`, or `every` one that is ever renewed, from the image
        as it is now. Returns whether there was anything to renew."""
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
        """The tensors that `renew` has made, by the key of their part."""
        return {part.key: part.renewed for part in self.every_part if part.renewed}

    def restore(self, renewed: Mapping[str, Sequence[Tensor]]) -> None:
        """Restore the tensors that `renewed` returned before a resume."""
        for part in self.every_part:
            if part.key in renewed:
                part.restore(renewed[part.key])

    def at(self, layer: str) -> list[Part]:
        """The parts whose last layer is `layer`."""
        return [part for part in self.every_part if part.layers[-1] == layer]

    def at_group(self, part: Part) -> list[Part]:
        """All parts with the place and group of `part`; E_l is their mean."""
        return [
            other for other in self.every_part if (other.layers, other.term.group) == (part.layers, part.term.group)
        ]

    @property
    def every_part(self) -> list[Part]:
        """All parts in network order; at the same layer in the order of the terms."""
        return [part for part in self.parts if isinstance(part, Part)]

    @property
    def scales(self) -> dict[str, float]:
        return {part.key: float(part.scale) for part in self.every_part}

    def rescale(self, scales: Mapping[str, float]) -> None:
        """Set the scales by the keys of their parts; a part without an entry keeps its scale."""
        for part in self.every_part:
            part.scale.fill_(scales.get(part.key, float(part.scale)))

    def features(self, picture: Tensor, padding: str | None = None) -> Iterator[tuple[str, Tensor]]:
        """Features of the layers that the terms need, in network order; float32 whatever the network computes in."""
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
                tapped[layer] = maps  # not `features`: bfloat16 takes half the bytes and has the same largest number
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
        """Compose the losses from scalars, stacked into vectors: a GPU kernel takes as long for one as for all."""
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
        """Compute the losses of `image`, a leaf tensor, and add the gradient of the total to its `grad`."""
        losses: Losses = self(image)
        losses.total.backward()  # type: ignore[no-untyped-call]
        return losses

    def gradients(
        self, picture: Tensor, of: Callable[[Losses], Mapping[str, Tensor]]
    ) -> Iterator[tuple[str, Tensor | None]]:
        """Yield the gradient (3, H, W) of each scalar that `of` makes from a picture's losses; None if it has none.

        Costs one forward pass, and a backward pass for each scalar. With activation checkpointing each scalar gets a
        graph, and so a forward pass, of its own: a graph traversed several times would keep all that it recomputes.
        """
        picture = picture.detach().requires_grad_()
        shared: Mapping[str, Tensor] = of(self(picture))
        names = [*shared]
        if self.vgg.checkpointing:
            shared = {}
        for name in names:
            loss = (shared or of(self(picture)))[name]  # no name for the rest, so that its graph can be freed
            if not loss.requires_grad:  # a group without layers
                yield name, None
                continue
            yield name, torch.autograd.grad(loss, picture, retain_graph=bool(shared))[0]
