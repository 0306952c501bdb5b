"""key.json: which method made each picture of the page. Whoever runs the survey keeps it; raters never see it."""

from codecs import BOM_UTF8
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from stx import atomic
from stx.config.first_format import First
from stx.config.schema import Section
from stx.errors import UserError

PAGE, KEY, ANSWERS, COLLECTED = "survey.html", "key.json", "answers", "answers.db"
"""Names in a survey's folder: the page, its key, the files that raters sent, what the server has collected."""

Opaque = Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
"""The name of a picture or a pair, which says nothing about it."""
Id = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")]
Asked = Literal["style", "content"]
ASKED: tuple[Asked, ...] = ("style", "content")


class Behind(Section):
    """What stands behind a picture."""

    method: str
    run: str
    content: float
    measures: Mapping[str, float]


class Compared(Section):
    """Two pictures that are compared."""

    pictures: tuple[Opaque, Opaque]
    photograph: str
    style: str
    seed: str


class Key(Section):
    format: First = 1
    survey: Id
    """The digest of everything that its page shows."""
    command: str
    by: str
    """The param that tells methods apart."""
    match: str
    tolerance: float
    pictures: Mapping[Opaque, Behind]
    pairs: Mapping[Opaque, Compared]


def write(folder: Path, key: Key) -> None:
    atomic.write(folder / KEY, key.model_dump_json(indent=1) + "\n")


def read(folder: Path) -> Key:
    """Read the key of a survey. Raises UserError if there is none, or if it is damaged."""
    path = folder / KEY
    if folder.is_file():
        raise UserError(f"{folder}: that is a file; name the survey's folder first, then files of answers")
    if not path.is_file():
        raise UserError(f"{folder}: there is no {KEY} in it; name the folder that stx survey create has made")
    try:
        key = Key.model_validate_json(path.read_bytes().removeprefix(BOM_UTF8))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise UserError(f"{path} is no key of a survey ({where}: {first['msg']}); create the survey anew") from None
    lost = {name for shown in key.pairs.values() for name in shown.pictures} - key.pictures.keys()
    if lost:
        raise UserError(f"{path} has pairs of pictures that it does not have ({min(lost)}); create the survey anew")
    return key
