"""The benchmark's own words: goals, and a section end to end."""

import importlib
import json
import math
import subprocess
import sys
from pathlib import Path

import pytest
import torch

SCRIPT = Path(__file__).parents[1] / "scripts" / "bench.py"


def test_a_goal_is_kept_or_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(SCRIPT.parent)
    bench = importlib.import_module("bench")
    assert bench.holds(0.4, "<= 0.5")
    assert not bench.holds(0.6, "<= 0.5")
    assert bench.holds(60, ">= 50")
    assert not bench.holds(float("nan"), ">= 50")
    assert bench.holds(3, "") is None


@pytest.mark.slow
def test_a_section_prints_its_ratios_and_writes_them(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT), "box", "--json", str(tmp_path / "bench.json")],
        capture_output=True,
        text=True,
        check=True,
    )
    (row,) = json.loads((tmp_path / "bench.json").read_text())["box"]
    assert row["number"] > 5
    assert row["kept"] in done.stdout


def test_operations_and_their_bytes_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(SCRIPT.parent)
    counts = importlib.import_module("bench_counts")
    maps, weights = torch.rand(4, 6), torch.rand(4, 4)
    with counts.Counted([weights]) as counted:
        (maps.T @ weights).relu_()
    assert counted.operations == {"mm": 1, "relu_": 1}
    assert counted.bytes == {"mm": 4 * (24 + 24), "relu_": 4 * (24 + 24)}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_section_of_a_card_runs_without_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(SCRIPT.parent)
    section = importlib.import_module("bench_cuda").section
    ((said, _, _),) = section() if not torch.cuda.is_available() else [("no CUDA device", 0, "")]
    assert "no CUDA device" in said
    rows = list(section("cpu", (48, 32), [(32, 32)], ["gram", "mean_std"], 3, 2, [(32, 32)], [2]))
    numbers = {what: number for what, number, _ in rows}
    assert numbers["3 steps, tracking=none: seconds from command to prompt"] > numbers["  PyTorch's import: seconds"]
    assert numbers["a step over its convolutions"] > 1
    assert numbers["precision=fp32: largest difference of two equal runs"] == 0
    assert all(math.isfinite(number) for number in numbers.values())
