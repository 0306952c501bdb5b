"""All answers to a survey, wherever they are, each once; and what was left out."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from stx.errors import UserError
from stx.studies.survey import answers, collect
from stx.studies.survey.answers import Answer, Question, Refused, Sheet
from stx.studies.survey.key import ANSWERS, COLLECTED, Key


class Gathered(NamedTuple):
    answers: dict[Question, Answer]
    left_out: list[str]
    """Files that are not answers to this survey, and why; and how many answers differ from earlier ones."""


def gather(folder: Path, key: Key, files: Sequence[Path]) -> Gathered:
    """Gather what the server collected, the files in the survey's folder, and the files that are named.

    Raises UserError if a named file is missing, or if nothing has been answered.
    """
    for path in files:
        if not path.is_file():
            what = "that is not a regular file" if path.exists() else "there is no such file"
            raise UserError(f"{path}: {what}; name the files that raters have saved")
    left_out, sheets = list[str](), list[tuple[str, Sheet]]()
    for name, read in sources(folder, files):
        try:
            sheets.append((name, answers.parse(read, key) if isinstance(read, bytes) else answers.read(read, key)))
        except Refused as error:
            left_out.append(f"{name}: left out: {error}")
    if refused := collect.differing(folder / COLLECTED, key.survey) if (folder / COLLECTED).is_file() else 0:
        left_out.append(answers.differ(COLLECTED, refused))
    once, differing = answers.merged(sheets)
    if not once:
        why = f" ({left_out[0]})" if left_out else ""
        raise UserError(
            f"{folder}: no answers yet{why}; put raters' files into {folder / ANSWERS}, or name them after the folder"
        )
    return Gathered(once, left_out + differing)


def sources(folder: Path, files: Sequence[Path]) -> Iterator[tuple[str, bytes | Path]]:
    if (database := folder / COLLECTED).is_file():
        for text in collect.sheets(database):
            yield COLLECTED, text
    for path in dict.fromkeys([*sorted((folder / ANSWERS).glob("*.json")), *files]):
        yield str(path), path
