"""Tests that start commands stay quick."""

import sys
from pathlib import Path

from conftest import SERVER


def imported(file: Path) -> None:
    file.write_text("\n".join(sys.modules))


def test_commands_are_forked_from_a_process_that_has_imported_what_they_need(tmp_path: Path) -> None:
    process = SERVER.Process(target=imported, args=(tmp_path / "modules",))
    process.start()
    process.join(120)
    names = set((tmp_path / "modules").read_text().split("\n"))
    assert names >= {"torch", "mlflow.store.tracking.sqlalchemy_store", "quick_hydra", "stx.runs.make"}
