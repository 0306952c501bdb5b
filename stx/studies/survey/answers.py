"""A rater's answers, as a file or as a request, checked against the survey that they belong to."""

from codecs import BOM_UTF8
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import ConfigDict, Field, ValidationError

from stx.config.first_format import First
from stx.config.regular import regular
from stx.config.schema import Section
from stx.errors import first_line
from stx.studies.survey.key import Asked, Id, Key, Opaque

LARGEST = 4 * 2**20
"""Most bytes of a file of answers: ten times what a rater can be asked."""
DAY = 86_400_000
"""Milliseconds; a page that was left open for longer reports this much."""


class Refused(ValueError):
    """Raised for what is not an answer to this survey; the message says why, in one line."""


class Answer(Section):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    pair: Opaque
    asks: Asked
    again: bool
    """Whether it was asked once more, with the sides swapped."""
    left: Opaque
    chosen: Opaque
    ms: Annotated[int, Field(ge=0, le=DAY)]
    """Milliseconds from when both pictures were seen."""
    n: Annotated[int, Field(ge=0, le=10_000)]
    """Its place among the rater's questions."""


class Sheet(Section):
    """A rater's answers, or some of them."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    format: First
    survey: Id
    rater: Id
    answers: Annotated[list[Answer], Field(max_length=8000)]


class Question(NamedTuple):
    """What one rater can answer once."""

    rater: str
    pair: str
    asks: Asked
    again: bool


Answers = Mapping[Question, Answer]


def parse(text: bytes, key: Key) -> Sheet:
    """Read a rater's answers from JSON. Raises Refused."""
    try:
        sheet = Sheet.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        invented = first["type"] == "extra_forbidden"  # the name of such a field could be anything, so it is not shown
        where = ".".join(map(str, first["loc"][:-1] if invented else first["loc"]))
        raise Refused(f"{where}: {first['msg']}" if where else first["msg"]) from None
    if sheet.survey != key.survey:
        raise Refused("it is of another survey")
    for answer in sheet.answers:
        shown = key.pairs.get(answer.pair)
        if shown is None:
            raise Refused(f"the survey has no pair {answer.pair}")
        if not {answer.left, answer.chosen} <= set(shown.pictures):
            raise Refused(f"pair {answer.pair} does not have that picture")
    return sheet


def read(path: Path, key: Key) -> Sheet:
    """Read a file of answers. Raises Refused."""
    try:
        with regular(path).open("rb") as file:
            text = file.read(LARGEST + 1)
    except OSError as error:
        raise Refused(error.strerror or first_line(error)) from None
    if len(text) > LARGEST:
        raise Refused(f"it is larger than {LARGEST} bytes")
    return parse(text.removeprefix(BOM_UTF8), key)  # which Windows editors put first


def merged(sheets: Iterable[tuple[str, Sheet]]) -> tuple[dict[Question, Answer], list[str]]:
    """Each answer once, by its question, and a line for each name that has answers differing from earlier ones.

    The earlier answer is kept.
    """
    answers, differing = dict[Question, Answer](), dict[str, int]()
    for name, sheet in sheets:
        for question, answer in questions(sheet):
            kept = answers.setdefault(question, answer)
            differing[name] = differing.get(name, 0) + (kept.chosen != answer.chosen)
    return answers, [differ(name, count) for name, count in differing.items() if count]


def differ(name: str, count: int) -> str:
    """The line about answers from `name` that differ from earlier ones to the same questions."""
    if count == 1:
        return f"{name}: 1 answer differs from an earlier one to the same question, which is kept"
    return f"{name}: {count} answers differ from earlier ones to the same questions, which are kept"


def questions(sheet: Sheet) -> Iterator[tuple[Question, Answer]]:
    for answer in sheet.answers:
        yield Question(sheet.rater, answer.pair, answer.asks, answer.again), answer
