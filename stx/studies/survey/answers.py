"""What a rater says, as a file and over the wire: checked against the survey that it is of."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal, NamedTuple

from pydantic import ConfigDict, Field, ValidationError

from stx.config.schema import Section
from stx.errors import first_line
from stx.studies.survey.key import Asked, Id, Key, Opaque

LARGEST = 4 * 2**20
"""Bytes of a file of answers: ten times what a rater can be asked."""
DAY = 86_400_000
"""Milliseconds; a page that was left open for longer says so much."""


class Refused(ValueError):
    """Of what is no answer to this survey; the message says why, in a line."""


class Answer(Section):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    pair: Opaque
    asks: Asked
    again: bool
    """Asked once more, sides swapped."""
    left: Opaque
    chosen: Opaque
    ms: Annotated[int, Field(ge=0, le=DAY)]
    """From where both pictures were seen."""
    n: Annotated[int, Field(ge=0, le=10_000)]
    """Its place among the rater's questions."""


class Sheet(Section):
    """A rater's answers, or some of them."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    format: Literal[1]
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
    """Raises Refused."""
    try:
        sheet = Sheet.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        invented = first["type"] == "extra_forbidden"  # a field by any name, which nobody is to be shown
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
    """A file of answers. Raises Refused."""
    try:
        with path.open("rb") as file:
            text = file.read(LARGEST + 1)
    except OSError as error:
        raise Refused(error.strerror or first_line(error)) from None
    if len(text) > LARGEST:
        raise Refused(f"it is larger than {LARGEST} bytes")
    return parse(text, key)


def merged(sheets: Iterable[tuple[str, Sheet]]) -> tuple[dict[Question, Answer], list[str]]:
    """Each answer once, by its question, and where an answer differs from the one before, which is kept."""
    answers, differing = dict[Question, Answer](), dict[str, int]()
    for name, sheet in sheets:
        for question, answer in questions(sheet):
            kept = answers.setdefault(question, answer)
            differing[name] = differing.get(name, 0) + (kept.chosen != answer.chosen)
    return answers, [differ(name, count) for name, count in differing.items() if count]


def differ(name: str, count: int) -> str:
    """What is said of answers, wherever they came from, that were not the first to their questions."""
    if count == 1:
        return f"{name}: 1 answer differs from an earlier one to the same question, which is kept"
    return f"{name}: {count} answers differ from earlier ones to the same questions, which are kept"


def questions(sheet: Sheet) -> Iterator[tuple[Question, Answer]]:
    for answer in sheet.answers:
        yield Question(sheet.rater, answer.pair, answer.asks, answer.again), answer
