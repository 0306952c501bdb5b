"""What is compared: statistics x photographs x styles x seeds, read from conf/protocol or from a user's file."""

import re
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import AfterValidator, Field, ValidationError

from stx.config import search_path, settings_file
from stx.config.digests import sha256
from stx.config.explain import explain
from stx.config.paths import split
from stx.config.schema import CONF, NotNegative, Positive, Section, Whole
from stx.errors import UserError, choose_from
from stx.pictures import bundled
from stx.pictures.listing import is_listing, pictures_of
from stx.studies.compare.changes import SETTINGS, setting
from stx.studies.compare.decided import refuse_written

FILES = ("photographs", "styles")
"""The lists that name pictures."""


def once(values: Any) -> Any:
    if len(set(values)) < len(values):
        raise ValueError(f"{next(each for each in values if list(values).count(each) > 1)} appears twice")
    return values


def statistic_name(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_]+", name):
        raise ValueError(f"{name!r} is no name of a statistic; letters, digits and _ make one")
    return name


Names = Annotated[list[str], Field(min_length=1), AfterValidator(once)]
Parts = Annotated[tuple[Positive, ...], AfterValidator(once)]
Seed = Annotated[Whole, Field(ge=0, lt=2**63)]


class Protocol(Section):
    statistics: Annotated[dict[Annotated[str, AfterValidator(statistic_name)], str], Field(min_length=1)]
    """Name: the overrides of `stx run` that make it, separated by spaces."""
    reference: str
    """The statistic that the others are measured against."""
    photographs: Names
    styles: Names
    seeds: Annotated[list[Seed], Field(min_length=1), AfterValidator(once)]
    settings: list[str]
    """Overrides for all runs."""
    betas: dict[str, Positive]
    """The first weight of a statistic, by name; a statistic that is not here begins at the reference's."""
    runs: Annotated[Whole, Field(ge=1)]
    """Most runs of a cell to meet the reference's content distance."""
    tolerance: NotNegative
    """Relative difference of content distances that counts as met."""
    levels: Annotated[Parts, Field(min_length=1)] = (1.0,)
    """Parts of its first weight at which the reference is run: the levels of content at which style is compared."""
    least: Annotated[Whole, Field(ge=1)] = 1
    """Fewest runs of a cell, even if it has met all levels in fewer."""
    close: bool = False
    """Whether one run of each cell is to come very close to the first level's content, as far as `runs` allows."""
    each: Annotated[Whole, Field(ge=1)] | None = None
    """Number of styles for each photograph, others for the next one; None: all."""
    version: Annotated[Whole, Field(ge=1)] = 1
    """Version of what is compared: numbers from two versions must not be put side by side."""
    primary: Literal["sliced_wasserstein", "shape"] = "sliced_wasserstein"
    """The measure that ranks, named before the runs: one that both judges have."""
    baselines: tuple[str, ...] = ()
    """Statistics that the others are compared with, besides the reference."""
    match: Literal["content", "lite0_content", "ssim", "cfsd"] | None = None
    """The measure by which contents are held equal; None: the first that no statistic optimised."""
    spread: Parts = ()
    """Parts of its first weight at which each statistic is run, the first of them 1; no weight is searched then."""

    @property
    def rounds(self) -> int:
        return len(self.spread) or max(self.runs, len(self.levels))

    @property
    def pairs(self) -> list[tuple[str, str]]:
        """Photographs with their styles."""
        return [
            (photograph, self.styles[place])
            for number, photograph in enumerate(self.photographs)
            for place in turns(number, len(self.styles), self.each or len(self.styles))
        ]


FORMAT = 1
"""The format of protocol files, which may leave it out."""


def turns(number: int, count: int, each: int) -> list[int]:
    """Which `each` of `count` styles the photograph of that number gets.

    Every style comes as often as any other, and two photographs seldom share two styles: for that, the differences
    between a photograph's styles must all differ, as those of triangular numbers do.
    """
    apart = [place * (place + 1) // 2 % count for place in range(2 * count)]
    chosen = [*dict.fromkeys([*apart, *range(count)])][:each]
    return sorted((number + offset) % count for offset in chosen)


class Cell(NamedTuple):
    """What one picture is made from, apart from the style's weight."""

    statistic: str
    photograph: str
    style: str
    seed: int

    @property
    def pair(self) -> tuple[str, str]:
        return self.photograph, self.style

    @property
    def key(self) -> tuple[str, str, int]:
        return self.photograph, self.style, self.seed


def first_beta(protocol: Protocol, statistic: str) -> float:
    return protocol.betas.get(statistic, protocol.betas[protocol.reference])


def cells(protocol: Protocol) -> Iterator[Cell]:
    """All cells, pair by pair and the reference first, so that whatever has been made so far can be compared."""
    others = [name for name in protocol.statistics if name != protocol.reference]
    for (photograph, style), seed in product(protocol.pairs, protocol.seeds):
        for statistic in (protocol.reference, *others):
            yield Cell(statistic, photograph, style, seed)


def load(name: str, changes: dict[str, str], overrides: Sequence[str] = ()) -> Protocol:
    """The protocol of that name, or in that YAML file, with `changes` to its lists and settings as typed.

    Statistics are chosen from those of the protocol, or are options of `style_stat`; `overrides` may say where else to
    look for the options. Raises UserError.
    """
    where, options = f"protocol={name}", search_path.options("style_stat", overrides)
    plain = written(name)
    for key, text in changes.items():
        plain[key] = setting(key, text) if key in SETTINGS else listed(plain, key, text, options)
    try:
        protocol = Protocol.model_validate(plain)
    except ValidationError as error:
        whole = {**dict.fromkeys(Protocol.model_fields), **plain}
        raise UserError(f"{where}: {explain(error, whole, in_file=True)}") from None
    refuse_contradictions(protocol, where)
    if "statistics" not in changes:  # otherwise those that the file speaks of need not be among the chosen ones
        for other in protocol.baselines:
            if other not in protocol.statistics:
                raise UserError(f"{where}: baselines has {other}, which is not among its statistics")
        for other in protocol.betas:  # also of statistics that are not listed but could be chosen
            if other not in protocol.statistics and other not in options:
                raise UserError(f"{where}: betas has {other}, which is not among its statistics")
    refuse_written(where, protocol.settings, protocol.statistics, options)
    for key in FILES:
        refuse_copies(f"{where}: {key}", getattr(protocol, key))
    return protocol


def written(name: str) -> dict[str, Any]:
    """What the protocol's file says, as it stands. Raises UserError."""
    file = Path(name).expanduser() if name.endswith((".yaml", ".yml")) else CONF / "protocol" / f"{name}.yaml"
    names = sorted(path.stem for path in (CONF / "protocol").glob("*.yaml"))
    if file.exists() and not file.is_file():
        raise UserError(f"protocol={name}: that is {'a folder' if file.is_dir() else 'no file'}; give a YAML file")
    if not file.is_file():
        raise UserError(f"protocol={name}{choose_from(name, names)}; or give a YAML file")
    plain: Any = settings_file.read(file, f"protocol={name}")
    if not isinstance(plain, dict):
        raise UserError(f"protocol={name}: {file} has no settings in it")
    stated = plain.pop("format", FORMAT)
    if type(stated) is not int or stated != FORMAT:  # true is 1 to Python
        raise UserError(f"protocol={name}: {file} has another format; this version of stx reads {FORMAT}")
    return plain


def refuse_contradictions(protocol: Protocol, where: str) -> None:
    """Raise UserError, which begins with `where`, for settings of a protocol that exclude each other."""
    if protocol.reference not in protocol.statistics:
        raise UserError(
            f"{where}: its reference, {protocol.reference}, is not among its statistics: "
            f"{', '.join(protocol.statistics)}"
        )
    for parts, first in (("spread", protocol.spread[:1]), ("levels", protocol.levels[:1])):
        if first and first[0] != 1:  # runs of the first weight itself come first, and are what all others aim at
            raise UserError(f"{where}: {parts} begins with {first[0]:g}; its first part must be 1")
    if protocol.close and protocol.spread:
        raise UserError(f"{where}: close=true needs a search, which spread leaves out; leave one of them out")
    if protocol.least > protocol.rounds:
        raise UserError(f"{where}: least={protocol.least} is more than its runs, {protocol.rounds}")
    if protocol.reference not in protocol.betas:
        raise UserError(f"{where}: betas has no weight for its reference, {protocol.reference}")


def refuse_copies(where: str, names: Sequence[str]) -> None:
    """Raise UserError for two names of one picture, which would count twice: links to one file, or copies of it."""
    named: dict[str, str] = {}
    for name in names:
        file = Path(name).expanduser()
        if name in bundled.NAMES or not file.is_file():  # what is missing is reported with the picture's run
            continue
        other = named.setdefault(sha256(file), name)
        if other != name:
            raise UserError(f"{where}: {other} and {name} are the same picture; leave one of them out")


def listed(plain: dict[str, Any], key: str, text: str, options: Sequence[str]) -> Any:
    """The value of one of LISTS, from the text that was typed for it. Raises UserError."""
    parts = [name for part in split(text) for name in inside(key, part)] if key in FILES else text.split(",")
    return chosen(plain, key, [part for part in parts if part], options)


def inside(key: str, name: str) -> list[str]:
    """The pictures of a folder or of a glob; otherwise the name itself. Raises UserError."""
    return pictures_of(key, name) if is_listing(name) else [name]


def chosen(plain: dict[str, Any], key: str, names: Sequence[str], options: Sequence[str]) -> Any:
    if key == "seeds":
        if not all(name.isascii() and name.isdecimal() for name in names):
            raise UserError(f"seeds={','.join(names)}: should be whole numbers, separated by commas")
        return [int(name) for name in dict.fromkeys(names)]
    if key != "statistics":
        return list(dict.fromkeys(names))
    offered = plain.get("statistics") or {}
    for name in names:
        if name not in offered and name not in options:
            allowed = [*offered, *(option for option in options if option not in offered)]
            raise UserError(f"statistics={name}{choose_from(name, allowed)}")
    reference = str(plain.get("reference"))
    if not names:  # the reference alone would be compared with nothing
        return {}
    return {name: offered.get(name, f"style_stat={name}") for name in dict.fromkeys([reference, *names])}
