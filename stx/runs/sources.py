"""A run's files, for those who show it: from its folder, or from its store if the folder is elsewhere.

A file that is missing or cannot be read is no error, as a run that is shown may have failed or be at work. A store that
no longer answers is one.
"""

import csv
import json
import math
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from PIL.Image import Image

from stx.config.regular import regular
from stx.config.secrets import hidden
from stx.errors import UserError
from stx.model.names import metric
from stx.pictures import images
from stx.pictures.decode import opened
from stx.runs.files import ALONG, BASELINES, EVENTS, LOSSES, MEASURES
from stx.runs.tracking.stored import Run
from stx.runs.tracking.verdict import Verdict, reason, verdict
from stx.runs.words import style_distance

LOSS = ("loss/total", "loss/content", "loss/style")
STEP = re.compile(r"(?:step-|(?:.*[~#])?picture[+%]step[+%])(\d+)(?:[+%].*)?\.png")
"""The file name of a picture along the way, in a folder or in a store, by any version of stx and of MLflow."""


class Files(Protocol):
    def file(self, name: str) -> Path | None:
        """The path of a file by its name, relative to the run's folder; None if there is none."""

    def along(self) -> dict[int, str]:
        """Names of the pictures along the way, by step."""

    def history(self, metric: str) -> list[tuple[int, float]]:
        """(step, value) in the order of steps."""


class InFolder:
    def __init__(self, folder: Path):
        self.folder = folder

    def file(self, name: str) -> Path | None:
        path = self.folder / name
        return path if path.is_file() else None

    def along(self) -> dict[int, str]:
        return by_step(f"{ALONG}/{path.name}" for path in (self.folder / ALONG).glob("*.png"))

    def losses(self) -> Iterator[dict[str, str]]:
        """The table of losses, row by row. Nothing is kept: the tables of hundreds of runs would fill the memory."""
        return table(self.folder / LOSSES)

    def history(self, metric: str) -> list[tuple[int, float]]:
        points = [(row.get("step") or "", number(row.get(metric))) for row in self.losses()]
        return [(int(step), value) for step, value in points if step.isdecimal() and value is not None]

    def last(self) -> dict[str, float]:
        """The last finite value of each metric in the table of losses, and the measures and baselines at the end.

        They include the style distance, as they do in a store.
        """
        values = {
            metric(name): value
            for row in self.losses()
            for name, text in row.items()
            if name != "step" and (value := number(text)) is not None and math.isfinite(value)
        }
        measures, baselines = (
            {f"{kind}/{name}": value for name, value in numbers(self.folder / file).items() if math.isfinite(value)}
            for kind, file in (("measure", MEASURES), ("baseline", BASELINES))
        )
        return values | measures | style_distance(measures | baselines)

    def size(self, *names: str) -> tuple[int, int]:
        """The width and height of the first of these pictures that can be read; (0, 0) if none can."""
        for path in filter(None, map(self.file, names)):
            with suppress(UserError), opened(str(path)) as picture:
                return picture.size
        return 0, 0


class InStore:
    def __init__(self, run: Run):
        self.run = run

    def file(self, name: str) -> Path | None:
        try:
            path = self.run.artifact(name)
        except Exception:  # whatever MLflow, a network or a disk raises for a missing file
            return None
        return path if path.is_file() else None

    def picture(self, name: str) -> Image | None:
        """One of the run's pictures, on white; None if there is none, it is damaged or the store does not give it."""
        path = self.file(name)
        return images.written(path) if path else None

    def along(self) -> dict[int, str]:
        try:
            return by_step(one.path for one in self.run.client.list_artifacts(self.run.id, "images"))
        except Exception:  # as above
            return {}

    def history(self, metric: str) -> list[tuple[int, float]]:
        """(step, value) in the order of steps. Raises UserError if the store has gone away.

        Otherwise each of hundreds of runs would be waited for in vain.
        """
        try:
            return self.run.history(metric)
        except Exception as error:
            if verdict(error) is Verdict.AWAY:
                raise UserError(f"the store does not answer any more ({hidden(reason(error))}); try again") from None
            return []


def by_step(names: Iterable[str]) -> dict[int, str]:
    steps = {int(match[1]): name for name in names if (match := STEP.fullmatch(name.rpartition("/")[2]))}
    return dict(sorted(steps.items()))


def events(files: Files) -> list[tuple[int, str]]:
    """What was not finite, and at which step."""
    path = files.file(EVENTS)
    rows = table(path) if path else ()
    return [(int(row["step"]), row.get("what") or "") for row in rows if (row.get("step") or "").isdecimal()]


def diverged(files: Files) -> str:
    """The first value that was not finite, in one line; empty if all were."""
    return next((f"not finite at step {step}: {what}" for step, what in events(files)), "")


def table(path: Path) -> Iterator[dict[str, str]]:
    """The rows of a CSV file, by column. A file that cannot be read has none.

    The last row may be shorter than the header, as that of a run at work may be half written.
    """
    try:
        with regular(path).open(newline="", encoding="utf-8-sig", errors="replace") as file:
            rows = csv.reader(file)
            header = next(rows, [])
            yield from (dict(zip(header, row, strict=False)) for row in rows)
    except (OSError, csv.Error):
        return


def number(text: str | None) -> float | None:
    try:
        return float(text or "")
    except ValueError:
        return None


def numbers(path: Path) -> dict[str, float]:
    """The numbers in a JSON file, by name; empty if it cannot be read."""
    try:
        return {
            str(name): float(value) for name, value in json.loads(regular(path).read_text(encoding="utf-8-sig")).items()
        }
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
