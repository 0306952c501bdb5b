"""Whether a protocol's options compose: each statistic to settings of its own, and all to pictures of one size."""

from collections.abc import Mapping, Sequence

from stx.config.command import MISTAKES, told
from stx.config.compose import at_work, compose, key_of, task
from stx.config.functions import bind
from stx.config.schema import Config, validate
from stx.config.search_path import OPTION
from stx.config.spelled import spelled
from stx.config.variables import say_taken
from stx.errors import UserError
from stx.model.asked import terms
from stx.studies.compare.decided import EDGES, FRAMES
from stx.studies.compare.protocol import Protocol, cells, first_beta
from stx.studies.compare.work import member

ALIKE = {"output", "live", "timing", "tracking"}
"""Sections that change nothing in a picture."""


def refuse(protocol: Protocol, where: str, for_all: Sequence[str]) -> None:
    """Compose a run of every statistic.

    Raises UserError, which begins with `where`, for whatever does not compose because of the protocol, for two
    statistics of the same settings, and for pictures that could not be measured alike; and MISTAKES for whatever does
    not compose because of the options `for_all`.
    """
    refuse_alike(protocol, where, composed(protocol, where, for_all))


def composed(protocol: Protocol, where: str, for_all: Sequence[str]) -> dict[str, Config]:
    """The config of a run of every statistic, by its name. Raises as `refuse` does."""
    first, configs = next(cells(protocol)), dict[str, Config]()
    with at_work():
        for name in protocol.statistics:
            overrides = member(protocol, first._replace(statistic=name), first_beta(protocol, name), for_all).overrides
            try:
                configs[name] = checked(overrides)
            except MISTAKES:
                blame(protocol, name, where, for_all)
                raise
    return configs


def refuse_alike(protocol: Protocol, where: str, configs: Mapping[str, Config]) -> None:
    """Raise UserError for statistics of the same settings, and for pictures that could not be measured alike."""
    size = configs[protocol.reference].image_size
    before: dict[str, str] = {}
    for name, config in configs.items():
        place = f"{where}: statistics.{name}"
        if config.tile or config.temporal.name != "none":  # of an experiment
            raise UserError(f"{place}: {f'tile=true: {EDGES}' if config.tile else f'temporal: {FRAMES}'}")
        if config.image_size != size:
            sides = ("width", "height", "long_side")
            side = next(side for side in sides if getattr(config.image_size, side) != getattr(size, side))
            this, other = (spelled(getattr(one, side)) for one in (config.image_size, size))
            raise UserError(
                f"{place}: image_size.{side} is {this}, and {protocol.reference}'s {other}: all must be equal"
            )
        settings = config.model_copy(update={"loss_weights": config.loss_weights.model_copy(update={"beta": 1.0})})
        key = settings.model_dump_json(by_alias=True, exclude=ALIKE)
        if key in before:
            raise UserError(f"{where}: statistics: {before[key]} and {name} are the same; leave one of them out")
        before[key] = name


def checked(overrides: Sequence[str]) -> Config:
    """The config of these overrides, whose functions take their settings. Raises MISTAKES."""
    own = task(compose(overrides))
    say_taken(own)
    config = validate(own)
    terms(config)
    bind(config.optim, "optim", given=("params",))
    return config


def blame(protocol: Protocol, name: str, where: str, for_all: Sequence[str]) -> None:
    """Raise UserError if the settings do not compose, or do not together with a statistic's own options.

    If they do, or if nothing does, as with a variable of the environment that is wrong, the protocol is not at fault.
    """
    places = [text for text in for_all if key_of(text) == OPTION]
    words = protocol.statistics[name].split()
    for part, overrides in (
        ("", places),
        ("settings", [*places, *protocol.settings]),
        (f"statistics.{name}", [*places, *protocol.settings, *words]),
    ):
        try:
            checked(overrides)
        except MISTAKES as error:
            if not part:
                return
            raise UserError(f"{where}: {part}: {told(error, overrides)}") from None
