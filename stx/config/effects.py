"""Options that change nothing as things stand: typed, they are a mistake that no picture would show."""

from collections.abc import Callable, Iterable, Mapping

from stx.config.compose import key_of
from stx.config.schema import Config, OtherInit
from stx.errors import UserError

Reason = Callable[[Config], str]
"""Why an option changes nothing in a config; empty where it does."""


def sides(config: Config) -> str:
    size = config.image_size
    given = [f"image_size.{side}={value}" for side, value in (("width", size.width), ("height", size.height)) if value]
    return f"the size follows from {' and '.join(given)}; set those to null" if given else ""


def random_weights(config: Config) -> str:
    return "" if config.model.name == "vgg19_random" else f"the weights of model={config.model.name} are not random"


def going_back(config: Config) -> str:
    return "" if config.guard.on_nan == "backoff" else f"guard.on_nan={config.guard.on_nan} never goes back"


def content_layers(config: Config) -> str:
    return "" if config.loss_weights.content_layers else "loss_weights.content_layers is empty"


def style_layers(config: Config) -> str:
    return "" if config.loss_weights.style_layers else "loss_weights.style_layers is empty"


def on_a_card(config: Config) -> str:
    return f"device={config.device} always repeats" if config.device in ("cpu", "mps") else ""


REASONS: Mapping[str, Reason] = {
    "image_size.long_side": sides,
    "model.seed": random_weights,
    "deterministic": on_a_card,
    "guard.shrink": going_back,
    "guard.backoffs": going_back,
    "loss_weights.alpha": content_layers,
    "loss_weights.beta": style_layers,
}


def ineffective(config: Config, typed: Iterable[str]) -> list[str]:
    """A line for each of the overrides `typed` that changes nothing, with what stands in its way."""
    lines = []
    for text in typed:
        why = REASONS[key_of(text)](config) if key_of(text) in REASONS and not text.endswith("=null") else ""
        lines += [f"{text} has no effect: {why}"] if why else []
    return lines


def refuse_ineffective(config: Config, typed: Iterable[str]) -> None:
    """Raise UserError for the first of them."""
    for line in ineffective(config, typed):
        raise UserError(line)


def swept_in_vain(configs: Iterable[Config]) -> str:
    """What to say of a sweep over `seed` whose pictures start alike; nothing of others."""
    configs = list(configs)
    seeds = {config.seed for config in configs}
    starts = [config.init for config in configs]
    if len(seeds) < 2 or not all(isinstance(init, OtherInit) and init.noise == 0 for init in starts):
        return ""
    return (
        "seed is swept, but every run starts from the same picture: the results will be (nearly) equal; "
        "init.noise=0.05 or init=noise makes them differ"
    )
