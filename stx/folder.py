"""A run's output folder: the picture, the losses so far and what the run started from, at all times."""

import csv
from collections.abc import Callable
from pathlib import Path

from stx.record import Row


def losses_table(path: Path) -> Callable[[list[Row]], None]:
    """A writer of rows into a CSV file, a line a step; its columns are those of the first row."""
    columns: list[str] = []

    def append(rows: list[Row]) -> None:
        new = not columns
        columns.extend(name for name in rows[0].values if new and not name.startswith("grad_norm/"))
        with path.open("w" if new else "a", newline="", encoding="utf-8") as file:
            table = csv.DictWriter(file, ["step", *columns], extrasaction="ignore")
            if new:
                table.writeheader()
            table.writerows({"step": row.step, **row.values} for row in rows)

    return append
