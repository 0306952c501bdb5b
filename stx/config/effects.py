"""Options that have no effect in a given config. Typing one is a mistake that the picture would not reveal."""

from collections.abc import Callable, Iterable, Mapping

from stx.config.compose import key_of
from stx.config.schema import AutoInit, Config, OtherInit, Prior, Statistic, Statistics, layers_of
from stx.errors import UserError

Reason = Callable[[Config], str]
"""Says why an option has no effect in a config; empty if it has one."""


def sides(config: Config) -> str:
    size = config.image_size
    given = [f"image_size.{side}={value}" for side, value in (("width", size.width), ("height", size.height)) if value]
    return f"the size follows from {' and '.join(given)}; set those to null" if given else ""


def random_weights(config: Config) -> str:
    return "" if config.model.name == "vgg19_random" else f"the weights of model={config.model.name} are not random"


def going_back(config: Config) -> str:
    return "" if config.guard.on_nan == "backoff" else f"guard.on_nan={config.guard.on_nan} never goes back"


def no_photograph(config: Config) -> str:
    return "there is no photograph (content=null)" if config.content is None else ""


def no_content(config: Config) -> str:
    given = config.loss_weights.content_layers
    if why := no_photograph(config):
        return why
    return "" if layers_of(config.content_stat, given) else "loss_weights.content_layers is empty"


def no_style(config: Config) -> str:
    given = config.loss_weights.style_layers
    if config.content is None and not isinstance(config.prior, Prior) and config.temporal.name == "none":
        return "nothing stands beside the style (content=null, prior=none)"
    return "" if layers_of(config.style_stat, given) else "loss_weights.style_layers is empty"


def content_layers(config: Config) -> str:
    return no_photograph(config) or layers_of_their_own("content_stat", config.content_stat)


def style_layers(config: Config) -> str:
    return layers_of_their_own("style_stat", config.style_stat)


def layers_of_their_own(option: str, section: Statistic | Statistics) -> str:
    terms = section.by_name()
    if not all(stat.layers for stat in terms.values()):
        return ""
    several = isinstance(section, Statistics)
    return f"{option} names its own: {option}.{'terms.' + next(iter(terms)) + '.' if several else ''}layers"


def no_pooling(config: Config) -> str:
    first, seen = {"picture", "conv1_1", "conv1_2"}, all_layers(config)
    return "" if seen - first else "no term looks at a layer behind a pooling"


def no_convolution(config: Config) -> str:
    return "" if all_layers(config) - {"picture"} else "the terms look at the picture alone"


def all_layers(config: Config) -> set[str]:
    weights = config.loss_weights
    of_content = [] if config.content is None else layers_of(config.content_stat, weights.content_layers)
    return {*of_content, *layers_of(config.style_stat, weights.style_layers)}


def upon_a_photograph(config: Config) -> str:
    return no_photograph(config) if isinstance(config.init, AutoInit) else ""


def from_noise(config: Config) -> str:
    return "it starts from the photograph" if isinstance(config.init, AutoInit) and config.content else ""


def squared_already(config: Config) -> str:
    quadratic = getattr(config.prior, "power", None) == 2
    return "with prior.power=2 it adds a constant" if quadratic else ""


def on_a_card(config: Config) -> str:
    return f"device={config.device} always repeats" if config.device in ("cpu", "mps") else ""


def one_style(config: Config) -> str:
    return "" if len(config.styles) > 1 else "there is one style picture; style=[a.jpg,b.jpg] names two"


LOSSY = (".jpg", ".jpeg", ".webp")
"""Endings of the formats that have a quality setting."""


def no_file(config: Config) -> str:
    return "" if config.output.file else "output.file names no picture"


def no_quality(config: Config) -> str:
    file = config.output.file
    return no_file(config) or ("" if str(file).lower().endswith(LOSSY) else f"{file} is kept without loss")


def no_profile(config: Config) -> str:
    bmp = str(config.output.file).lower().endswith(".bmp")
    return no_file(config) or ("a BMP has no place for a colour profile" if bmp else "")


REASONS: Mapping[str, Reason] = {
    "content_stat": no_photograph,
    "image_size.long_side": sides,
    "init.noise": upon_a_photograph,
    "init.low": from_noise,
    "init.high": from_noise,
    "model.seed": random_weights,
    "padding": no_convolution,
    "pooling.rescale": no_pooling,
    "prior.smoothing": squared_already,
    "deterministic": on_a_card,
    "guard.shrink": going_back,
    "guard.backoffs": going_back,
    "loss_weights.alpha": no_content,
    "loss_weights.beta": no_style,
    "loss_weights.content_layers": content_layers,
    "loss_weights.style_layers": style_layers,
    "loss_weights.style_weights": style_layers,
    "style_blend": one_style,
    "output.quality": no_quality,
    "output.bits": no_file,
    "output.profile": no_profile,
}


def ineffective(config: Config, typed: Iterable[str]) -> list[str]:
    """A line for each of the overrides `typed` that has no effect, with the reason."""
    lines = []
    for text in typed:
        key = key_of(text)
        reason = REASONS.get("content_stat" if key.startswith("content_stat.") else key)
        why = reason(config) if reason and not text.endswith("=null") else ""
        lines += [f"{text} has no effect: {why}"] if why else []
    return lines


def refuse_ineffective(config: Config, typed: Iterable[str]) -> None:
    """Raise UserError for the first override that has no effect."""
    for line in ineffective(config, typed):
        raise UserError(line)


def swept_in_vain(configs: Iterable[Config]) -> str:
    """A warning about a sweep over `seed` whose runs all start from the same picture; empty for any other sweep."""
    configs = list(configs)
    seeds = {config.seed for config in configs}
    starts = [config.start for config in configs]
    if len(seeds) < 2 or not all(isinstance(init, OtherInit) and init.noise == 0 for init in starts):
        return ""
    return (
        "seed is swept, but every run starts from the same picture: the results will be (nearly) equal; "
        "init.noise=0.05 or init=noise makes them differ"
    )
