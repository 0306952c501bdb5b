"""Runs of a report as data: what is read is what was written, and says so where it is none."""

import math
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from stx.errors import UserError
from stx.studies.compare.earlier import FILE, MEASURE, TIME, read, write
from stx.studies.compare.protocol import Cell, Protocol
from stx.studies.compare.work import Results, Try, member_name

PROTOCOL = Protocol(
    statistics={"gram": ""},
    reference="gram",
    photographs=["a, b.png"],
    styles=["x"],
    seeds=[0],
    settings=[],
    betas={"gram": 3},
    runs=1,
    tolerance=0.02,
)
CELL = Cell("gram", "a, b.png", "x", 0)
SIZE = {"image_size.width": "64", "image_size.height": "48", "optim.steps": "4"}


class Run:
    def __init__(self) -> None:
        self.id = "abc"
        self.tags = {
            "stx.outcome": "finished",
            "stx.hardware": "cpu, 2 threads",
            "stx.versions": "python 3",
            "stx.weights_sha256": "w",
            "stx.measured_at": "32 x 24",
            "mlflow.user": "me",
        }
        self.params = {**SIZE, "optim": "lbfgs"}
        self.latest = {"measure/content": 1 / 3, "measure/ssim": math.nan, "loss/total": 3.0}
        self.baselines = {"sliced_wasserstein": 0.25}

    def history(self, metric: str) -> list[tuple[int, float]]:
        return [(step, value) for step, value in enumerate([9.0, 2.0, 4.0]) if metric == TIME]


def written(folder: Path) -> None:
    run: Any = Run()
    planned: Any = {member_name(CELL, 3): SimpleNamespace(recipe="r1")}
    write(folder, Results(PROTOCOL, {CELL: [Try(3, run)]}, {}, "content"), planned)


def test_a_runs_measures_come_back_and_what_no_report_reads_is_left_out(tmp_path: Path) -> None:
    written(tmp_path)
    for name in (tmp_path, tmp_path / FILE):
        (run,) = read(str(name)).values()
        assert run.latest == {"measure/content": pytest.approx(1 / 3, rel=1e-5)}
        assert run.baselines == {"sliced_wasserstein": 0.25}
        assert run.tags["stx.hardware"] == "cpu, 2 threads"
        assert run.tags["stx.measured_at"] == "32 x 24"  # which the leaderboard marks
        assert run.params == SIZE
        assert run.history(TIME) == [(0, 4.0)]
        assert run.history(f"{MEASURE}content") == []
        with pytest.raises(OSError, match=r"output\.png"):
            run.artifact("output.png")
    assert list(read(str(tmp_path))) == ["r1"]
    assert "mlflow.user" not in (tmp_path / FILE).read_text(encoding="utf-8")


def test_the_folder_of_a_comparison_has_its_report_below(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"there is no .*runs\.csv; a report of stx compare has one$"):
        read(str(tmp_path))
    (tmp_path / "report").mkdir()
    written(tmp_path / "report")
    with pytest.raises(UserError, match=rf"; {tmp_path}/report has: earlier={tmp_path}/report$"):
        read(str(tmp_path))


@pytest.mark.parametrize(
    "text",
    ["a,b\n1,2\n", "recipe\nr1\n", "recipe,id,measure/content\nr1,abc,much\n", "\x00\n", "recipe,id\nr1\n", "recipe\n"],
)
def test_another_file_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text, encoding="utf-8")
    with pytest.raises(UserError, match=f"is no {FILE} of a report"):
        read(str(tmp_path))


def test_a_row_with_a_field_too_many_is_a_message(tmp_path: Path) -> None:
    written(tmp_path)
    file = tmp_path / FILE
    head, row, *_ = file.read_text(encoding="utf-8").splitlines()
    file.write_text(f"{head}\n{row},\n", encoding="utf-8")
    with pytest.raises(UserError, match="a row has more fields than the first line names"):
        read(str(tmp_path))


@pytest.mark.parametrize("lost", [1, 2, 30, 100])
def test_a_file_that_is_cut_off_is_a_message(tmp_path: Path, lost: int) -> None:
    written(tmp_path)
    file = tmp_path / FILE
    file.write_bytes(file.read_bytes()[:-lost])  # a part of a number is one, too
    with pytest.raises(UserError, match="it is cut off: its last line is not whole"):
        read(str(tmp_path))
