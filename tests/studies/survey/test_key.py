"""The key of a survey, and what is said of a folder that has none."""

from pathlib import Path

import pytest
from surveys import key

from stx.errors import UserError
from stx.studies.survey import key as keys


def test_what_was_written_is_read(tmp_path: Path) -> None:
    of = key("abc", "pq", "st")
    keys.write(tmp_path, of)
    assert keys.read(tmp_path) == of
    (tmp_path / "key.json").write_bytes(b"\xef\xbb\xbf" + (tmp_path / "key.json").read_bytes())
    assert keys.read(tmp_path) == of


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 2}', '{"format": 1, "survey": "x"}'])
def test_a_key_that_is_none_is_said_in_a_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "key.json").write_text(text)
    with pytest.raises(UserError, match=r"key\.json is no key of a survey") as refused:
        keys.read(tmp_path)
    assert "\n" not in str(refused.value)


def test_a_folder_without_one_and_a_key_that_lacks_a_picture_are_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"there is no key\.json in it"):
        keys.read(tmp_path)
    of = key("ab", "p", "s")
    keys.write(tmp_path, of.model_copy(update={"pictures": {}}))
    with pytest.raises(UserError, match="has pairs of pictures that it does not have"):
        keys.read(tmp_path)
