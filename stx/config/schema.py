"""The schema of the config: types and ranges. Defaults are only in the YAML files."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    PlainSerializer,
    SerializerFunctionWrapHandler,
    Tag,
    ValidationError,
    model_serializer,
)
from pydantic_core import PydanticCustomError

from stx.config.addresses import absolute
from stx.config.explain import explain, explain_plain
from stx.config.layers import BLOCKS, LAYERS
from stx.config.secrets import public, revealed
from stx.config.spelled import spelled
from stx.errors import UserError, did_you_mean

CHECKOUT_CONF = Path(__file__).parents[2] / "conf"
WHEEL_CONF = Path(__file__).parents[1] / "conf"
CONF = WHEEL_CONF if WHEEL_CONF.is_dir() else CHECKOUT_CONF
"""`conf/` is at the top of a checkout, and inside the package in a wheel."""


def whole(value: Any) -> Any:
    """Turn a float such as 1e3 into an int, and leave 1.5 for the schema to refuse."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def vgg_layer(name: str) -> str:
    if name not in LAYERS:
        raise ValueError(f"VGG19 has no layer {name}{did_you_mean(name, LAYERS)}. Layers: {', '.join(LAYERS)}")
    return name


def known_device(name: str) -> str:
    if not re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", name):
        raise ValueError(f"there is no device {name}; choose auto, cpu, cuda, cuda:1 or mps")
    return name


def once_each(names: list[str]) -> list[str]:
    if len(set(names)) < len(names):
        raise ValueError("a layer appears twice")
    return names


def in_float32(value: float) -> float:
    if abs(value) > 3.4e38:
        raise ValueError(f"{value:g} is beyond what float32 holds")
    return value


Whole = Annotated[int, BeforeValidator(whole), Field(strict=True)]
Real = Annotated[float, Field(strict=True, allow_inf_nan=False), AfterValidator(in_float32)]
Positive = Annotated[Real, Field(gt=0)]
NotNegative = Annotated[Real, Field(ge=0)]
LONGEST_SIDE = 16384
"""In pixels, whether a side is given or follows from a photograph's proportions."""
Size = Annotated[Whole, Field(ge=1, le=LONGEST_SIDE)]
Steps = Annotated[Whole, Field(ge=1, le=10**9)]
Every = Annotated[Whole, Field(ge=0)]
Unit = Annotated[Real, Field(ge=0, le=1)]
Layers = Annotated[list[Annotated[str, AfterValidator(vgg_layer)]], AfterValidator(once_each)]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Model(Section):
    name: Literal["vgg19", "vgg19_torchvision", "vgg19_random"]
    weights: str | None
    seed: Annotated[Whole, Field(ge=0, lt=2**63)]


class Call(BaseModel):
    """A function by its dotted name, and its keyword arguments."""

    model_config = ConfigDict(extra="allow", frozen=True)
    target: str = Field(alias="_target_", min_length=1)


def layer_or_picture(name: str) -> str:
    return name if name == "picture" else vgg_layer(name)


Places = Annotated[
    list[Annotated[str, AfterValidator(layer_or_picture)]], AfterValidator(once_each), Field(min_length=1)
]


class Statistic(Call):
    distance: Call | Literal["none"] | None = None
    """none: the function itself returns a distance, to its reference."""
    reference: Call | None = None
    layers: Places | None = None
    """Its own layers; None for those of loss_weights."""
    weight: NotNegative | None = None
    """A factor on the weights of its layers; None is 1."""
    joint: Literal["pairs", "all"] | None = None
    """Whether it takes several layers at once: each pair of consecutive ones, or all."""
    renew: Every | None = None
    """Number of steps after which its reference is computed again."""
    rotations: Annotated[bool, Field(strict=True)] | None = None
    """Whether its reference is made of the picture in all four quarter-turn rotations."""

    @model_serializer(mode="wrap")
    def without_what_is_left_out(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Leave out unset fields that were added later, so that the digests of earlier runs stay the same."""
        later = ("layers", "weight", "joint", "renew", "rotations")
        dumped: dict[str, Any] = handler(self)
        return {name: value for name, value in dumped.items() if name not in later or value is not None}

    def by_name(self) -> dict[str, "Statistic"]:
        return {self.target.rpartition(".")[2]: self}


def term_name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_]+", name):
        raise ValueError(f"{name!r} is no name of a term; letters, digits and _ make one, as metrics are called by it")
    return name


class Statistics(Section):
    """Several statistics, each calibrated by itself."""

    terms: Annotated[dict[Annotated[str, AfterValidator(term_name)], Statistic], Field(min_length=1)]

    def by_name(self) -> dict[str, Statistic]:
        return self.terms


def layers_of(section: Statistic | Statistics, layers: list[str]) -> list[str]:
    """All layers that the terms of a group look at. Terms without layers of their own look at `layers`."""
    return list(dict.fromkeys(layer for stat in section.by_name().values() for layer in stat.layers or layers))


def weighs(section: Statistic | Statistics, layers: list[str], weights: list[float] | None) -> bool:
    """Whether any of a group's terms has a weight above zero at any of its layers.

    `weights` are those of `layers`, None if all are equal; any other layer has their mean.
    """
    by_layer = dict(zip(layers, weights, strict=False)) if weights else {}
    other = any(weights) if weights else True
    return any(
        stat.weight != 0 and any(by_layer.get(layer, other) for layer in stat.layers or layers)
        for stat in section.by_name().values()
    )


def one_or_several(value: Any) -> str:
    return "several" if isinstance(value, Statistics) or (isinstance(value, dict) and "terms" in value) else "one"


OneOrSeveral = Annotated[
    Annotated[Statistic, Tag("one")] | Annotated[Statistics, Tag("several")], Discriminator(one_or_several)
]


def judged_layer(name: str) -> str:
    return name if name in BLOCKS else layer_or_picture(name)


class Measured(Call):
    """A held-out measure: what it compares, at which layers, and with which of the given pictures."""

    to: Literal["style", "content", "both"]
    layers: Annotated[
        list[Annotated[str, AfterValidator(judged_layer)]], AfterValidator(once_each), Field(min_length=1)
    ]
    """The layers over which the measure is averaged."""
    each: bool = False
    """Whether it is also reported for each layer, as <name>_<layer>."""
    parts: list[str] = []
    """Names of its numbers, if it gives several."""
    label: str = ""
    """Its name in the tables of `stx compare`, which leave out measures without one."""
    smallest: Whole = 1
    """Least pixels of a picture's shorter side. Smaller pictures are not measured."""
    of: list[str]
    """The moments of the loss network's features that its value depends on, as named in `stx.stats.fixed`.

    Empty if it uses another network.
    """


class LossWeights(Section):
    alpha: NotNegative
    beta: NotNegative
    calibrate: Literal["gradient", "none"]
    factor: Literal["mean", "thesis"]
    content_layers: Layers
    style_layers: Layers
    style_weights: list[NotNegative] | None


class Prior(Call):
    """A function of the picture alone."""

    weight: NotNegative


class NoPrior(Section):
    target: None = Field(alias="_target_")


def with_function(value: Any) -> str:
    target = value.get("_target_") if isinstance(value, dict) else getattr(value, "target", None)
    return "none" if target is None else "some"


class NoTemporal(Section):
    name: Literal["none"]


class Moved(Section):
    """A further picture to stay near, where its mask is white."""

    name: Literal["moved"]
    picture: str
    mask: str | None
    weight: NotNegative


class Pooling(Section):
    name: Literal["max", "avg", "l2"]
    rescale: Positive


class NoiseInit(Section):
    name: Literal["noise"]
    low: Unit
    high: Unit


class PictureInit(Section):
    name: Literal["picture"]
    path: str


class OtherInit(Section):
    name: Literal["content", "style", "grey"]
    noise: Unit


class AutoInit(Section):
    """The photograph with `noise` added; without a photograph, noise between `low` and `high`."""

    name: Literal["auto"]
    noise: Unit
    low: Unit
    high: Unit


class PlainColour(Section):
    name: Literal["style", "luminance", "after"]


class MatchedColour(Section):
    name: Literal["match"]
    by: Literal["pca", "cholesky"]


Colour = PlainColour | MatchedColour


def one_or_many(value: Any) -> str:
    return "many" if isinstance(value, list) else "one"


Styles = Annotated[
    Annotated[str, Tag("one")] | Annotated[list[str], Field(min_length=1), Tag("many")], Discriminator(one_or_many)
]


def style_names(count: int) -> list[str]:
    """Names of the style pictures, in their order, as terms refer to them."""
    return [f"style_{number}" if number > 1 else "style" for number in range(1, count + 1)]


class Masks(Section):
    """Pictures whose flat colours are regions."""

    content: str | None
    style: Styles | None

    @property
    def styles(self) -> dict[str, str]:
        """The masks of the style pictures, by the same names as in `Config.styles`."""
        several = self.style if isinstance(self.style, list) else [self.style or ""]
        return dict(zip(style_names(len(several)), several, strict=True))


class ImageSize(Section):
    width: Size | None
    height: Size | None
    long_side: Size | None


def steps_or_word(value: Any) -> str:
    return "word" if isinstance(value, str) else "steps"


def auto(value: str) -> str:
    if value != "auto":
        raise PydanticCustomError("value", "Input should be auto, or steps at smaller sizes such as [100,50]")
    return value


def auto_or_side(value: Any) -> Any:
    value = whole(value)
    if value is None or value == "auto":
        return value
    if isinstance(value, bool) or not isinstance(value, int) or value % 16 or not 64 <= value <= LONGEST_SIDE:
        raise PydanticCustomError("value", "Input should be auto, null, or a multiple of 16 from 64, such as 512")
    return value


Blocks = Annotated[int | Literal["auto"] | None, BeforeValidator(auto_or_side)]


Pyramid = Annotated[
    Annotated[list[Steps], Tag("steps")] | Annotated[Literal["auto"], BeforeValidator(auto), Tag("word")],
    Discriminator(steps_or_word),
]


class Optim(Call):
    """An optimiser, with its own settings besides those that every loop has."""

    steps: Steps
    pyramid: Pyramid
    factor: Annotated[Real, Field(gt=1, le=8)]
    stop_at: Positive | None
    average: Annotated[Real, Field(ge=0, lt=1)]


Address = Annotated[
    str, Field(min_length=1), AfterValidator(absolute), AfterValidator(revealed), PlainSerializer(public)
]
"""The address of a store. A dump of it has no password."""


class NoTracking(Section):
    name: Literal["none"]
    pictures_every: Every
    measures_every: Every
    grad_norms_every: Every
    plots: Annotated[bool, Field(strict=True)]


class MlflowTracking(Section):
    name: Literal["mlflow"]
    uri: Address
    experiment: Annotated[str, Field(min_length=1)]
    offline_ok: Annotated[bool, Field(strict=True)]
    points: Every
    pictures_every: Every
    measures_every: Every
    grad_norms_every: Every
    plots: Annotated[bool, Field(strict=True)]


class Guard(Section):
    on_nan: Literal["stop", "raise", "backoff", "continue"]
    backoffs: Every
    keep_state: Annotated[bool, Field(strict=True)]
    shrink: Annotated[Real, Field(gt=0, lt=1)]
    checkpoint_every: Every


DEEP = (".png", ".tif", ".tiff")
"""Endings of the formats that have room for 16 bits a channel."""


class Output(Section):
    """What is written outside a run's folder. No pixel of the run depends on it."""

    file: Annotated[str, Field(min_length=1)] | None
    quality: Annotated[Whole, Field(ge=1, le=100)]
    bits: Literal[8, 16]
    profile: Literal["srgb", "photograph"]
    metadata: Annotated[bool, Field(strict=True)]
    timelapse: Literal["mp4", "gif", "webp"] | None


def taken_before(value: Any) -> None:
    if value is not None:
        raise ValueError("it is for stx run, whose command it stands for; leave it out")


def port_or_not(value: Any) -> Any:
    if isinstance(value, bool) or (isinstance(value, int) and 1024 <= value <= 65535):
        return value
    raise PydanticCustomError("value", "Input should be true, false, or a port from 1024 to 65535")


class Sweep(Section):
    """Settings of a sweep as a whole, which concern none of its runs."""

    resume: Annotated[bool, Field(strict=True)]
    plan: Annotated[bool, Field(strict=True)]
    jobs: Annotated[Whole, Field(ge=1)] | None


class Sweeps(Section):
    sweep: Sweep


class Search(Section):
    """Settings of a search, which Hydra keeps with its sweepers."""

    n_trials: Annotated[Whole, Field(ge=1)]
    content_at_most: Positive | None
    pruner: Annotated[bool, Field(strict=True)] | None
    seed: Annotated[Whole, Field(ge=0)] | None


class Searches(Section):
    sweeper: Search


class Config(Section):
    sweep: Sweep = Field(exclude=True)  # concerns no single run, so it is in no run's record
    from_picture: Annotated[None, BeforeValidator(taken_before)] = Field(exclude=True)  # replaced before validation
    resume: str | None
    output: Output
    model: Model
    content_stat: OneOrSeveral
    style_stat: OneOrSeveral
    loss_weights: LossWeights
    prior: Annotated[Annotated[Prior, Tag("some")] | Annotated[NoPrior, Tag("none")], Discriminator(with_function)]
    temporal: NoTemporal | Moved = Field(discriminator="name")
    pooling: Pooling
    padding: Literal["auto", "zeros", "replicate", "reflect", "replicate_first", "reflect_first"]
    init: AutoInit | NoiseInit | PictureInit | OtherInit = Field(discriminator="name")
    colour: Colour = Field(discriminator="name")
    image_size: ImageSize
    optim: Optim
    tracking: NoTracking | MlflowTracking = Field(discriminator="name")
    guard: Guard
    content: str | None
    style: Styles
    style_mix: Annotated[list[NotNegative], Field(min_length=1)] | None
    style_blend: Literal["auto", "targets", "losses"]
    masks: Masks
    style_size: Literal["auto", "same", "own", "long_side"]
    style_scale: Positive
    tile: Annotated[bool, Field(strict=True)]
    seed: Annotated[Whole, Field(ge=0, lt=2**63)]
    device: Annotated[str, AfterValidator(known_device)]
    precision: Literal["auto", "fp32", "tf32", "bf16"]
    deterministic: Annotated[bool, Field(strict=True)]
    activation_checkpointing: Annotated[bool, Field(strict=True)]
    blocks: Blocks
    timing: Annotated[bool, Field(strict=True)]
    live: Annotated[bool | int, BeforeValidator(port_or_not)]

    @property
    def styles(self) -> dict[str, str]:
        """The style pictures by name: "style", and if there are several, "style_2" and so on."""
        several = self.style if isinstance(self.style, list) else [self.style]
        return dict(zip(style_names(len(several)), several, strict=True))

    @property
    def pictures(self) -> dict[str, str]:
        """Every picture that the config names, by its option."""
        masks = {"content": self.masks.content, **self.masks.styles} if self.masks.content is not None else {}
        start = {"init.path": self.init.path} if isinstance(self.init, PictureInit) else {}
        moved = {"picture": self.temporal.picture, "mask": self.temporal.mask} if self.temporal.name == "moved" else {}
        return {
            **({} if self.content is None else {"content": self.content}),
            **self.styles,
            **{f"masks.{name}": path for name, path in masks.items()},
            **start,
            **{f"temporal.{name}": path for name, path in moved.items() if path is not None},
        }

    @property
    def start(self) -> NoiseInit | PictureInit | OtherInit:
        """Where the optimisation starts: `init`, with init=auto resolved by whether there is a photograph."""
        if not isinstance(self.init, AutoInit):
            return self.init
        if self.content is None:
            return NoiseInit(name="noise", low=self.init.low, high=self.init.high)
        return OtherInit(name="content", noise=self.init.noise)

    @property
    def given_padding(self) -> str:
        """The padding beyond the edges of the given pictures, and of the result unless that is a tile.

        padding=auto is reflection for a tile, else zeros. A tile has no edges, so the pictures that it is matched with
        should show as little as possible of theirs, and zeros change most of a small picture's deep features.
        """
        return ("reflect" if self.tile else "zeros") if self.padding == "auto" else self.padding

    @property
    def mix(self) -> dict[str, float]:
        """The share of each style picture; the shares add up to 1."""
        weights = self.style_mix or [1.0] * len(self.styles)
        return {name: weight / sum(weights) for name, weight in zip(self.styles, weights, strict=True)}


def validate(composed: DictConfig) -> Config:
    """The composed config as typed values.

    Raises UserError for the first value that the schema refuses, and for combinations that make no sense.
    """
    try:
        plain = OmegaConf.to_container(composed, resolve=True, throw_on_missing=True)
        config = Config.model_validate(plain)
    except MissingMandatoryValue as error:
        raise UserError(f"{error.full_key} must be given") from None
    except OmegaConfBaseException as error:
        raise UserError(explain_plain(error)) from None
    except ValidationError as error:
        raise UserError(explain(error, plain)) from None
    check_combinations(config)
    return config


def search_options(composed: DictConfig) -> Search:
    """The settings of a search, which are typed as hydra.sweeper.*. Raises UserError."""
    own: Any = OmegaConf.to_container(composed.hydra.sweeper, resolve=True)
    plain = {"sweeper": {name: own[name] for name in Search.model_fields}}
    try:
        return Searches.model_validate(plain).sweeper
    except ValidationError as error:
        raise UserError(f"hydra.{explain(error, plain)}") from None


def sweep_options(composed: DictConfig) -> Sweep:
    """The settings of a sweep, from a config whose other values may be swept over. Raises UserError."""
    plain = OmegaConf.to_container(OmegaConf.masked_copy(composed, "sweep"), resolve=True)
    try:
        return Sweeps.model_validate(plain).sweep
    except ValidationError as error:
        raise UserError(explain(error, plain)) from None


def check_combinations(config: Config) -> None:
    weights, init = config.loss_weights, config.start
    content_layers = layers_of(config.content_stat, weights.content_layers) if config.content is not None else []
    style_layers = layers_of(config.style_stat, weights.style_layers)
    if config.content is None:
        refuse_photograph(config)
    if config.tile:
        refuse_edges(config)
    if not content_layers and not style_layers:
        raise UserError("loss_weights: content_layers and style_layers are both empty; name at least one layer")
    content = bool(content_layers) and weights.alpha * weighs(config.content_stat, weights.content_layers, None)
    if not content and not weights.beta * weighs(config.style_stat, weights.style_layers, weights.style_weights):
        raise UserError(
            "loss_weights: alpha, beta and style_weights give every layer the weight 0; one must be above, and the "
            "weight of a term itself"
        )
    if weights.style_weights is not None and len(weights.style_weights) != len(weights.style_layers):
        raise UserError(
            f"loss_weights.style_weights has {len(weights.style_weights)} numbers for "
            f"{len(weights.style_layers)} style_layers; give one each, or null for equal shares"
        )
    if config.optim.pyramid != "auto" and sum(config.optim.pyramid) >= config.optim.steps:
        raise UserError(
            f"optim.pyramid={spelled(config.optim.pyramid)} takes all of the {config.optim.steps} steps; leave some "
            "for the whole size: optim.steps"
        )
    if config.style_mix is not None and len(config.style_mix) != len(config.styles):
        pictures = f"{len(config.styles)} style picture{'s' if len(config.styles) > 1 else ''}"
        raise UserError(
            f"style_mix has {len(config.style_mix)} numbers for {pictures}; style=[a.jpg,b.jpg] names two, "
            "style_mix=null gives all the same weight"
        )
    if config.style_mix is not None and not any(config.style_mix):
        raise UserError("style_mix: every style picture has the weight 0; at least one must be above 0")
    masks = config.masks
    if (masks.content is None) != (masks.style is None):
        lacking, other = ("content", "style") if masks.content is None else ("style", "content")
        raise UserError(f"masks.{lacking} must be given too, as masks.{other} is: each region is looked up in both")
    if masks.style is not None and len(masks.styles) != len(config.styles):
        raise UserError(f"masks.style names {len(masks.styles)} masks for {len(config.styles)} style pictures")
    if isinstance(init, NoiseInit) and init.low > init.high:
        raise UserError(f"init.low={init.low:g} is above init.high={init.high:g}")
    refuse_shallow(config.output)


def refuse_photograph(config: Config) -> None:
    """Raise UserError for settings that make no sense without a photograph."""
    if config.start.name == "content":
        raise UserError("init=content: there is no photograph (content=null); init=noise, grey, style or picture")
    if config.colour.name != "style":
        raise UserError(
            f"colour={config.colour.name}: it needs the colours of a photograph, and there is none (content=null)"
        )
    if config.masks.content is not None:
        raise UserError(
            f"masks.content={config.masks.content}: it belongs to a photograph, and there is none (content=null)"
        )
    if config.output.profile == "photograph":
        raise UserError("output.profile=photograph: there is no photograph (content=null); choose output.profile=srgb")
    if not layers_of(config.style_stat, config.loss_weights.style_layers):
        raise UserError("loss_weights.style_layers is empty: without a photograph (content=null) nothing is matched")


def refuse_edges(config: Config) -> None:
    """Raise UserError for settings that would give a tile edges."""
    if config.masks.content is not None:
        raise UserError(
            f"tile=true: masks.content={config.masks.content} ends at its edges, and a tile continues there"
        )
    if config.colour.name == "luminance":
        raise UserError(
            "tile=true: colour=luminance takes each pixel's colour from the photograph, which does not tile"
        )


def refuse_shallow(output: Output) -> None:
    """Raise UserError if 16 bits are asked for and would be lost."""
    if output.file is None or output.bits == 8:
        return
    if not output.file.lower().endswith(DEEP):
        raise UserError(f"output.bits=16: {output.file} has room for 8; choose a name in {', '.join(DEEP)}")
    if output.profile == "photograph":
        raise UserError(
            "output.bits=16: colours are converted to the photograph's profile in 8 bits; choose output.profile=srgb"
        )
