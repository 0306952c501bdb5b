"""One process at a time in a store; test_postgres.py has the turn in a database."""

from pathlib import Path
from typing import Any

import pytest
from filelock import FileLock, Timeout

from stx.errors import UserError
from stx.runs.tracking import turn as module
from stx.runs.tracking.store import open_store


def test_a_store_that_another_process_has_is_said_soon_and_given_up_in_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(module, "SOON", 0.05)
    monkeypatch.setattr(module, "LONGEST_LOCK", 0.1)
    with (
        FileLock(tmp_path / ".store.lock"),
        pytest.raises(UserError, match=r"\.store\.lock: another process has kept the store"),
    ):
        open_store(f"sqlite:///{tmp_path / 'mlflow.db'}", "stx")
    assert caplog.text.count("another process has the store; waiting up to") == 1


def test_a_store_is_waited_for_as_long_as_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []

    class Held(FileLock):
        def acquire(self, timeout: float, **_: object) -> Any:  # type: ignore[override]
            waited.append(timeout)
            raise Timeout(self.lock_file)

    monkeypatch.setattr(module, "FileLock", Held)
    with pytest.raises(UserError, match="has kept the store for a minute"), module.alone_with(tmp_path / "lock"):
        pass
    assert waited == [module.SOON, 60]
