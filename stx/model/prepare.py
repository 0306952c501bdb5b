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
from stx.model import memory, reading
from stx.model.asked import terms
from stx.model.calibration import calibrate
from stx.model.hardware import Hardware, choose
from stx.model.losses import LossNetwork
from stx.model.terms import Term, position_free, tried
from stx.model.vgg import VGG19, Weights, shortest_side
from stx.model.weights import load_weights
from stx.pictures import colour, images
from stx.pictures.sizes import Size, is_squashed, with_area


class Inputs(NamedTuple):
    """What a run starts from. Pictures are (3, H, W), RGB in [0, 1], on the device."""

    hardware: Hardware
    weights: Weights
    terms: tuple[Term, ...]
    """Of the loss, tried."""
    optimiser: "partial[Any]"
    """Gives one, of a list with the picture that it is to change."""
    content: Tensor
    style: Tensor
    initial: Tensor
    memory: float
    """Bytes that the run is expected to take at its worst."""
    painting: Image | None = None
    """For levels that start from it, at its own size if its colours are its own."""
    squashed: tuple[str, ...] = ()
    """Which of "photograph" and "painting" do not keep their proportions."""
    finish: colour.Finish = colour.unchanged
    """What a result goes through before anybody sees it."""


def prepare(config: Config, given: Mapping[str, Image] = MappingProxyType({})) -> Inputs:
    """Device, weights, terms, optimiser and pictures of a run. Raises UserError, and OutOfMemory of a full device.

    Pictures that are `given` as "content" and "style" take the place of the files that the config names.
    """
    with memory.told_when_full(f"device={config.device}"):
        hardware = choose(config.device, config.precision, config.deterministic)
        torch.empty(0, device=hardware.device)  # a CUDA device makes its context now
        timeline.ended("device")
        return inputs_on(hardware, config, given)


def inputs_on(hardware: Hardware, config: Config, given: Mapping[str, Image]) -> Inputs:
    weights = load_weights(config.model.name, config.model.weights, config.model.seed)
    timeline.ended("weights")
    content, style, to_read = reading.given(config, given)
    size = images.working_size(
        content.size, config.image_size.width, config.image_size.height, config.image_size.long_side
    )
    asked = terms(config)
    deepest = deepest_layer(asked)
    style_size = painting_size(config, style.size, size, asked)
    given_sizes = {f"content={config.content}": content.size, f"style={config.style}": style.size}
    refuse_small(deepest, config.padding, given_sizes)
    working_sizes = {"image_size": size, "style_size=own": style_size}
    refuse_small(deepest, config.padding, working_sizes, len(coarse_steps(config, size, style_size)))
    tried(asked, same_shape=size == style_size)
    optimiser = bind(config.optim, "optim", given=("params",))
    needed = expected_memory(config, hardware, size, style_size, asked, remembered(optimiser))
    photograph, own_painting = images.to_tensor(content, size), images.to_tensor(style, style_size)
    content_tensor, style_tensor = colour.before(config.colour, photograph, own_painting)
    painting = style if style_tensor is own_painting else images.to_picture(style_tensor)
    timeline.ended("pictures, terms, expected memory")
    return Inputs(
        hardware,
        weights,
        asked,
        optimiser,
        content_tensor.to(hardware.device),
        style_tensor.to(hardware.device),
        initial(config, content_tensor, painting).to(hardware.device),
        max(needed, to_read) if hardware.device.type == "cpu" else needed,
        painting if config.init.name == "style" else None,
        tuple(
            name
            for name, before, after in (("photograph", content.size, size), ("painting", style.size, style_size))
            if is_squashed(before, after)
        ),
        colour.finishing(config.colour, photograph),
    )


def painting_size(config: Config, painting: Size, size: Size, terms: Sequence[Term]) -> Size:
    """The painting's working size, where the photograph's is `size`.

    Raises UserError for a scale where both pictures must have one size.
    """
    own_size, scaled = with_area(painting, round(size[0] * size[1] * config.style_scale**2)), config.style_scale != 1
    least = shortest_side(deepest_layer(terms), config.padding)
    wide_enough = min(own_size) >= least  # else it is squashed, and that is said
    if config.style_size == "own" or (config.style_size == "auto" and (wide_enough or scaled) and position_free(terms)):
        return own_size
    if scaled:
        raise UserError(
            f"style_scale={config.style_scale:g}: the painting is made as large as the photograph here, "
            + ("by style_size=same" if config.style_size == "same" else "as the statistic compares places")
        )
    return size


def refuse_small(deepest: str, padding: str, sizes: Mapping[str, Size], halvings: int = 0) -> None:
    """Raise UserError for a size at which the network's deepest layer has no position, or none to mirror at an edge."""
    needed = shortest_side(deepest, padding)
    mirrored = f" with padding={padding}" if needed > shortest_side(deepest) else ""
    for what, (width, height) in sizes.items():
        if min(width, height) >> halvings < needed:
            halved = f", halved {halvings} times by optim.pyramid," if halvings else ""
            raise UserError(
                f"{what}: {width} x {height} pixels{halved} are too few for {deepest}, "
                f"which needs {needed} on the shorter side{mirrored}"
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
    config: Config, hardware: Hardware, size: Size, style_size: Size, terms: Sequence[Term], remembered: int
) -> float:
    """Bytes that a run takes at its worst, about. Raises UserError where the machine has less."""
    averages = 2 if config.optim.average else 0  # before a step and behind it
    kept, area = 12 * (remembered + averages), size[0] * size[1]
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


def deepest_layer(terms: Sequence[Term]) -> str:
    """The layer at which the network ends: the first, where the terms look at the picture alone."""
    used = {layer for term in terms for layer in term.layers}
    return [layer for place, layer in enumerate(LAYERS) if layer in used or place == 0][-1]


def initial(config: Config, content: Tensor, painting: Image | None) -> Tensor:
    """Where the optimisation starts, as large as `content`."""
    init, size = config.init, (content.shape[2], content.shape[1])
    if isinstance(init, NoiseInit):
        generator = torch.Generator().manual_seed(config.seed)
        return init.low + (init.high - init.low) * torch.rand(content.shape, generator=generator)
    if isinstance(init, PictureInit):
        return images.to_tensor(reading.read(init.path), size)
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
    pictures = {"style": inputs.style, "content": inputs.content}
    network = LossNetwork(vgg.to(inputs.hardware.device), pictures, inputs.terms)
    if scales is not None:
        network.rescale(scales)
    elif config.loss_weights.calibrate == "gradient":
        calibrate(network, inputs.content, torch.Generator().manual_seed(config.seed))
    return network
