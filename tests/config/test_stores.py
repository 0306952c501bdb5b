"""Where a command looks for runs: by default, by what was typed, and by the environment."""

import pytest

from stx.config import command, stores


def test_a_store_is_the_default_s_what_was_typed_or_what_the_environment_says(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command.say_once.cache_clear()
    assert stores.tracking(["tracking=none"]).name == "none"
    typed = stores.tracking(["tracking.uri=sqlite:///a b (1).db", "tracking.experiment=mine"])
    assert typed.name == "mlflow"
    assert typed.uri.endswith("/a b (1).db")
    assert typed.experiment == "mine"
    assert capsys.readouterr().err == ""
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "theirs")
    taken = stores.tracking([])
    assert taken.name == "mlflow"
    assert taken.experiment == "theirs"
    assert "tracking.experiment=theirs (from MLFLOW_EXPERIMENT_NAME)" in capsys.readouterr().err
