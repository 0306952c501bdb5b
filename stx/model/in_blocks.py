"""Losses of a picture that is too large for the network, computed block by block; equal up to rounding.

Galerne et al. 2024 (EGSR, arXiv 2212.13459), for every statistic that is made of sums over positions. An evaluation
with its gradient takes the blocks through the network twice: once for the sums, from which the losses follow, and once
for the gradient. Statistics that need other sums beforehand add a third pass.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain

import torch
from torch import Tensor

from stx.config.layers import LAYERS
from stx.model.blocks import Block, blocks, local, map_size, margin
from stx.model.gathering import (
    Computed,
    added_up,
    as_leaves,
    assembled,
    bound,
    first_sums,
    form_of,
    in_two,
    local_sums,
    picture_size,
    through,
)
from stx.model.guides import Weighed
from stx.model.losses import Losses, LossNetwork
from stx.model.magnitudes import root_mean_squares
from stx.model.parts import Part, at_place
from stx.model.terms import PICTURE, Features, Term
from stx.model.vgg import VGG19
from stx.stats.gathered import Core, Size, Sums


class InBlocks(LossNetwork):
    """A loss network that sees only a block of the picture at once: `side` pixels along each axis, and a margin.

    All terms must be `divisible`: none is ever renewed, and none weighs positions.
    """

    def __init__(self, vgg: VGG19, pictures: Mapping[str, Tensor], terms: Sequence[Term], side: int):
        self.side, self.margin = side, margin(terms)  # the base class needs them, as it fits the targets in blocks
        super().__init__(vgg, pictures, terms)

    @property
    def inside(self) -> list[Part]:
        """The parts that look at features; the others are given the whole picture."""
        return [part for part in self.every_part if PICTURE not in part.layers]

    def fit(self, toward: str, picture: Tensor, weighed: Weighed, judged: bool) -> None:
        members = [part for part in self.inside if part.term.toward == toward]
        for layer in dict.fromkeys(part.layer for part in members if whole_map(part)):
            maps = assembled(self.vgg, picture, self.cut(picture), layer)
            for part in members:
                if whole_map(part) and part.layer == layer:
                    if local(part.statistic):
                        part.fit(maps)
                    else:
                        part.refer(part.term.fit(maps))
        blending = [part for part in self.inside if toward in part.term.blend]
        sums = [part for part in dict.fromkeys([*members, *blending]) if not local(part.statistic)]
        totals, _peaks = self.gathered(picture, sums, self.beforehand(picture, sums))
        for part in sums:
            values = self.value(part, totals[part], picture)
            if part in members:
                part.aim(values)
            if part in blending:
                part.mix(toward, values)
        for part in self.every_part:
            if PICTURE in part.layers:
                if part.term.toward == toward:
                    part.fit(picture)
                part.blend(toward, picture, None)
                if judged:
                    part.fits(picture)
            elif judged:
                part.suit(*self.shapes(part, picture))

    def cut(self, picture: Tensor) -> list[Block]:
        return blocks(picture_size(picture), self.side, self.margin)

    def shapes(self, part: Part, picture: Tensor) -> tuple[Tensor, Tensor]:
        """Tensors with the shapes of a part's values and of its first layer's features, without data (on "meta")."""
        layer = part.layers[0]
        features = torch.empty(LAYERS[layer], *map_size(layer, picture_size(picture)), device="meta")
        values = features if local(part.statistic) or part.target is None else part.target.to("meta")
        return values, features

    def forward(self, picture: Tensor) -> Losses:
        """The losses, without a gradient; `backward` and `gradients` compute it."""
        with torch.no_grad():
            sums, peaks = self.gathered(picture, self.inside, self.beforehand(picture, self.inside))
            return self.judged(picture, sums, peaks)

    def backward(self, image: Tensor) -> Losses:
        with torch.no_grad():
            before = self.beforehand(image, self.inside)
            sums, peaks = self.gathered(image, self.inside, before)
        leaves = as_leaves(sums)
        losses = self.judged(image, leaves, peaks)
        losses.total.backward()  # type: ignore[no-untyped-call]
        if image.grad is None:
            image.grad = torch.zeros_like(image)
        slopes = {part: tuple(each.grad for each in leaves[part]) for part in leaves}
        for block in self.cut(image):
            (gradient,) = self.handed_on(image.detach(), block, [slopes], before)
            block.of(image.grad).add_(gradient)
        return losses

    def gradients(
        self, picture: Tensor, of: Callable[[Losses], Mapping[str, Tensor]]
    ) -> Iterator[tuple[str, Tensor | None]]:
        picture = picture.detach().requires_grad_()
        with torch.no_grad():
            before = self.beforehand(picture, self.inside)
            sums, peaks = self.gathered(picture, self.inside, before)
        leaves = as_leaves(sums)
        flat = [*chain.from_iterable(leaves.values())]
        slopes, gradients = dict[str, Mapping[Part, Sequence[Tensor | None]]](), dict[str, Tensor]()
        chosen = of(self.judged(picture, leaves, peaks))
        for name, loss in chosen.items():
            if not loss.requires_grad:
                continue
            direct, *by_sum = torch.autograd.grad(loss, [picture, *flat], retain_graph=True, allow_unused=True)
            left = iter(by_sum)
            slopes[name] = {part: [next(left) for _ in leaves[part]] for part in leaves}
            gradients[name] = torch.zeros_like(picture) if direct is None else direct.clone()
        for block in self.cut(picture) if slopes else ():
            each = self.handed_on(picture.detach(), block, [*slopes.values()], before)
            for whole, gradient in zip(gradients.values(), each, strict=True):
                block.of(whole).add_(gradient)
        for name in chosen:
            yield name, gradients.get(name)

    def beforehand(self, picture: Tensor, parts: Sequence[Part]) -> Computed:
        """The sums over a whole picture that some of the parts need before their own."""
        return added_up(self.vgg, picture, self.cut(picture), [*filter(in_two, parts)], first_sums)[0]

    def gathered(self, picture: Tensor, parts: Sequence[Part], before: Computed) -> tuple[Computed, dict[str, Tensor]]:
        """The sums of some parts over a whole picture, and the largest magnitude in each layer."""
        return added_up(self.vgg, picture, self.cut(picture), parts, partial(self.sums, before, picture_size(picture)))

    def sums(
        self, before: Computed, size: Size, part: Part, features: Features, cores: Sequence[Core], block: Block
    ) -> Sums:
        if local(part.statistic):
            assert isinstance(features, Tensor)
            return local_sums(part, features, cores[0])
        sizes = [map_size(layer, size) for layer in part.layers]
        more = {"before": before[part]} if part in before else {}
        return form_of(part).sums(features, part.term.of(cores), part.term.of(sizes), **bound(part), **more)

    def value(self, part: Part, sums: Sums, picture: Tensor) -> Tensor:
        sizes = [map_size(layer, picture_size(picture)) for layer in part.layers]
        return form_of(part).value(sums, part.term.of(sizes), **bound(part)).float()

    def judged(self, picture: Tensor, sums: Mapping[Part, Sums], peaks: Mapping[str, Tensor]) -> Losses:
        """The losses that follow from the sums of all parts."""
        distances, magnitudes = dict[Part, Tensor](), dict[Part, Tensor]()
        for part in self.every_part:  # in network order, in which they are named and summed
            if PICTURE in part.layers:
                distances[part], values = part(at_place(part, {}, picture))
                if part.target is not None:
                    magnitudes[part] = root_mean_squares([values])[0]
            elif local(part.statistic):
                assert part.target is not None
                distance, squares = sums[part]
                distances[part] = distance.float()
                magnitudes[part] = (squares.detach() / part.target.numel()).sqrt()
            else:
                value = self.value(part, sums[part], picture)
                assert part.target is not None
                assert part.term.distance is not None
                distances[part] = part.term.distance(value, part.target)
                magnitudes[part] = root_mean_squares([value])[0]
        return self.losses(picture, distances, magnitudes, peaks)

    def handed_on(
        self,
        picture: Tensor,
        block: Block,
        slopes: Sequence[Mapping[Part, Sequence[Tensor | None]]],
        before: Computed,
    ) -> list[Tensor]:
        """Gradients with respect to a block's pixels, one for each of `slopes`, gradients with respect to the sums.

        With activation checkpointing each gets a graph of its own, since a graph that is traversed several times keeps
        all that it recomputes.
        """
        every = {part: None for of in slopes for part in pulling(of)}
        sums = partial(self.sums, before, picture_size(picture))
        gradients, computed = list[Tensor](), Computed()
        for number, of in enumerate(slopes, start=1):
            if self.vgg.checkpointing or not computed:
                computed = Computed()  # frees this graph before the next one is made
                with torch.enable_grad():
                    crop = block.of(picture).clone().requires_grad_()
                    parts = pulling(of) if self.vgg.checkpointing else [*every]
                    computed, _peaks = through(self.vgg, crop, block, parts, sums)
            pairs = [
                (output, slope)
                for part in pulling(of)
                for output, slope in zip(computed[part], of[part], strict=True)
                if slope is not None and output.requires_grad
            ]
            outputs, given = zip(*pairs, strict=True) if pairs else ((), ())
            again = number < len(slopes) and not self.vgg.checkpointing
            gradients.append(
                torch.autograd.grad(outputs, crop, given, retain_graph=again)[0] if pairs else torch.zeros_like(crop)
            )
        return gradients


def whole_map(part: Part) -> bool:
    """Whether the part's target or reference is made from all features of a layer at once."""
    return local(part.statistic) or part.term.reference is not None


def pulling(slopes: Mapping[Part, Sequence[Tensor | None]]) -> list[Part]:
    """The parts with a gradient with respect to their sums."""
    return [part for part, of in slopes.items() if any(each is not None for each in of)]
