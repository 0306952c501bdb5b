"""From a config to pictures and loss network: whatever a user can get wrong is found before anything is written."""

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple

import torch
from PIL.Image import Image
from torch import Tensor

from stx import timeline
from stx.config.functions import bind
from stx.config.schedule import coarse_steps
from stx.config.schema import Config
from stx.model import memory, reading, regions, temporal
from stx.model.asked import terms
from stx.model.blocks import margin
from stx.model.budget import Budget, budget
from stx.model.calibration import calibrate
from stx.model.hardware import Hardware, choose
from stx.model.in_blocks import InBlocks
from stx.model.losses import LossNetwork
from stx.model.resized import resized
from stx.model.start import initial, own_size
from stx.model.terms import Term
from stx.model.trials import tried
from stx.model.vgg import VGG19, Weights
from stx.model.weights import load_weights
from stx.model.working_size import deepest_layer, halved, painting_size, refuse_small, result_size, squashed
from stx.pictures import colour, images
from stx.pictures.sizes import Size


class Inputs(NamedTuple):
    """What a run starts from. Pictures are (3, H, W), RGB in [0, 1], on the device."""

    hardware: Hardware
    weights: Weights
    terms: tuple[Term, ...]
    """Terms of the loss, which have been tried."""
    optimiser: "partial[Any]"
    """Called with a list of the picture to change, it makes the optimiser."""
    content: Tensor | None
    """The photograph, if there is one."""
    styles: Mapping[str, Tensor]
    """The style pictures by the names that terms are toward: "style", "style_2"."""
    initial: Tensor
    memory: float
    """Bytes that the run is expected to take at its peak."""
    painting: Image | None = None
    """The first style picture, if levels start from it; at its own size unless its colours were changed."""
    squashed: tuple[str, ...] = ()
    """Which of "photograph", "painting" and "start" do not keep their proportions."""
    finish: colour.Finish = colour.unchanged
    """Applied to a result before it is shown or saved."""
    guides: Mapping[str, Mapping[str, Tensor]] = MappingProxyType({})
    """Guides of regions, (H, W) of any size in [0, 1], by picture and region."""
    notes: tuple[str, ...] = ()
    """Remarks on the masks, for the user."""
    on_white: tuple[str, ...] = ()
    """Terms for which transparent parts count as white, since positions cannot be weighed for their group."""
    budget: Budget = Budget(0.0)
    """Whether the picture goes through the network in one piece, and at which size it is measured."""
    others: Mapping[str, Tensor] = MappingProxyType({})
    """Further pictures that terms are toward, of the size of the picture that is made."""

    @property
    def pictures(self) -> dict[str, Tensor]:
        """The given pictures as the network sees them: "content" first, if there is one, then "style", "style_2"."""
        return {**({} if self.content is None else {"content": self.content}), **self.styles}

    @property
    def photograph(self) -> Tensor:
        """The content picture of a run that has one."""
        assert self.content is not None
        return self.content

    @property
    def size(self) -> Size:
        """(width, height) of the picture that is made."""
        return self.initial.shape[2], self.initial.shape[1]

    @property
    def measured_at(self) -> str:
        """The size at which the picture is measured if memory does not suffice for its own; empty if it does."""
        (width, height), part = self.size, self.budget.judged
        return f"{int(width * part)} x {int(height * part)}" if part < 1 else ""

    @property
    def style(self) -> Tensor:
        """The first style picture, most often the only one."""
        return self.styles["style"]


def prepare(config: Config, given: Mapping[str, Image] = MappingProxyType({})) -> Inputs:
    """Device, weights, terms, optimiser and pictures of a run.

    Pictures that are `given` as "content", "style", "style_2" take the place of the files that the config names.
    Raises UserError for what a user can get wrong, and OutOfMemory if the device is full.
    """
    with memory.told_when_full(f"device={config.device}"):
        hardware = choose(config.device, config.precision, config.deterministic)
        torch.empty(0, device=hardware.device)  # makes the context of a CUDA device, so that its time counts here
        timeline.ended("device")
        return inputs_on(hardware, config, given)


def inputs_on(hardware: Hardware, config: Config, given: Mapping[str, Image]) -> Inputs:
    weights = load_weights(config.model.name, config.model.weights, config.model.seed)
    timeline.ended("weights")
    content, paintings, to_read = reading.given(config, given)
    photographs = {} if content is None else {"content": content}
    within = regions.regions(config, {**photographs, **paintings})
    asked = terms(config, within)
    deepest = deepest_layer(asked)
    size = result_size(config, (content or paintings["style"]).size, halved(deepest))
    if (held := temporal.within(within, config.temporal, size)) is not within:  # its mask needs the result's size
        within, asked = held, terms(config, held)
    style_sizes = {name: painting_size(config, style.size, size, asked) for name, style in paintings.items()}
    own_sizes = {f"style={config.styles[name]}": style.size for name, style in paintings.items()}
    of_photograph = {f"content={config.content}": each.size for each in photographs.values()}
    refuse_small(deepest, config.given_padding, {**of_photograph, **own_sizes})
    working_sizes = {"image_size": size, "style_size=own": min(style_sizes.values(), key=min)}
    coarse = len(coarse_steps(config, size, *style_sizes.values()))
    refuse_small(deepest, config.given_padding, working_sizes, config.optim.factor**coarse)
    tried(asked, same_shape={size} == {*style_sizes.values()})
    optimiser = bind(config.optim, "optim", given=("params",))
    needs = budget(config, hardware, size, [*style_sizes.values()], asked, optimiser, bool(within.guides))
    own = {name: images.to_tensor(style, style_sizes[name]) for name, style in paintings.items()}
    seen = Seen(None, own, colour.unchanged) if content is None else coloured(config, content, size, paintings, own)
    styles = seen.styles
    painting = paintings["style"] if styles["style"] is own["style"] else images.to_picture(styles["style"])
    grey = colour.grey if config.colour.name == "luminance" else colour.unchanged  # as the loop's pictures are then
    others = {name: grey(picture) for name, picture in temporal.pictures(config.temporal, size).items()}
    timeline.ended("pictures, terms, expected memory")
    return Inputs(
        hardware,
        weights,
        asked,
        optimiser,
        None if seen.content is None else seen.content.to(hardware.device),
        {name: style.to(hardware.device) for name, style in styles.items()},
        initial(config, size, seen.content, painting, weights.preprocessing).to(hardware.device),
        max(needs.needed, to_read) if hardware.device.type == "cpu" else needs.needed,
        painting if config.start.name == "style" else None,
        squashed(
            [(each.size, size) for each in photographs.values()],
            [(paintings[name].size, at) for name, at in style_sizes.items()],
            [(start, size)] if (start := own_size(config, paintings["style"])) else [],
        ),
        seen.finish,
        within.guides,
        within.notes,
        regions.on_white(within.guides, asked),
        needs,
        {name: picture.to(hardware.device) for name, picture in others.items()},
    )


class Seen(NamedTuple):
    """Pictures as the network will see them, in host memory."""

    content: Tensor | None
    styles: dict[str, Tensor]
    finish: colour.Finish


def coloured(
    config: Config, content: Image, size: Size, paintings: Mapping[str, Image], own: Mapping[str, Tensor]
) -> Seen:
    """Photograph and paintings with the colours that the config asks for; `own` are the paintings in their own."""
    photograph, opacity = images.to_tensor(content, size), regions.opacity(content)
    seen = {
        name: colour.before(config.colour, photograph, each, (opacity, regions.opacity(paintings[name])))
        for name, each in own.items()
    }
    styles = {name: style for name, (_, style) in seen.items()}
    return Seen(seen["style"][0], styles, colour.finishing(config.colour, photograph, opacity))


def loss_network(config: Config, inputs: Inputs, scales: Mapping[str, float] | None = None) -> LossNetwork:
    """The network whose loss a run minimises, with the given `scales`, or calibrated if the config says so."""
    vgg = VGG19(
        inputs.weights,
        config.pooling.name,
        deepest_layer(inputs.terms),
        inputs.hardware.dtype,
        config.activation_checkpointing,
        config.given_padding,
        config.pooling.rescale,
    )
    judged = inputs.content
    if judged is None:  # the losses of a texture are calibrated at its style, which the result will resemble
        judged = resized(inputs.style, inputs.initial.shape[1:])
    pictures = {**inputs.styles, **inputs.others, "content": judged}
    guides = regions.at_sizes(inputs.guides, pictures)
    vgg = vgg.to(inputs.hardware.device)
    if side := side_at(inputs):
        network: LossNetwork = InBlocks(vgg, pictures, inputs.terms, side)
    else:
        network = LossNetwork(vgg, pictures, inputs.terms, guides, config.tile)
    if scales is not None:
        network.rescale(scales)
    elif config.loss_weights.calibrate == "gradient":
        calibrate(network, judged, torch.Generator().manual_seed(config.seed))
    return network


def side_at(inputs: Inputs) -> int | None:
    """Side of a block's core in pixels; None if one block with its margin covers every picture.

    That can be so at the smaller levels of a pyramid.
    """
    side = inputs.budget.side
    pictures = (inputs.initial, *inputs.styles.values())
    if side is None or max(max(each.shape[1:]) for each in pictures) <= side + 2 * margin(inputs.terms):
        return None
    return side
