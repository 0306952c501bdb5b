"""YAML that people write: mistakes in it are messages, and numbers are those of Hydra."""

from pathlib import Path

import pytest

from stx.config import settings_file
from stx.config.command import told
from stx.config.compose import compose
from stx.config.search_path import override_of
from stx.errors import UserError


def test_a_file_is_read_as_hydra_reads_its_own(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("\ufefftolerance: 1e-3\nphotographs: [2024-05-01, é.png]\n", encoding="utf-8")
    assert settings_file.read(tmp_path / "a.yaml", "") == {"tolerance": 0.001, "photographs": ["2024-05-01", "é.png"]}
    (tmp_path / "empty.yaml").touch()
    assert settings_file.read(tmp_path / "empty.yaml", "") is None


@pytest.mark.parametrize(
    ("text", "line", "key"),
    [
        ("a: 1\nb: 2\na: 1\n", 3, "a"),
        ("a:\n  b: 1\n  c: {}\n  b: 2\n", 4, "b"),
        ('a: {"b c": 1,\n "b c": 2}', 2, "b c"),
    ],
)
def test_a_key_that_stands_in_a_file_twice_is_named_with_its_line(
    tmp_path: Path, text: str, line: int, key: str
) -> None:
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(UserError) as answer:
        settings_file.read(tmp_path / "a.yaml", "protocol=a.yaml")
    assert str(answer.value) == f"protocol=a.yaml: {tmp_path}/a.yaml, line {line}: {key} appears twice"


@pytest.mark.parametrize(
    "text", [b"a: [", b"\xff\xfe\x00", b"a: \x00", b"a: !!python/name:os.system", b"[" * 5000, b"a: " + b"1" * 5000]
)
def test_what_is_no_yaml_is_a_message_of_one_line(tmp_path: Path, text: bytes) -> None:
    (tmp_path / "a.yaml").write_bytes(text)
    with pytest.raises(UserError, match=r"^here: .*a\.yaml is no YAML \(") as answer:
        settings_file.read(tmp_path / "a.yaml", "here")
    assert "\n" not in str(answer.value)
    with pytest.raises(UserError, match="no YAML"):
        settings_file.value(text.decode("latin-1").replace("\xff\xfe", "["))


def test_an_option_of_one_s_own_with_a_key_twice_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "style_stat").mkdir()
    (tmp_path / "style_stat" / "mine.yaml").write_text("_target_: stx.stats.gram\nlayers: null\nlayers: [conv1_1]\n")
    overrides = [override_of(tmp_path), "style_stat=mine"]
    with pytest.raises(Exception, match="duplicate") as error:
        compose(overrides)
    assert told(error.value, overrides).endswith("style_stat/mine.yaml, line 3: layers appears twice")
