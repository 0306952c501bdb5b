"""The benchmark's own words: goals, and a section end to end."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "scripts" / "bench.py"


def test_a_goal_is_kept_or_missed() -> None:
    spec = importlib.util.spec_from_file_location("bench", SCRIPT)
    assert spec
    assert spec.loader
    bench = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(bench)
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
