"""The params of a run, by which its store finds it and tells it from others."""

from collections.abc import Mapping, Sequence

from stx.config.compose import key_of
from stx.config.schema import Config
from stx.config.secrets import hidden

ELSEWHERE = ("image_size", "tracking", "guard", "temporal")
"""Groups whose option is no param unless it is typed: image sizes are params themselves, a film has a run of its own,
and the rest change no picture."""
UNTOLD = ("hydra", "tracking.uri", "tracking.experiment")
"""Prefixes of options that are no params even if typed: Hydra's own, and those that say where the params are stored."""

MIXED = " + "
"""Separates the names of several paintings in a run's params."""


def params(
    config: Config, choices: Mapping[str, str], overrides: Sequence[str], size: tuple[int, int]
) -> dict[str, str | int]:
    """The params that tell a run from others; `size` is its (width, height) in pixels."""
    leaves: dict[str, str | int] = {
        **({} if config.content is None else {"content": config.content}),
        "style": MIXED.join(config.styles.values()),
        **{group: option for group, option in choices.items() if group not in ELSEWHERE},
        "image_size.width": size[0],
        "image_size.height": size[1],
        "optim.steps": config.optim.steps,
        "loss_weights.alpha": f"{config.loss_weights.alpha:g}",
        "loss_weights.beta": f"{config.loss_weights.beta:g}",
        "seed": config.seed,
    }
    for text in overrides:  # whatever else was set is what a sweep would vary
        key, value = key_of(text), text.partition("=")[2]
        if not key.startswith(UNTOLD):
            leaves.setdefault(key, hidden(value))
    return leaves
