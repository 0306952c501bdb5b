"""Surveys without runs: pictures of one colour each, and raters whose preferences are known."""

import math
import random
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from pathlib import Path

from PIL import Image

from stx.pictures.description import exif
from stx.studies.survey import options, writing
from stx.studies.survey.answers import Answer, Question
from stx.studies.survey.entries import Source
from stx.studies.survey.key import Asked, Behind, Compared, Key
from stx.studies.survey.pairs import Entry, pairs
from stx.studies.survey.questionnaire import Questionnaire, questionnaire

METHODS = ("cooc_vector_undone", "gaussian_wasserstein", "sliced_wasserstein")
"""Names that stand in no page by chance."""
NEARNESS = "measure/sliced_wasserstein"


def entry(
    folder: Path, method: str, photograph: str = "china", style: str = "swirls", content: float = 1.0, seed: str = "0"
) -> Entry:
    """Its picture says in its file how it was made, as a run's does."""
    paths = [folder / f"{name}.png" for name in (f"{method}-{photograph}-{style}-{seed}", photograph, style)]
    for path in paths:
        if not path.exists():
            colour = random.Random(path.stem).randbytes(3)
            Image.new("RGB", (64, 48), tuple(colour)).save(path, exif=exif(f"stx run style_stat={method}"))
    measures = {NEARNESS: 1.0 + METHODS.index(method) if method in METHODS else math.nan}
    return Entry(method, photograph, style, seed, "64 x 48", content, measures, f"run-of-{method}", *paths)


def entries(folder: Path, methods: Sequence[str] = METHODS, photographs: str = "ab", styles: str = "xy") -> list[Entry]:
    return [entry(folder, *each) for each in product(methods, photographs, styles)]


def asked(**changed: object) -> options.Options:
    return options.read({}).model_copy(update=changed)


def survey(folder: Path, of: Sequence[Entry] = (), **changed: object) -> Questionnaire:
    """As `stx survey create` makes it, written into a folder."""
    folder.mkdir(exist_ok=True)
    plain, rng = asked(**changed), random.Random(0)
    pictures = folder.parent / "pictures"
    pictures.mkdir(exist_ok=True)
    pool = pairs(of or entries(pictures), plain.tolerance, rng)
    made = questionnaire(pool, plain, rng, Source([], "style_stat", "content", ""), "stx survey create")
    writing.write(folder, made)
    return made


def key(methods: Iterable[str], photographs: Iterable[str], styles: Iterable[str]) -> Key:
    """Every two methods on every pair, without a page."""
    rng, pictures, compared = random.Random(0), dict[str, Behind](), dict[str, Compared]()
    for photograph, style in product(photographs, styles):
        names = {method: f"{rng.getrandbits(64):016x}" for method in methods}
        for method, name in names.items():
            pictures[name] = Behind(method=method, run="", content=1.0, measures={})
        for one, other in product(names.values(), repeat=2):
            if one < other:
                compared[f"{rng.getrandbits(64):016x}"] = Compared(
                    pictures=(one, other), photograph=photograph, style=style, seed="0"
                )
    return Key(
        survey="0" * 32, command="", by="style_stat", match="content", tolerance=0.05, pictures=pictures, pairs=compared
    )


def answer(pair: str, chosen: str, left: str = "", asks: Asked = "style", again: bool = False, n: int = 0) -> Answer:
    return Answer(pair=pair, asks=asks, again=again, left=left or chosen, chosen=chosen, ms=2000, n=n)


def simulated(
    of: Key, strengths: Mapping[str, float], raters: int, each: int, seed: int = 0, asks: Asked = "style"
) -> dict[Question, Answer]:
    """What raters say who choose by Bradley and Terry's model, each of some pairs."""
    rng, answers = random.Random(seed), dict[Question, Answer]()
    for _ in range(raters):
        name = f"{rng.getrandbits(128):032x}"
        for pair in rng.sample(sorted(of.pairs), each):
            one, other = of.pairs[pair].pictures
            apart = strengths[of.pictures[one].method] - strengths[of.pictures[other].method]
            chosen = one if rng.random() < 1 / (1 + math.exp(-apart)) else other
            answers[Question(name, pair, asks, False)] = answer(pair, chosen, rng.choice((one, other)), asks)
    return answers
