"""A run's files, for whoever shows it: from its folder, or from its store where the folder is elsewhere.

What is not there, or cannot be read, is nothing, and no error: a run that is shown may have failed, or be at work. A
store that does not answer any more is one.
"""

import csv
import json
import math
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from stx.config.secrets import hidden
from stx.errors import UserError
from stx.model.names import metric
from stx.pictures.decode import opened
from stx.runs.files import ALONG, BASELINES, EVENTS, LOSSES, MEASURES
from stx.runs.tracking.stored import Run
from stx.runs.tracking.verdict import Verdict, reason, verdict
from stx.runs.words import style_distance

LOSS = ("loss/total", "loss/content", "loss/style")
STEP = re.compile(r"(?:step-|(?:.*[~#])?picture[+%]step[+%])(\d+)(?:[+%].*)?\.png")
"""What a picture along the way is called, in a folder and in a store, by any version of stx and of MLflow."""


class Files(Protocol):
    def file(self, name: str) -> Path | None:
        """By its name, relative to the run's folder."""

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
        """Row by row, and kept nowhere: of hundreds of runs they would fill the memory."""
        return table(self.folder / LOSSES)

    def history(self, metric: str) -> list[tuple[int, float]]:
        points = [(row.get("step") or "", number(row.get(metric))) for row in self.losses()]
        return [(int(step), value) for step, value in points if step.isdecimal() and value is not None]

    def last(self) -> dict[str, float]:
        """The last finite value of each metric in the table of losses, and what the judge says at the end, with the
        style distance that a store is told too."""
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
        """Pixels of the first of these pictures that is there; 0 x 0 where none is."""
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
        except Exception:  # whatever MLflow, a network or a disk raises for what is not there
            return None
        return path if path.is_file() else None

    def along(self) -> dict[int, str]:
        try:
            return by_step(one.path for one in self.run.client.list_artifacts(self.run.id, "images"))
        except Exception:  # as above
            return {}

    def history(self, metric: str) -> list[tuple[int, float]]:
        """Raises UserError where the store has gone away: of hundreds of runs, each would be waited for in vain."""
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
    """What was not finite first, in a line; empty where nothing was."""
    return next((f"not finite at step {step}: {what}" for step, what in events(files)), "")


def table(path: Path) -> Iterator[dict[str, str]]:
    """Its rows by column, as long as the header is; the last may be half a line, of a run at work."""
    try:
        with path.open(newline="", encoding="utf-8", errors="replace") as file:
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
    """By name, from a file of JSON."""
    try:
        return {str(name): float(value) for name, value in json.loads(path.read_text(encoding="utf-8")).items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}
