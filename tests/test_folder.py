"""The table of losses in a run's folder."""

import csv
from pathlib import Path

from stx.folder import losses_table
from stx.record import Row


def test_rows_are_on_disk_as_soon_as_they_are_given(tmp_path: Path) -> None:
    append = losses_table(tmp_path / "losses.csv")
    append([Row(1, 0.0, {"loss/total": 1.5, "loss/style": 0.5, "grad_norm/content": 9.0})])
    append([Row(2, 0.0, {"loss/total": 1.25}), Row(3, 0.0, {"loss/total": 1.0, "loss/style": 0.25})])
    with (tmp_path / "losses.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert [(row["step"], row["loss/total"], row["loss/style"]) for row in table] == [
        ("1", "1.5", "0.5"),
        ("2", "1.25", ""),  # a value that was not finite is a gap
        ("3", "1.0", "0.25"),
    ]
