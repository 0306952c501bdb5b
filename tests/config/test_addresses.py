"""The file behind a store's address, in one place."""

from pathlib import Path

import pytest

from stx.config.addresses import absolute, database_file, with_file


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("sqlite:///outputs/mlflow.db", "outputs/mlflow.db"),
        ("sqlite:////var/x.db?timeout=30", "/var/x.db"),
        ("sqlite:///:memory:", None),
        ("sqlite:///file:x.db?mode=ro", None),
        ("sqlite://", None),
        ("http://host/x.db", None),
        ("outputs/mlflow.db", None),
        ("postgresql://u@host/x.db", None),
    ],
)
def test_a_sqlite_address_names_a_file_less_its_settings(uri: str, path: str | None) -> None:
    assert database_file(uri) == (path and Path(path))


def test_another_file_keeps_the_settings_and_a_relative_one_becomes_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert with_file("sqlite:///a.db?timeout=30", Path("/b.db")) == "sqlite:////b.db?timeout=30"
    assert with_file("sqlite:///a.db", Path("/b.db")) == "sqlite:////b.db"
    monkeypatch.chdir(tmp_path)
    assert absolute("sqlite:///x/../a.db?timeout=30") == f"sqlite:///{tmp_path.as_posix()}/a.db?timeout=30"
    assert absolute("http://host/a") == "http://host/a"
    assert absolute("sqlite:///:memory:") == "sqlite:///:memory:"
