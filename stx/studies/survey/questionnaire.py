"""A survey's page and what is behind it: pictures without their names, and the key that has the names."""

import hashlib
import io
import json
import math
import random
from base64 import b64encode
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

from stx.errors import UserError, some_of
from stx.pictures import images
from stx.pictures.sheet import fitted
from stx.studies.survey.entries import Source
from stx.studies.survey.key import Behind, Compared, Key
from stx.studies.survey.options import Options
from stx.studies.survey.pairs import Pair, nearest, rounded_up, widest


class Questionnaire(NamedTuple):
    public: dict[str, Any]
    """Everything that the page holds."""
    key: Key


def questionnaire(pairs: Sequence[Pair], asked: Options, rng: random.Random, of: Source, command: str) -> Questionnaire:
    """The content of the page, and its key. Raises UserError if a picture cannot be read."""
    album = Album(asked.long_side, rng)
    pool, shown, behind = [], dict[str, Compared](), dict[str, Behind]()
    for pair in pairs:
        entry, number = pair.first, opaque(rng)
        names = [album.result(one.picture) for one in pair]
        for name, one in zip(names, pair, strict=True):
            behind[name] = Behind(method=one.method, run=one.run, content=one.content, measures=one.measures)
        pool.append([number, *names, album.given(entry.photograph_file), album.given(entry.style_file)])
        shown[number] = Compared(
            pictures=(names[0], names[1]), photograph=entry.photograph, style=entry.style, seed=entry.seed
        )
    public = {**part(len(pairs), asked)._asdict(), "pool": pool, "pictures": album.pictures}
    survey = hashlib.sha256(json.dumps(public, sort_keys=True).encode()).hexdigest()[:32]
    key = Key(
        survey=survey,
        command=command,
        by=of.by,
        match=of.match,
        tolerance=asked.tolerance,
        pictures=behind,
        pairs=shown,
    )
    return Questionnaire({"survey": survey, **public}, key)


class Part(NamedTuple):
    """How many questions one rater is asked about style, and as many about content."""

    questions: int
    again: int
    """How many of these are asked once more."""


def part(pairs: int, asked: Options) -> Part:
    questions = min(pairs, asked.questions // 2)
    return Part(questions, math.ceil(round(asked.repeats * questions, 6)))


def outlook(pairs: int, asked: Options) -> Iterator[str]:
    """Lines that say what a survey with these options and so many pairs asks."""
    of_each = part(min(pairs, asked.pairs), asked)
    if pairs > asked.pairs:
        yield f"pairs={asked.pairs}: the page has so many of {pairs} pairs, all methods about as often"
    few = (
        f"; for questions={asked.questions} there are too few pairs" if of_each.questions < asked.questions // 2 else ""
    )
    half = "half of them about style and half about content"
    again = f"; {2 * of_each.again} of them are asked a second time" if of_each.again else ""
    yield f"each rater gets {2 * of_each.questions} questions, {half}{again}{few}"


class Album:
    """Pictures by names that say nothing about them. Each result has a name of its own, even if two look the same."""

    def __init__(self, long_side: int, rng: random.Random):
        self.long_side, self.rng = long_side, rng
        self.names, self.pictures = dict[Path | str, str](), dict[str, str]()

    def result(self, path: Path) -> str:
        return self.names.get(path) or self.named(path, embedded(path, self.long_side))

    def given(self, path: Path) -> str:
        """The name of a photograph or a painting, which is the same for the copies that runs have of it."""
        content = embedded(path, self.long_side)
        return self.names.get(content) or self.named(content, content)

    def named(self, what: Path | str, content: str) -> str:
        name = self.names[what] = opaque(self.rng)
        self.pictures[name] = content
        return name


def opaque(rng: random.Random) -> str:
    return f"{rng.getrandbits(64):016x}"


def embedded(path: Path, long_side: int) -> str:
    """A picture as a data URL, without what its file says about how it was made. Raises UserError if it is damaged."""
    picture = images.load(str(path))
    if max(picture.size) > long_side:
        picture = picture.resize(fitted(picture.size, long_side), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    bare(picture).save(file, **images.WRITTEN[".jpg"])
    return f"data:image/jpeg;base64,{b64encode(file.getvalue()).decode()}"


def bare(picture: Image.Image) -> Image.Image:
    """A copy of the pixels alone, without metadata."""
    copy = Image.new("RGB", picture.size)
    copy.paste(picture)
    return copy


def refuse_none(pairs: Sequence[Pair], of: Source, tolerance: float) -> None:
    """Raise UserError if there is nothing to ask about."""
    methods = sorted({entry.method for entry in of.entries})
    if not of.entries:
        raise UserError("none of these runs has finished and still has its picture and the two that it was made from")
    if len(methods) < 2:
        others = (
            f"; they differ in {some_of(of.others)}: by={of.others[0]}" if of.others else "; name runs of two or more"
        )
        raise UserError(f"by={of.by}: all of these runs have {methods[0]}{others}")
    if not pairs:
        apart = nearest(of.entries)
        raise UserError(
            f"tolerance={tolerance:g}: no two methods have pictures of one photograph, style and seed whose "
            f"content distances (measure/{of.match}) are as near; "
            + (
                f"the nearest two differ by {apart:.0%}: tolerance={rounded_up(apart)} takes in these, "
                f"{rounded_up(widest(of.entries))} all that can be paired"
                if math.isfinite(apart)
                else "give the folder of a `stx compare`, which searches for equal ones"
            )
        )
