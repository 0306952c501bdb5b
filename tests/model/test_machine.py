"""Limits of processors and memory, on made-up systems."""

import ctypes
import os
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from stx.model import machine
from stx.model.machine import memory, processors


@pytest.fixture(autouse=True)
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "affinity", lambda: 64)
    monkeypatch.setattr(machine, "physical_memory", lambda: 1e12)


def system(root: Path, **files: str) -> Path:
    """Files below `root`, a double underscore for each slash."""
    for name, content in files.items():
        path = root / name.replace("__", "/").replace("DOT", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{content}\n")
    return root


V2 = {"proc__self__cgroup": "0::/user/job"}
V1 = {"proc__self__cgroup": "5:cpu,cpuacct:/job\n4:memory:/job\n1:name=systemd:/init\n0::/init"}


def test_without_limits_all_that_there_is_may_be_used(tmp_path: Path) -> None:
    assert processors(tmp_path, {}) == 64
    assert memory(tmp_path, {}) == 1e12


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({**V2, "sys__fs__cgroup__user__job__cpuDOTmax": "400000 100000"}, 4),
        ({**V2, "sys__fs__cgroup__user__job__cpuDOTmax": "150000 100000"}, 1),
        ({**V2, "sys__fs__cgroup__user__job__cpuDOTmax": "50000 100000"}, 1),
        ({**V2, "sys__fs__cgroup__user__job__cpuDOTmax": "max 100000"}, 64),
        ({**V2, "sys__fs__cgroup__user__cpuDOTmax": "300000 100000"}, 3),
        ({**V2, "sys__fs__cgroup__cpuDOTmax": "300000 100000"}, 3),
        ({**V2, "sys__fs__cgroup__user__job__cpuDOTmax": "nonsense"}, 64),
        ({**V1, "sys__fs__cgroup__cpu,cpuacct__job__cpuDOTcfs_quota_us": "250000",
          "sys__fs__cgroup__cpu,cpuacct__job__cpuDOTcfs_period_us": "100000"}, 2),
        ({**V1, "sys__fs__cgroup__cpu__job__cpuDOTcfs_quota_us": "-1",
          "sys__fs__cgroup__cpu__job__cpuDOTcfs_period_us": "100000"}, 64),
        ({"proc__self__cgroup": "0::/../..", "sys__fs__cgroup__cpuDOTmax": "200000 100000"}, 2),
    ],
)  # fmt: skip
def test_control_groups_limit_processors(tmp_path: Path, files: dict[str, str], expected: int) -> None:
    assert processors(system(tmp_path, **files), {}) == expected


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({**V2, "sys__fs__cgroup__user__job__memoryDOTmax": "2000000000"}, 2e9),
        ({**V2, "sys__fs__cgroup__user__job__memoryDOTmax": "max"}, 1e12),
        ({**V2, "sys__fs__cgroup__user__memoryDOTmax": "3000000000",
          "sys__fs__cgroup__user__job__memoryDOTmax": "max"}, 3e9),
        ({**V1, "sys__fs__cgroup__memory__job__memoryDOTlimit_in_bytes": "4000000000"}, 4e9),
        ({**V1, "sys__fs__cgroup__memory__job__memoryDOTlimit_in_bytes": "9223372036854771712"}, 1e12),
        ({"proc__self__cgroup": "0::/", "sys__fs__cgroup__memoryDOTmax": "5000000000"}, 5e9),
    ],
)  # fmt: skip
def test_control_groups_limit_memory(tmp_path: Path, files: dict[str, str], expected: float) -> None:
    assert memory(system(tmp_path, **files), {}) == expected


def test_slurm_limits_both(tmp_path: Path) -> None:
    assert processors(tmp_path, {"SLURM_CPUS_PER_TASK": "8"}) == 8
    assert memory(tmp_path, {"SLURM_MEM_PER_NODE": "4096"}) == 2**32  # megabytes of 1024 * 1024
    assert memory(tmp_path, {"SLURM_MEM_PER_CPU": "512", "SLURM_CPUS_PER_TASK": "8"}) == 2**32
    assert memory(tmp_path, {"SLURM_MEM_PER_NODE": "0"}) == 1e12
    assert processors(tmp_path, {"SLURM_CPUS_PER_TASK": "many"}) == 64


def test_the_narrowest_limit_holds(tmp_path: Path) -> None:
    files = {**V2, "sys__fs__cgroup__user__job__cpuDOTmax": "400000 100000"}
    assert processors(system(tmp_path, **files), {"SLURM_CPUS_PER_TASK": "16"}) == 4


@pytest.mark.skipif(not Path("/proc/meminfo").exists(), reason="the system does not say")
def test_the_memory_is_what_the_kernel_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    kilobytes = int(Path("/proc/meminfo").read_text().split()[1])
    assert machine.physical_memory() == pytest.approx(1024 * kilobytes, rel=0.05)


def test_a_system_that_says_nothing_of_its_memory_refuses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.delattr(os, "sysconf")
    assert machine.physical_memory() == float("inf")
    monkeypatch.setattr(sys, "platform", "win32")
    assert machine.physical_memory() == float("inf")  # without Windows's own library


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="the system has none")
def test_a_process_that_may_run_on_one_processor_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        assert machine.affinity() == 1
    finally:
        os.sched_setaffinity(0, before)


def test_without_affinity_all_processors_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    assert machine.affinity() == os.cpu_count()
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert machine.affinity() == 1


@pytest.mark.parametrize(("answers", "expected"), [(1, 2.0**34), (0, float("inf"))])
def test_windows_says_how_much_there_is_to_who_says_how_long_its_form_is(
    monkeypatch: pytest.MonkeyPatch, answers: int, expected: float
) -> None:
    def fill(reference: Any) -> int:
        status = reference._obj
        assert status.length == ctypes.sizeof(status) == 64
        status.total, status.free = 2**34, 2**33
        return answers

    kernel = SimpleNamespace(GlobalMemoryStatusEx=fill)
    monkeypatch.setattr(ctypes, "windll", SimpleNamespace(kernel32=kernel), raising=False)
    assert machine.windows_memory() == expected
