"""The comparison's results as data: table.csv, a row for each score, and comparison.json, with what was compared."""

import csv
import hashlib
import io
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from stx.atomic import write as write_file
from stx.runs.identity import of_picture
from stx.studies.compare.judges import Scores
from stx.studies.compare.work import Results

FILE = "comparison.json"
COLUMNS = ("statistic", "over", "judge", "measure", "equal", "level", "ratio", "low", "high", "pairs", "p", "p_holm")


def write(folder: Path, results: Results, every: list[Scores]) -> None:
    """Write both files. `equal` is the measure of content held equal, `level` which of the reference's weights."""
    listed = list(rows(every))
    table = io.StringIO()
    writer = csv.DictWriter(table, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(listed)
    write_file(folder / "table.csv", table.getvalue())
    whole = {**identity(results), "rows": listed}
    write_file(folder / FILE, json.dumps(whole, indent=1) + "\n")


def rows(every: list[Scores]) -> Iterator[dict[str, Any]]:
    for one in every:
        for name, score in one.of.items():
            if score is not None:
                at = one.where.level
                numbers = [score.mean, score.low, score.high, score.pairs, score.p, one.adjusted[name]]
                finite = [float(f"{number:.6g}") if math.isfinite(number) else None for number in numbers]
                values = [name, one.over, one.where.judge, one.where.measure, at.by, at.number + 1, *finite]
                yield dict(zip(COLUMNS, values, strict=True))


def identity(results: Results) -> dict[str, Any]:
    """What was compared, with digests of the pictures and weights, so that two such files can be told apart."""
    protocol = results.protocol
    weights = {one.run.tags.get("stx.weights_sha256", "") for several in results.runs.values() for one in several}
    pictures = {name: of_picture(name) for name in dict.fromkeys([*protocol.photographs, *protocol.styles])}
    what = {"protocol": protocol.model_dump(mode="json"), "sha256": {**pictures, "weights": " ".join(sorted(weights))}}
    digest = hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()
    return {"digest": digest, "match": results.match, **what}
