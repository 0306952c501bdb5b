"""Config -> pictures and loss network: all that a user can get wrong is found here, before anything is written."""

from collections.abc import Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, NamedTuple

import torch
from PIL.Image import Image
from torch import Tensor

from stx import timeline
from stx.config.functions import bind
from stx.config.layers import LAYERS
from stx.config.schedule import coarse_steps
from stx.config.schema import LONGEST_SIDE, Config, NoiseInit, PictureInit
from stx.errors import UserError
from stx.model import memory, reading, regions, temporal
from stx.model.asked import terms
from stx.model.calibration import calibrate
from stx.model.hardware import Hardware, choose
from stx.model.losses import LossNetwork
from stx.model.terms import Term
from stx.model.trials import tried
from stx.model.vgg import VGG19, Preprocessing, Weights, zero
from stx.model.weights import load_weights
from stx.model.working_size import deepest_layer, painting_size, refuse_small, squashed
from stx.pictures import colour, images
from stx.pictures.sizes import Size


class Inputs(NamedTuple):
    """What a run starts from. Pictures are (3, H, W), RGB in [0, 1], on the device."""

    hardware: Hardware
    weights: Weights
    terms: tuple[Term, ...]
    """Of the loss, tried."""
    optimiser: "partial[Any]"
    """Gives one, of a list with the picture that it is to change."""
    content: Tensor
    styles: Mapping[str, Tensor]
    """By the names that terms are toward: "style", "style_2"."""
    initial: Tensor
    memory: float
    """Bytes that the run is expected to take at its worst."""
    painting: Image | None = None
    """For levels that start from it, at its own size if its colours are its own."""
    squashed: tuple[str, ...] = ()
    """Which of "photograph" and "painting" do not keep their proportions."""
    finish: colour.Finish = colour.unchanged
    """What a result goes through before anybody sees it."""
    guides: Mapping[str, Mapping[str, Tensor]] = MappingProxyType({})
    """Of regions, (H, W) in [0, 1], by picture and region, of any size."""
    notes: tuple[str, ...] = ()
    """What to say of the masks."""
    on_white: tuple[str, ...] = ()
    """Terms for which what is transparent is white, as they take no weights of positions."""

    others: Mapping[str, Tensor] = MappingProxyType({})
    """Further pictures that terms are toward, as large as `content`."""

    @property
    def pictures(self) -> dict[str, Tensor]:
        """All that terms may be toward; the last has the size of the one that is made."""
        return {**self.styles, **self.others, "content": self.content}

    @property
    def style(self) -> Tensor:
        """The first style picture, most often the only one."""
        return self.styles["style"]


def prepare(config: Config, given: Mapping[str, Image] = MappingProxyType({})) -> Inputs:
    """Device, weights, terms, optimiser and pictures of a run. Raises UserError, and OutOfMemory of a full device.

    Pictures that are `given` as "content", "style", "style_2" take the place of the files that the config names.
    """
    with memory.told_when_full(f"device={config.device}"):
        hardware = choose(config.device, config.precision, config.deterministic)
        torch.empty(0, device=hardware.device)  # a CUDA device makes its context now
        timeline.ended("device")
        return inputs_on(hardware, config, given)


def inputs_on(hardware: Hardware, config: Config, given: Mapping[str, Image]) -> Inputs:
    weights = load_weights(config.model.name, config.model.weights, config.model.seed)
    timeline.ended("weights")
    content, paintings, to_read = reading.given(config, given)
    size = images.working_size(
        content.size, config.image_size.width, config.image_size.height, config.image_size.long_side
    )
    within = regions.regions(config, {"content": content, **paintings})
    within = temporal.within(within, config.temporal, size)
    asked = terms(config, within)
    deepest = deepest_layer(asked)
    style_sizes = {name: painting_size(config, style.size, size, asked) for name, style in paintings.items()}
    own_sizes = {f"style={config.styles[name]}": style.size for name, style in paintings.items()}
    refuse_small(deepest, config.padding, {f"content={config.content}": content.size, **own_sizes})
    working_sizes = {"image_size": size, "style_size=own": min(style_sizes.values(), key=min)}
    coarse = len(coarse_steps(config, size, *style_sizes.values()))
    refuse_small(deepest, config.padding, working_sizes, config.optim.factor**coarse)
    tried(asked, same_shape={size} == {*style_sizes.values()})
    optimiser = bind(config.optim, "optim", given=("params",))
    needed = expected_memory(config, hardware, size, [*style_sizes.values()], asked, remembered(optimiser))
    photograph = images.to_tensor(content, size)
    own = {name: images.to_tensor(style, style_sizes[name]) for name, style in paintings.items()}
    opacities = {name: regions.opacity(each) for name, each in {"content": content, **paintings}.items()}
    seen = {
        name: colour.before(config.colour, photograph, each, (opacities["content"], opacities[name]))
        for name, each in own.items()
    }
    content_tensor, styles = seen["style"][0], {name: style for name, (_, style) in seen.items()}
    painting = paintings["style"] if styles["style"] is own["style"] else images.to_picture(styles["style"])
    others = temporal.pictures(config.temporal, size)
    timeline.ended("pictures, terms, expected memory")
    return Inputs(
        hardware,
        weights,
        asked,
        optimiser,
        content_tensor.to(hardware.device),
        {name: style.to(hardware.device) for name, style in styles.items()},
        initial(config, content_tensor, painting, weights.preprocessing).to(hardware.device),
        max(needed, to_read) if hardware.device.type == "cpu" else needed,
        painting if config.init.name == "style" else None,
        squashed([(content.size, size)], [(paintings[name].size, at) for name, at in style_sizes.items()]),
        colour.finishing(config.colour, photograph, opacities["content"]),
        within.guides,
        within.notes,
        regions.on_white(within.guides, asked),
        {name: picture.to(hardware.device) for name, picture in others.items()},
    )


def remembered(optimiser: Any) -> int:
    """Numbers that an optimiser keeps for each of the picture's. Raises UserError for a function that is none."""
    if not hasattr(optimiser.func, "remembered"):
        raise UserError(
            f"optim: {getattr(optimiser.func, '__name__', optimiser.func)} is no optimiser of a picture, which says "
            "how much it keeps (remembered); see CONTRIBUTING.md"
        )
    return int(optimiser.func.remembered(**optimiser.keywords))


def expected_memory(
    config: Config, hardware: Hardware, size: Size, style_sizes: Sequence[Size], terms: Sequence[Term], remembered: int
) -> float:
    """Bytes that a run takes at its worst, about. Raises UserError where the machine has less."""
    averages = 2 if config.optim.average else 0  # before a step and behind it
    kept, area = 12 * (remembered + averages), size[0] * size[1]
    style_size = max(style_sizes, key=lambda each: each[0] * each[1])
    of_painting = memory.JUDGE * style_size[0] * style_size[1]

    def expected(checkpointing: bool) -> float:
        step = memory.of_a_step(
            list(LAYERS),
            terms,
            pooling=config.pooling.name,
            padding=config.padding,
            itemsize=hardware.dtype.itemsize,
            checkpointing=checkpointing,
            calibrated=config.loss_weights.calibrate == "gradient",
            pixels=area,
        )
        worst = max(max(step, memory.JUDGE) * area, of_painting)
        return memory.PROCESS + (12 * memory.PICTURES + kept) * area + worst

    scaled = {"style_scale": style_size} if config.style_scale > 1 else {}
    for option, (width, height) in {"image_size": size, **scaled}.items():
        if max(width, height) > LONGEST_SIDE:
            raise UserError(f"{option}: {width} x {height}: a side may have {LONGEST_SIDE} pixels at most")
    needed, available = expected(config.activation_checkpointing), memory.available(hardware.device)
    if needed > available:
        least = expected(checkpointing=True)
        raise UserError(
            f"image_size: {size[0]} x {size[1]} pixels need about {needed / 1e9:.0f} GB of memory, and "
            f"{hardware.device} has {available / 1e9:.0f} GB"
            + (
                f"; what the optimiser remembers (optim.history) takes {kept * size[0] * size[1] / 1e9:.0f} of them"
                if 2 * kept * size[0] * size[1] > needed
                else ""
            )
            + (f"; activation_checkpointing=true takes {least / 1e9:.0f} GB" if least <= available else "")
            + "; take a smaller image_size"
        )
    return needed


def initial(config: Config, content: Tensor, painting: Image | None, preprocessing: Preprocessing) -> Tensor:
    """Where the optimisation starts, as large as `content`."""
    init, size = config.init, (content.shape[2], content.shape[1])
    if isinstance(init, NoiseInit):
        generator = torch.Generator().manual_seed(config.seed)
        return init.low + (init.high - init.low) * torch.rand(content.shape, generator=generator)
    if isinstance(init, PictureInit):
        return images.to_tensor(reading.read(init.path), size)
    if init.name == "grey":
        start = zero(preprocessing).expand_as(content)
    else:
        start = content if painting is None or init.name == "content" else images.to_tensor(painting, size)
    noise = torch.randn(content.shape, generator=torch.Generator().manual_seed(config.seed))
    return (start + init.noise * noise).clamp(0, 1)


def loss_network(config: Config, inputs: Inputs, scales: Mapping[str, float] | None = None) -> LossNetwork:
    """The network that a run descends, with the `scales` of an earlier start or calibrated, if the config says so."""
    vgg = VGG19(
        inputs.weights,
        config.pooling.name,
        deepest_layer(inputs.terms),
        inputs.hardware.dtype,
        config.activation_checkpointing,
        config.padding,
        config.pooling.rescale,
    )
    guides = regions.at_sizes(inputs.guides, inputs.pictures)
    network = LossNetwork(vgg.to(inputs.hardware.device), inputs.pictures, inputs.terms, guides)
    if scales is not None:
        network.rescale(scales)
    elif config.loss_weights.calibrate == "gradient":
        calibrate(network, inputs.content, torch.Generator().manual_seed(config.seed))
    return network
