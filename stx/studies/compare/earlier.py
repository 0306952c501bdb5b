"""The runs of a report as data, runs.csv, so that `earlier=` can spare another comparison from making them again."""

import csv
import io
import math
import statistics
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from stx.atomic import write as write_file
from stx.errors import UserError
from stx.runs.batch import AT_ONCE
from stx.runs.files import REPORT
from stx.runs.plan import Planned
from stx.runs.tracking.store import MEASURED_AT
from stx.runs.tracking.stored import Run
from stx.studies.compare.protocol import Cell
from stx.studies.compare.work import Results, member_name

FILE = "runs.csv"
WHAT = ("recipe", "id", "statistic", "photograph", "style", "seed", "beta")
SAID = ("stx.outcome", "stx.hardware", "stx.versions", "stx.weights_sha256")
TAGS = (*SAID, AT_ONCE, MEASURED_AT)
PARAMS = ("image_size.width", "image_size.height", "optim.steps")
TIME = "time/step_ms"
MEASURE, BASELINE = "measure/", "baseline/"


class Recorded(Run):
    """A run of an earlier report: its numbers, without its pictures or a store."""

    cell: Cell
    beta: float
    baselines: Mapping[str, float]

    def __init__(self, row: Mapping[str, str]):
        """Raises ValueError if a field is missing or is not a number where it should be."""
        if missing := [name for name in (*WHAT, *SAID, *PARAMS) if not row.get(name)]:
            raise ValueError(f"{row.get('id') or 'a run'} has no {', '.join(missing)}")
        numbers = {key: float(text) for key, text in row.items() if key.startswith((MEASURE, BASELINE)) and text}
        self.id, self.status, self.beta = row["id"], "FINISHED", float(row["beta"])
        self.cell = Cell(row["statistic"], row["photograph"], row["style"], int(row["seed"]))
        self.tags = {key: row[key] for key in TAGS if row.get(key)}
        self.params = {key: row[key] for key in PARAMS}
        self.latest = {key: value for key, value in numbers.items() if key.startswith(MEASURE)}
        self.baselines = {
            key.removeprefix(BASELINE): value for key, value in numbers.items() if key.startswith(BASELINE)
        }
        self.histories = {TIME: [(0, float(row[TIME]))] if row.get(TIME) else []}

    def history(self, metric: str) -> list[tuple[int, float]]:
        return self.histories.get(metric, [])

    def artifact(self, path: str) -> Path:
        raise FileNotFoundError(path)


def write(folder: Path, results: Results, planned: Mapping[str, Planned]) -> None:
    rows = list(rows_of(results, planned))
    columns = list(dict.fromkeys(key for row in rows for key in row))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_file(folder / FILE, text.getvalue())


def rows_of(results: Results, planned: Mapping[str, Planned]) -> Iterator[dict[str, Any]]:
    for cell, several in results.runs.items():
        for beta, run in several:
            what = (planned[member_name(cell, beta)].recipe, run.id, *cell, f"{beta:g}")
            tags, params = {key: run.tags.get(key, "") for key in TAGS}, {key: run.params[key] for key in PARAMS}
            times = [value for _, value in run.history(TIME)]
            numbers = {TIME: statistics.median(times) if times else math.nan}
            numbers |= {key: value for key, value in sorted(run.latest.items()) if key.startswith(MEASURE)}
            numbers |= {f"{BASELINE}{key}": value for key, value in sorted(run.baselines.items())}
            yield {
                **dict(zip(WHAT, what, strict=True)),
                **tags,
                **params,
                **{key: f"{value:.9g}" if math.isfinite(value) else "" for key, value in numbers.items()},
            }


def read(text: str) -> dict[str, Recorded]:
    """The runs, by their recipes, of what `earlier=` names: a report's folder or its runs.csv. Raises UserError."""
    if not text:
        raise UserError("earlier= is empty; name the folder of a report, or its runs.csv")
    path = Path(text).expanduser()
    file = path / FILE if path.is_dir() else path
    if not file.is_file():
        within = path / REPORT if (path / REPORT / FILE).is_file() else None  # the folder of a comparison
        has = f"{within} has: earlier={within}" if within else "a report of stx compare has one"
        raise UserError(f"earlier={text}: there is no {file}; {has}")
    try:
        return recorded(file)
    except ValueError as error:
        raise UserError(f"earlier={text}: {error}") from None


def recorded(file: Path) -> dict[str, Recorded]:
    """The runs of a report's runs.csv, by their recipes. Raises ValueError, which names the file, if it is none."""
    try:
        whole = file.read_text(encoding="utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(whole, newline="")))
        if any(None in row for row in rows):
            raise ValueError("a row has more fields than the first line names")
        if any(None in row.values() for row in rows) or not whole.endswith("\n"):  # as a number cut off is one, too
            raise ValueError("it is cut off: its last line is not whole")
        if not rows:
            raise ValueError("it has no rows")
        runs = [Recorded(row) for row in rows]
        return {row["recipe"]: run for row, run in zip(rows, runs, strict=True)}
    except (ValueError, csv.Error) as error:
        raise ValueError(f"{file} is no {FILE} of a report ({error})") from None


def refuse_unmeasured(text: str, recorded: Mapping[str, Run], match: str) -> None:
    """Raise UserError if runs lack the measure of content that is held equal, as they could not be compared."""
    lacking = sum(f"{MEASURE}{match}" not in run.latest for run in recorded.values())
    if lacking:
        raise UserError(
            f"earlier={text}: {lacking} of its {len(recorded)} runs have no {MEASURE}{match}, which is held equal "
            "here; leave it out, or name another match in the protocol"
        )
