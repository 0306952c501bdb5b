"""The journal: whole entries only, in order, whatever a crash has left behind them."""

import json
import os
from pathlib import Path

import pytest

from stx.errors import UserError
from stx.runs.files import JOURNAL
from stx.runs.tracking.journal import Journal, entries, last_step, opened


def written(folder: Path, *contents: object) -> Path:
    journal = Journal(folder)
    for content in contents:
        journal.write("rows", content)
    journal.close()
    return folder / JOURNAL


def test_entries_come_back_in_order_from_any_offset(tmp_path: Path) -> None:
    path = written(tmp_path, [[1, 0, {"a": 0.1}]], [[2, 0, {"a": 1e-300}]], [[3, 0, {"ä": 3.0}]])
    read = list(entries(path, 0))
    assert [entry["rows"][0][0] for entry, _ in read] == [1, 2, 3]
    assert [entry for entry, _ in entries(path, read[0][1])] == [entry for entry, _ in read[1:]]
    assert list(entries(path, read[-1][1])) == []
    assert last_step(path) == 3


@pytest.mark.parametrize("torn", [b'{"rows": [[9', b'{"rows": [[9, 0, {}]]}', b"\x00\x00\x00\n"])
def test_what_a_crash_has_torn_is_dropped_and_written_over(tmp_path: Path, torn: bytes) -> None:
    path = written(tmp_path, [[1, 0, {}]])
    with path.open("ab") as file:
        file.write(torn)
    assert last_step(path) == 1
    written(tmp_path, [[2, 0, {}]])
    assert [entry["rows"][0][0] for entry, _ in entries(path, 0)] == [1, 2]


def test_what_stands_behind_a_damaged_line_is_read_and_kept(tmp_path: Path) -> None:
    path = written(tmp_path, [[1, 0, {}]], [[2, 0, {}]], [[3, 0, {}]])
    first, second, third = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + b"X" + second[1:] + b"[1]\n" + third)
    written(tmp_path, [[4, 0, {}]])
    assert [entry["rows"][0][0] for entry, _ in entries(path, 0)] == [1, 3, 4]
    assert [end for _, end in entries(path, 0)][-1] == path.stat().st_size


def test_a_value_that_is_not_finite_is_refused_and_not_half_written(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    with pytest.raises(ValueError):
        journal.write("rows", [[1, 0, {"a": float("nan")}]])
    journal.write("rows", [[2, 0, {"a": 1.0}]])
    assert last_step(tmp_path / JOURNAL) == 2


def test_no_journal_has_no_steps(tmp_path: Path) -> None:
    assert last_step(tmp_path / JOURNAL) == 0


def test_a_journal_of_the_next_version_is_neither_read_nor_written_to(tmp_path: Path) -> None:
    path = tmp_path / JOURNAL
    for version, refused in ((1, False), (2, True)):
        path.write_text(json.dumps({"open": {"format": version, "uri": "u"}}) + "\n")
        before = path.read_bytes()
        for act in (lambda: opened(path), lambda: Journal(tmp_path)):
            if refused:
                with pytest.raises(UserError, match=r"later version of stx \(format 2\); this one reads up to 1"):
                    act()
            else:
                act()
        assert path.read_bytes() == before


def test_a_journal_that_does_not_say_which_run_it_is_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="it does not say which run it is"):
        opened(written(tmp_path, [[1, 0, {}]]))


def test_an_entry_is_safe_from_a_power_cut_when_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    safe: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda file: safe.append(os.fstat(file).st_size))
    journal = Journal(tmp_path)
    for step in (1, 2):
        journal.write("rows", [[step, 0, {}]])
        assert safe[-1] == (tmp_path / JOURNAL).stat().st_size > 0
    assert len(safe) == len(set(safe)) == 2
