"""The run that stands for a sweep: a store that is away costs its numbers, never the sweep."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from stx.runs.tracking.parent import Parent


class Away:
    """A store that answers nothing, and whose errors say as little."""

    def __getattr__(self, name: str) -> Any:
        raise TimeoutError


def test_a_store_that_fails_in_mid_sweep_is_said_once_and_ends_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run: Any = SimpleNamespace(id="abc", experiment_id="7")
    store: Any = Away()
    stands = Parent(store, run, "https://me:secret@host", "sweep", "sweep.resume=true")
    stands.show([tmp_path / "sweep.html"], {"stx.command": "it"})
    stands.measured({"sweep/jobs": 1})
    stands.end("finished", "FINISHED")
    assert caplog.messages == [
        "the sweep's own run lacks what its folder has (TimeoutError); sweep.resume=true sends it again"
    ]
    assert "secret" not in stands.where
