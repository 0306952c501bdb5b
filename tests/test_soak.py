"""Many runs in one process: neither memory nor open files grow."""

import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[1] / "scripts" / "soak.py"


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_thirty_runs_in_one_process_keep_memory_and_open_files(tmp_path: Path) -> None:
    spec = importlib.util.spec_from_file_location("soak", SCRIPT)
    assert spec
    assert spec.loader
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    _, (megabytes, handles), (later_megabytes, later_handles) = script.thirds(script.soak(30, tmp_path))
    assert later_megabytes <= 1.05 * megabytes
    assert abs(later_handles - handles) <= 3
