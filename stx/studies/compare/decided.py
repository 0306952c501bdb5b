"""Options that a comparison sets itself or has no use for, whether they are typed or stand in a protocol."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from stx.config.compose import key_of, leaves, stands_for_several, values_of
from stx.config.own_options import launcher_options
from stx.errors import UserError
from stx.studies.compare.changes import LISTS

BETA = "loss_weights.beta"
DECIDED = ("content", "style", "seed", BETA)
"""Options that the protocol sets itself for every run; style_stat, too, unless a statistic chooses it."""
SHARED = ("image_size", "tracking")
"""Sections that must be the same for all statistics: their measures depend on the size, and one store has them all."""
EDGES = "the measures of a comparison expect pictures with edges; leave it out"
FRAMES = "the pictures of a comparison are no film's frames; this is for stx run and stx film"


def refuse_typed(for_all: Sequence[str]) -> None:
    """Raise UserError for an option for all runs that the protocol sets itself or that comparisons have no use for."""
    for text in for_all:
        refuse(text, statistic=False)


def refuse_written(
    where: str, settings: Sequence[str], statistics: Mapping[str, str], options: Collection[str]
) -> None:
    """Raise UserError, which begins with `where`, for such an option in a protocol's settings or its statistics.

    `options` are the names of those of style_stat: a statistic of such a name is that one, or made of parts of it.
    """
    for text in settings:
        try:
            refuse_word(text, "optim.steps=40")
            refuse(text, statistic=False)
        except UserError as error:
            raise UserError(f"{where}: settings: {error}") from None
    for name, words in statistics.items():
        try:
            refuse_statistic(name, words.split(), options)
        except UserError as error:
            raise UserError(f"{where}: statistics.{name}: {error}") from None


def refuse_statistic(name: str, words: Sequence[str], options: Collection[str]) -> None:
    chosen, alone, example = None, True, f"style_stat={name if name in options else 'gram'}"
    for text in words:
        refuse_word(text, example)
        refuse(text, statistic=True)
        if key_of(text) == "style_stat":
            chosen = text.partition("=")[2]
        alone = alone and not key_of(text).startswith("style_stat.")
    if chosen is None:
        raise UserError(f"{' '.join(words) or 'it is empty'}: it must choose a statistic, such as {example}")
    if alone and name in options and chosen in options and chosen != name:
        raise UserError(f"style_stat={chosen}: {name} is the name of another statistic; give this one another name")


def refuse_word(text: str, example: str) -> None:
    """Raise UserError for a word of a protocol that is no option, is for the command line alone, or is to be swept."""
    if "=" not in text and not text.startswith("~"):
        raise UserError(f"{text or repr(text)}: options are key=value, such as {example}")
    if stands_for_several(text):
        raise UserError(f"{text}: it stands for several values; give one, and each its own statistic")
    if launcher_options([text])[0]:
        raise UserError(f"{text}: that is for the command line; leave it out")


def refuse(text: str, statistic: bool) -> None:
    """Raise UserError for an option that the protocol sets itself or that comparisons have no use for."""
    for key in keys(text):
        if key == BETA:
            raise UserError(
                f"{text}: the protocol sets this itself; its betas are where each statistic's weight begins"
            )
        if key in DECIDED or (key.partition(".")[0] == "style_stat" and not statistic):
            raise UserError(f"{text}: the protocol sets this itself; {', '.join(LISTS)} take lists of what to compare")
        if statistic and key.partition(".")[0] in SHARED:
            raise UserError(f"{text}: this must be the same for all statistics; put it into settings")
    if key_of(text) == "tile" and any(value is not False for _, value in values_of(text)):
        raise UserError(f"{text}: {EDGES}")
    if key_of(text).partition(".")[0] == "temporal" and text != "temporal=none":
        raise UserError(f"{text}: {FRAMES}")


def keys(text: str) -> Iterator[str]:
    """The dotted keys that an override sets: also those in a value such as {beta:5}."""
    yield key_of(text)
    for _, value in values_of(text):
        if isinstance(value, dict):
            yield from (f"{key_of(text)}.{inner}" for inner, _ in leaves(value))
