"""The options of `stx film` itself, and which options of the frames' runs it leaves to the user."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Annotated, Any

import yaml
from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, ValidationError

from stx.config import search_path
from stx.config.compose import key_of, stands_for_several, values_of
from stx.config.explain import explain
from stx.config.schema import CONF, Config, Section, Steps, Unit, Whole
from stx.errors import UserError

DEFAULTS = CONF / "film" / "film.yaml"
WEIGHT = "temporal.weight"
STORE = ("tracking", "tracking.uri", "tracking.experiment", "tracking.offline_ok")
"""Options that apply to the film's run in the store."""
DECIDED = {
    "content": "the frames are the photographs; film= names them",
    "init": "each frame begins from the last one's result",
    "temporal": f"the film sets it for each frame; {WEIGHT}=... says how strongly",
    "masks": "a mask of the first frame does not fit the others; it is for stx run",
    "output": "the film has names of its own; output=folder says where",
    "resume": "the same command continues where it was stopped",
    "from_picture": "it is one picture's; give the options themselves",
    "blocks": "what moves is masked in each frame, which takes all of it at once; leave it out",
    "tile": "what moves comes in over a frame's edges, which a tile has none of; leave it out",
    "live": "it shows one run; a film's frames lie in its folder as they come",
    "timing": "it is of one run; leave it out",
    "sweep": "one film at a time",
    "hydra": "a frame waits for the one before it, in one process",
    "tracking": f"it is of single runs; of a film's, {', '.join(STORE)}",
}
"""Sections that must not be typed, and why."""
OFF = {"blocks": (None, "auto"), "tile": (False,), "live": (False,), "timing": (False,)}
"""Values of some of these that change nothing, and so may be typed."""


LARGEST = 1001
"""Largest denominator of a rate, as in 24000/1001; a rate too small for it is refused: no file's clock can hold it."""


def fraction(value: Any) -> Any:
    """Parse 25, 23.976 or 30000/1001, as one types them; anything else is left for the schema to refuse."""
    try:
        return Fraction(str(value))
    except (ValueError, ZeroDivisionError):
        return value


def film_rate(value: Any) -> Fraction:
    if not isinstance(value, Fraction) or not 0 < value <= 1000 or not value.limit_denominator(LARGEST):
        raise ValueError(f"{value} is no number of frames a second; 25, 23.976 or 30000/1001 are")
    return value.limit_denominator(LARGEST)


def comparable(count: int) -> int:
    if count == 1:
        raise ValueError("1: one frame flickers against none; give 2 or more, or 0")
    return count


class Options(Section):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    steps: Steps
    cut: Unit
    alone: Annotated[Whole, Field(ge=0), AfterValidator(comparable)]
    rate: Annotated[Any, BeforeValidator(fraction), AfterValidator(film_rate)]


def read(own: Mapping[str, str]) -> Options:
    """The command's own options, as typed, over the defaults of the YAML. Raises UserError if one is invalid."""
    plain: Any = yaml.safe_load(DEFAULTS.read_text(encoding="utf-8"))
    plain |= {name: number(text) for name, text in own.items() if name in plain}
    try:
        return Options.model_validate(plain)
    except ValidationError as error:
        raise UserError(explain(error, plain)) from None


def number(text: str) -> Any:
    """The number that a text stands for, as the schema wants it; the text itself if it is not a number."""
    if not text.isascii() or "_" in text:  # Python reads 1_0 and the digits of other scripts, Hydra does not
        return text
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def refuse_decided(typed: Sequence[str]) -> None:
    """Raise UserError for options that the film sets itself, and for overrides that stand for several values."""
    for text in typed:
        key = key_of(text)
        section = key.replace("/", ".").partition(".")[0]
        off = key in OFF and all(value in OFF[key] for _, value in values_of(text))
        if section in DECIDED and key not in (WEIGHT, search_path.OPTION, *STORE) and not off:
            raise UserError(f"{text}: {DECIDED[section]}")
        if stands_for_several(text):
            raise UserError(f"{text}: it stands for several values; one film at a time")


def refuse_colours(config: Config) -> None:
    if config.colour.name == "after":
        raise UserError(
            "colour=after: it changes a result's colours at its end, from which the next frame would begin; take "
            "colour=luminance or colour=match"
        )
