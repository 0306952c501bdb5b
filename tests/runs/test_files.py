"""One process a folder; what was typed, read back."""

from pathlib import Path

import pytest

from stx.errors import UserError
from stx.runs.files import alone_in


def test_two_do_not_work_in_one_folder(tmp_path: Path) -> None:
    with alone_in(tmp_path), pytest.raises(UserError, match="another process is at work"), alone_in(tmp_path):
        pass
    with alone_in(tmp_path):  # one behind the other
        pass
