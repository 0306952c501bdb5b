"""Config -> pictures and loss network: all that a user can get wrong is found here, before anything is written."""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from stx.config.functions import bind
from stx.config.layers import LAYERS
from stx.config.schedule import coarse_steps
from stx.config.schema import LONGEST_SIDE, Config, NoiseInit, NoPrior, PictureInit, StyleTerm, StyleTerms
from stx.errors import UserError
from stx.model import memory
from stx.model.hardware import Hardware, choose
from stx.model.losses import LossNetwork, Prior, Term, mean_square
from stx.model.vgg import VGG19, Weights, shortest_side
from stx.model.weights import load_weights
from stx.pictures import images
from stx.pictures.sizes import is_squashed, with_area


class Inputs(NamedTuple):
    """What a run starts from. Pictures are (3, H, W), RGB in [0, 1], on the device."""

    hardware: Hardware
    weights: Weights
    content: Tensor
    style: Tensor
    initial: Tensor
    memory: float
    """Bytes that the run is expected to take at its worst."""
    squashed: tuple[str, ...] = ()
    """Which of "photograph" and "painting" do not keep their proportions."""


def prepare(config: Config) -> Inputs:
    """Device, weights and pictures of a run. Raises UserError."""
    hardware = choose(config.device, config.precision)
    weights = load_weights(config.model.name, config.model.weights, config.model.seed)
    content, style = images.load(config.content), images.load(config.style)
    size = images.working_size(
        content.size, config.image_size.width, config.image_size.height, config.image_size.long_side
    )
    own = config.style_size == "own" or (config.style_size == "auto" and position_free(config))
    style_size = with_area(style.size, size[0] * size[1]) if own else size
    refuse_small(config, {f"content={config.content}": content.size, f"style={config.style}": style.size})
    refuse_small(
        config, {"image_size": size, "style_size=own": style_size}, len(coarse_steps(config, size, style_size))
    )
    try_statistics(config, same_shape=size == style_size)
    prior_of(config)
    needed = expected_memory(config, hardware, size)
    content_tensor = images.to_tensor(content, size)
    return Inputs(
        hardware,
        weights,
        content_tensor.to(hardware.device),
        images.to_tensor(style, style_size).to(hardware.device),
        initial(config, content_tensor, size).to(hardware.device),
        needed,
        tuple(
            name
            for name, before, after in (("photograph", content.size, size), ("painting", style.size, style_size))
            if is_squashed(before, after)
        ),
    )


def refuse_small(config: Config, sizes: Mapping[str, tuple[int, int]], halvings: int = 0) -> None:
    """Raise UserError for a size at which the network's deepest layer has no position."""
    needed = shortest_side(deepest_layer(config))
    for what, (width, height) in sizes.items():
        if min(width, height) >> halvings < needed:
            halved = f", halved {halvings} times by optim.pyramid," if halvings else ""
            raise UserError(
                f"{what}: {width} x {height} pixels{halved} are too few for {deepest_layer(config)}, "
                f"which needs {needed} on the shorter side"
            )


def expected_memory(config: Config, hardware: Hardware, size: tuple[int, int]) -> float:
    """Bytes that a run takes at its worst, about. Raises UserError where the machine has less."""
    weights, history = config.loss_weights, getattr(config.optim, "history", 1)
    kept = 12 * 2 * history  # a gradient and a move each, or Adam's two moments
    captured = {*weights.content_layers, *weights.style_layers}

    def expected(checkpointing: bool) -> float:
        step = memory.of_a_step(
            list(LAYERS),
            captured,
            terms(config),
            pooling=config.pooling.name,
            itemsize=hardware.dtype.itemsize,
            checkpointing=checkpointing,
            calibrated=weights.calibrate == "gradient",
        )
        return memory.PROCESS + (12 * memory.PICTURES + kept + max(step, memory.JUDGE)) * size[0] * size[1]

    if max(size) > LONGEST_SIDE:
        raise UserError(f"image_size: {size[0]} x {size[1]}: a side may have {LONGEST_SIDE} pixels at most")
    needed, there = expected(config.activation_checkpointing), memory.there_is(hardware.device)
    if needed > there:
        least = expected(checkpointing=True)
        raise UserError(
            f"image_size: {size[0]} x {size[1]} pixels need about {needed / 1e9:.0f} GB of memory, and "
            f"{hardware.device} has {there / 1e9:.0f} GB"
            + (
                f"; optim.history={history} takes {kept * size[0] * size[1] / 1e9:.0f} of them"
                if 2 * kept * size[0] * size[1] > needed
                else ""
            )
            + (f"; activation_checkpointing=true takes {least / 1e9:.0f} GB" if least <= there else "")
            + "; take a smaller image_size"
        )
    return needed


def deepest_layer(config: Config) -> str:
    """The layer at which the network ends."""
    used = {*config.loss_weights.content_layers, *config.loss_weights.style_layers}
    return [layer for layer in LAYERS if layer in used][-1]


def initial(config: Config, content: Tensor, size: tuple[int, int]) -> Tensor:
    init = config.init
    if isinstance(init, NoiseInit):
        generator = torch.Generator().manual_seed(config.seed)
        return init.low + (init.high - init.low) * torch.rand(content.shape, generator=generator)
    if isinstance(init, PictureInit):
        return images.to_tensor(images.load(init.path), size)
    start = content if init.name == "content" else images.to_tensor(images.load(config.style), size)
    noise = torch.randn(content.shape, generator=torch.Generator().manual_seed(config.seed))
    return (start + init.noise * noise).clamp(0, 1)


def terms(config: Config) -> dict[str, Term]:
    """The style statistics by name. Raises UserError."""
    stat = config.style_stat
    return {
        name: bound(term, f"style_stat.terms.{name}" if isinstance(stat, StyleTerms) else "style_stat")
        for name, term in stat.by_name().items()
    }


def bound(stat: StyleTerm, option: str) -> Term:
    return Term(
        bind(stat, option, given=("features", "reference")),
        bind(stat.distance, f"{option}.distance", given=("ours", "target")) if stat.distance else mean_square,
        bind(stat.reference, f"{option}.reference", given=("features",)) if stat.reference else None,
    )


def try_statistics(config: Config, same_shape: bool) -> None:
    """Run the statistics on small noise, so that a bad parameter is a message and not a failed run."""
    for name, (statistic, distance, reference) in terms(config).items():
        for layer in config.loss_weights.style_layers:
            here, there = (torch.rand(LAYERS[layer], *size) for size in ((8, 6), (6, 8)))
            try:
                keywords = {"reference": reference(here)} if reference else {}
                ours, target = statistic(here, **keywords), statistic(there, **keywords)
                if not isinstance(ours, Tensor) or not isinstance(target, Tensor):
                    raise ValueError("it must return a tensor")
                if distance(ours, ours).ndim != 0:
                    raise ValueError("its distance must be one number")
            except Exception as error:  # whatever a function of the user's may raise
                raise UserError(f"style_stat ({name}): {error}") from None
            if ours.shape != target.shape and not same_shape:
                raise UserError(
                    f"style_stat ({name}) compares position by position, so both pictures must have one size: "
                    "use style_size=same"
                )


def position_free(config: Config) -> bool:
    """Whether no statistic's shape depends on the picture's; a broken one is refused later, with its cause."""
    for statistic, _, reference in terms(config).values():
        shapes = []
        for size in ((8, 6), (6, 8)):
            maps = torch.rand(LAYERS["conv1_1"], *size)
            try:
                shapes.append(statistic(maps, **({"reference": reference(maps)} if reference else {})).shape)
            except Exception:  # whatever a function of the user's may raise
                return True
        if shapes[0] != shapes[1]:
            return False
    return True


def prior_of(config: Config) -> Prior | None:
    """The penalty of the picture alone, if there is one. Raises UserError."""
    if isinstance(config.prior, NoPrior):
        return None
    penalty = bind(config.prior, "prior", given=("picture", "weight"))
    try:
        if penalty(torch.rand(3, 8, 6)).ndim != 0:
            raise ValueError("it must be one number")
    except Exception as error:  # whatever a function of the user's may raise
        raise UserError(f"prior: {error}") from None
    return Prior(penalty, config.prior.weight)


def loss_network(config: Config, inputs: Inputs, scales: Mapping[str, float] | None = None) -> LossNetwork:
    """The network that a run descends, with the `scales` of an earlier start or calibrated, if the config says so."""
    weights = config.loss_weights
    count = len(weights.style_layers)
    vgg = VGG19(
        inputs.weights,
        config.pooling.name,
        deepest_layer(config),
        inputs.hardware.dtype,
        config.activation_checkpointing,
    )
    network = LossNetwork(
        vgg.to(inputs.hardware.device),
        inputs.content,
        inputs.style,
        content_layers=weights.content_layers,
        style_layers=weights.style_layers,
        style_weights=[1 / max(count, 1)] * count if weights.style_weights is None else weights.style_weights,
        alpha=weights.alpha,
        beta=weights.beta,
        terms=terms(config),
        prior=prior_of(config),
        literal_factor=weights.factor == "thesis",
    )
    if scales is not None:
        network.scales = dict(scales)
    elif weights.calibrate == "gradient":
        network.calibrate(inputs.content, torch.Generator().manual_seed(config.seed))
    return network
