"""What a journal is delivered by, before any store is asked."""

import json
from pathlib import Path

from stx.runs.files import JOURNAL
from stx.runs.tracking.sender import deliver


def test_a_journal_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / JOURNAL).write_text(json.dumps({"open": {"format": 99, "uri": "sqlite:///none.db"}}) + "\n")
    assert deliver(tmp_path, "") == "its journal was written by a later version of stx"


def test_a_journal_without_a_beginning_says_so(tmp_path: Path) -> None:
    (tmp_path / JOURNAL).write_text(json.dumps({"rows": []}) + "\n")
    assert deliver(tmp_path, "") == "its journal does not say which run it is"
