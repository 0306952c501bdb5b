"""The table of losses in a run's folder."""

import csv
import json
from pathlib import Path

import pytest

from stx.errors import UserError
from stx.loop.listener import Row
from stx.runs.table import losses_table, mended, norms_table, recovered, refill
from stx.runs.tracking.journal import Journal


def test_rows_are_on_disk_as_soon_as_they_are_given(tmp_path: Path) -> None:
    append = losses_table(tmp_path / "losses.csv")
    append([Row(1, 0.0, {"loss/total": 1.5, "loss/style": 0.5, "grad_norm/content": 9.0})])
    append([Row(2, 0.0, {"loss/total": 1.25}), Row(3, 0.0, {"loss/total": 1.0, "loss/style": 0.25})])
    with (tmp_path / "losses.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert [(row["step"], row["loss/total"], row["loss/style"]) for row in table] == [
        ("1", "1.5", "0.5"),
        ("2", "1.25", ""),  # a value that was not finite is a gap
        ("3", "1.0", "0.25"),
    ]


def test_gradient_norms_have_a_table_of_the_steps_that_have_some(tmp_path: Path) -> None:
    path, journal = tmp_path / "grad_norms.csv", tmp_path / "journal.jsonl"
    norms = {"grad_norm/content": 9.0}
    norms_table(path)([Row(1, 0.0, {"loss/total": 1.5, **norms}), Row(2, 0.0, {"loss/total": 1.5})])
    assert path.read_text().split() == ["step,grad_norm/content", "1,9.0"]
    told = [[step, 0, {"loss/total": 1.0} | (norms if step % 2 else {})] for step in range(1, 7)]
    journal.write_text(json.dumps({"rows": told}) + "\n")
    refill(path, journal, 4, norms_table)  # what a power cut took, up to the state
    assert path.read_text().split() == ["step,grad_norm/content", "1,9.0", "3,9.0"]


def test_a_table_goes_on_behind_a_torn_line_and_without_steps_that_it_has(tmp_path: Path) -> None:
    path = tmp_path / "losses.csv"
    losses_table(path)([Row(step, 0.0, {"loss/total": float(step)}) for step in (1, 2, 3)])
    with path.open("a") as file:
        file.write("4,4.")
    losses_table(path)([Row(step, 0.0, {"loss/total": 10.0 * step}) for step in (3, 4, 5)])
    with path.open(newline="") as file:
        table = [(row["step"], row["loss/total"]) for row in csv.DictReader(file)]
    assert table == [("1", "1.0"), ("2", "2.0"), ("3", "3.0"), ("4", "40.0"), ("5", "50.0")]


def test_a_table_that_ends_before_the_state_gets_what_the_journal_has_and_says_what_it_lacks(tmp_path: Path) -> None:
    path, journal = tmp_path / "losses.csv", Journal(tmp_path)
    losses_table(path)([Row(step, 0.0, {"loss/total": 1.0}) for step in (1, 2)])
    assert mended(path, tmp_path / "none", 2) == ""
    journal.write("rows", [[step, 0, {"loss/total": 2.0}] for step in (2, 3, 4)])
    journal.write("rows", [[step, 0, {"loss/total": 3.0}] for step in (7, 8)])
    journal.close()
    said = mended(path, journal.path, 7)
    assert said.endswith("losses.csv lacks the steps 5 to 6: not on the disk, or altered")
    assert path.read_text().split() == ["step,loss/total", "1,1.0", "2,1.0", "3,2.0", "4,2.0", "7,3.0"]
    assert mended(path, journal.path, 7) == said  # as long as it does


def test_a_last_row_that_was_altered_is_named_though_the_journal_has_it(tmp_path: Path) -> None:
    path, journal = tmp_path / "losses.csv", Journal(tmp_path)
    losses_table(path)([Row(step, 0.0, {"loss/total": 1.0}) for step in (1, 2)])
    path.write_text(path.read_text().replace("2,1.0", "2,abc"))
    journal.write("rows", [[step, 0, {"loss/total": 2.0}] for step in (2, 3)])
    journal.close()
    assert "lacks the steps 2 to 2:" in mended(path, journal.path, 3)
    assert path.read_text().split() == ["step,loss/total", "1,1.0", "2,abc", "3,2.0"]


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("2,4.0\n3,4.0\n", "", "lacks the steps 2 to 3:"),
        ("2,4.0", "2,abc", "lacks the steps 2 to 2:"),
        ("2,4.0\n3,4.0\n4,4.0", "two,4.0\n3,4.0\n4,", "lacks the steps 2 to 2:"),
        ("1,4.0\n2,4.0\n3,4.0", "1,x\n2,4.0\n3,y", "lacks 2 of the steps 1 to 3:"),
    ],
)
def test_rows_that_were_taken_out_or_altered_are_named(tmp_path: Path, before: str, after: str, said: str) -> None:
    path = tmp_path / "losses.csv"
    losses_table(path)([Row(step, 0.0, {"loss/total": 4.0}) for step in range(1, 6)])
    text = path.read_bytes().decode().replace("\r\n", "\n")
    assert before in text
    path.write_text(text.replace(before, after))
    assert said in mended(path, tmp_path / "none", 5)
    assert mended(path, tmp_path / "none", 0) == ""


def test_a_metric_that_comes_later_gets_a_column_and_the_lines_before_stay(tmp_path: Path) -> None:
    path = tmp_path / "losses.csv"
    append = losses_table(path)
    append([Row(1, 0.0, {"loss/total": 4.0})])
    append([Row(2, 0.0, {"loss/total": 3.0}), Row(3, 0.0, {"loss/total": 2.0, "lbfgs/pairs": 1.0})])
    losses_table(path)([Row(4, 0.0, {"lbfgs/pairs": 2.0, "loss/total": 1.0})])
    assert path.read_text().split() == ["step,loss/total,lbfgs/pairs", "1,4.0,", "2,3.0,", "3,2.0,1.0", "4,1.0,2.0"]


def test_every_step_that_is_nowhere_is_named(tmp_path: Path) -> None:
    path = tmp_path / "losses.csv"
    losses_table(path)([Row(1, 0.0, {"loss/total": 1.0})])
    for step, lacking in ((2, "2 to 2"), (5, "2 to 5")):
        assert f"lacks the steps {lacking}:" in mended(path, tmp_path / "none", step)
    assert mended(path, tmp_path / "none", 1) == ""


def test_a_table_says_how_far_it_got(tmp_path: Path) -> None:
    path = tmp_path / "losses.csv"
    assert recovered(path) == ([], 0)
    for text, found in (
        ("", ([], 0)),
        ("step,a", ([], 0)),
        ("step,a\n", (["a"], 0)),
        ("step,a\n7,1.0\n", (["a"], 7)),
        ("step,a\n7,1.0\n8,", (["a"], 7)),
    ):
        path.write_text(text)
        assert recovered(path) == found


@pytest.mark.parametrize("last", [b"xx,1.0\n", b"\xff\xfe\n", b",1.0\n"])
def test_a_table_whose_last_line_is_damaged_is_a_message(tmp_path: Path, last: bytes) -> None:
    path = tmp_path / "losses.csv"
    losses_table(path)([Row(1, 0.0, {"loss/total": 1.0})])
    with path.open("ab") as file:
        file.write(last)
    before = path.read_bytes()
    with pytest.raises(UserError, match=r"losses\.csv: damaged, .*\ndelete it to go on"):
        recovered(path)
    assert path.read_bytes() == before
