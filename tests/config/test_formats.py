"""Versions of formats: whole numbers, as no file's true stands for 1."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import surveys

from stx.config.formats import version_of
from stx.errors import UserError
from stx.runs import identity, sweep_record
from stx.runs.tracking import journal
from stx.studies.film import reel
from stx.studies.survey import key


def test_a_version_is_a_whole_number() -> None:
    assert version_of(3) == 3
    for stated in (True, 1.0, "1", None, [1]):
        with pytest.raises(ValueError, match="format: it is no whole number"):
            version_of(stated)


@pytest.mark.parametrize(
    ("name", "read", "answer"),
    [
        ("run.json", identity.read, r"damaged, .* \(format: it is no whole number\)"),
        ("sweep.json", sweep_record.recorded, r"damaged, .* \(format: it is no whole number\)"),
        ("film.json", lambda folder: reel.recorded(folder / "film.json"), "damaged"),
        ("key.json", key.read, r"is no key of a survey \(format: Input should be 1\)"),
        ("journal.jsonl", lambda folder: journal.opened(folder / "journal.jsonl"), r"format: it is no whole number"),
    ],
)
def test_no_file_may_say_true_for_its_version(
    name: str, read: Callable[[Path], object], answer: str, tmp_path: Path
) -> None:
    fields = json.loads(surveys.key("ab", "p", "s").model_dump_json()) if name == "key.json" else {}
    fields |= {"format": True}
    (tmp_path / name).write_text(json.dumps({"open": fields} if name == "journal.jsonl" else fields) + "\n")
    with pytest.raises(UserError, match=answer):
        read(tmp_path)
