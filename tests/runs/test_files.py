"""One process a folder; what was typed, read back."""

import json
from pathlib import Path

import pytest

from stx.errors import UserError
from stx.runs.files import CONFIG, RUN, WRITTEN, alone_in, refuse_taken, told


def test_two_do_not_work_in_one_folder(tmp_path: Path) -> None:
    with alone_in(tmp_path), pytest.raises(UserError, match="another process is at work"), alone_in(tmp_path):
        pass


def test_a_run_of_a_later_format_is_not_read(tmp_path: Path) -> None:
    (tmp_path / CONFIG).write_text("seed: 0\n")
    run = {"overrides": ["seed=0"], "choices": {"optim": "adam"}}
    for kind in ({}, {"format": 1}):
        (tmp_path / RUN).write_text(json.dumps({**kind, **run}))
        assert told(tmp_path) == (["seed=0"], {"optim": "adam"}, {"seed": 0})
    (tmp_path / RUN).write_text(json.dumps({"format": 99, **run}))
    with pytest.raises(ValueError, match=r"later version of stx \(format 99\)"):
        told(tmp_path)


@pytest.mark.parametrize("name", WRITTEN)
def test_a_folder_that_has_a_file_of_a_run_s_names_is_not_begun_in(tmp_path: Path, name: str) -> None:
    refuse_taken(tmp_path)
    (tmp_path / name).write_text("my own")
    with pytest.raises(UserError, match=r"name another.*hydra\.run\.dir="):
        refuse_taken(tmp_path)
