"""The comparison's results as data: table.csv, a row for each score, and comparison.json, with what was compared."""

import csv
import hashlib
import io
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from stx.atomic import write as write_file
from stx.config.digests import sha256
from stx.measures import lite0
from stx.runs.identity import of_picture
from stx.studies.compare import programs
from stx.studies.compare.judges import Scores
from stx.studies.compare.leaderboard import Ratio
from stx.studies.compare.protocol import Protocol
from stx.studies.compare.work import Results

FILE = "comparison.json"
SIZES = ("image_size.width", "image_size.height", "optim.steps")
COLUMNS = (
    "statistic", "over", "judge", "measure", "equal", "level", "ratio", "low", "high", "pairs", "p", "p_holm", "program"
)  # fmt: skip


def write(
    folder: Path,
    results: Results,
    every: list[Scores],
    finished: programs.Judged,
    compared: Mapping[str, Any],
    options: Sequence[str] = (),
) -> None:
    """Write both files, with the `identity` of what was `compared`, and the `options` typed for all runs.

    `equal` is the measure of content held equal, `level` which of the reference's weights.

    The row of another program's pictures has `program` in place of `statistic`, and no level: it is at their content.
    """
    listed = [*rows(every), *rows_of_programs(results, finished)]
    table = io.StringIO()
    writer = csv.DictWriter(table, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(listed)
    write_file(folder / "table.csv", table.getvalue())
    whole = {**compared, "options": list(options), "rows": listed}
    write_file(folder / FILE, json.dumps(whole, indent=1) + "\n")


def of_another(folder: Path, protocol: Protocol, options: Sequence[str]) -> bool:
    """Whether a folder holds the report of another comparison, or of one with other `options` for all runs."""
    try:
        before = json.loads((folder / FILE).read_text(encoding="utf-8"))
        same = Protocol.model_validate(before["protocol"]) == protocol
        return not same or set(before.get("options", options)) != set(options)  # earlier versions did not keep them
    except (OSError, ValueError, KeyError, TypeError, AttributeError):  # there is none, or none that can be read
        return False


def rows(every: list[Scores]) -> Iterator[dict[str, Any]]:
    for one in every:
        for name, score in one.of.items():
            if score is not None:
                at = one.where.level
                where = [one.over, one.where.judge, one.where.measure, at.by, at.number + 1]
                yield row([name, *where], score, one.adjusted[name], "")


def rows_of_programs(results: Results, finished: programs.Judged) -> Iterator[dict[str, Any]]:
    for judge, by, measure in programs.ways(results):
        for program, score in programs.scores(results, finished, by, measure).items():
            if score is not None:
                yield row(["", results.protocol.reference, judge, measure, by, None], score, math.nan, program)


def row(where: list[Any], score: Ratio, adjusted: float, program: str) -> dict[str, Any]:
    numbers = [score.mean, score.low, score.high, score.pairs, score.p, adjusted]
    finite = [float(f"{number:.6g}") if math.isfinite(number) else None for number in numbers]
    return dict(zip(COLUMNS, [*where, *finite, program], strict=True))


def identity(results: Results) -> dict[str, Any]:
    """What was compared, with digests of the pictures and weights, so that two such files can be told apart."""
    protocol = results.protocol
    weights = {one.run.tags.get("stx.weights_sha256", "") for several in results.runs.values() for one in several}
    pictures = {name: of_picture(name) for name in dict.fromkeys([*protocol.photographs, *protocol.styles])}
    judged = any("lite0_" in name for name in results.measures)
    judge = {"judge": sha256(file)} if judged and (file := lite0.file()) else {}
    digests = {**pictures, "weights": " ".join(sorted(weights)), **judge}
    runs = [one.run.params for several in results.runs.values() for one in several]
    made = {key: sorted({params[key] for params in runs}) for key in SIZES}  # which may be typed for all runs
    what = {"protocol": protocol.model_dump(mode="json"), "runs": made, "sha256": digests}
    digest = hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()
    return {"digest": digest, "match": results.match, **what}
