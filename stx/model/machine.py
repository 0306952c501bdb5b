"""The processors and the memory that this process may use of the machine, whoever set the limit.

Limits come from the operating system, a container (control groups, versions 1 and 2) or a batch system (Slurm). The
functions take the `root` of the file system and the environment.
"""

import ctypes
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path("/")
MEGABYTE = 2**20


def processors(root: Path = ROOT, environment: Mapping[str, str] = os.environ) -> int:
    """Number of processors, at least 1: those that the process may run on, or fewer if its share of time is limited."""
    limits = [float(affinity()), *quotas(root)]
    for name in ("SLURM_CPUS_PER_TASK",):
        if environment.get(name, "").isdecimal():
            limits.append(float(environment[name]))
    return max(1, int(min(limit for limit in limits if limit > 0)))


def affinity() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def quotas(root: Path) -> Iterator[float]:
    """Limits that control groups set on processor time, in processors."""
    for folder in groups(root, "cpu"):
        quota, _, period = text(folder / "cpu.max").partition(" ")
        if not quota:
            quota, period = text(folder / "cpu.cfs_quota_us"), text(folder / "cpu.cfs_period_us")
        if quota.isdecimal() and period.isdecimal() and int(quota) and int(period):  # without a limit "max" or -1
            yield int(quota) / int(period)


def memory(root: Path = ROOT, environment: Mapping[str, str] = os.environ) -> float:
    """Bytes of memory that the process may use; infinite if nothing tells."""
    limits = [physical_memory(), *granted_memory(root)]
    per_node, per_processor = (environment.get(f"SLURM_MEM_PER_{of}", "") for of in ("NODE", "CPU"))
    if per_node.isdecimal() and int(per_node):  # 0 stands for all of the node's memory
        limits.append(float(per_node) * MEGABYTE)
    if per_processor.isdecimal() and int(per_processor):
        limits.append(float(per_processor) * MEGABYTE * processors(root, environment))
    return min(limits)


def granted_memory(root: Path) -> Iterator[float]:
    """Limits that control groups set on memory, in bytes."""
    for folder in groups(root, "memory"):
        limit = text(folder / "memory.max") or text(folder / "memory.limit_in_bytes")
        if limit.isdecimal():  # without a limit "max" in version 2, about 2**63 in version 1
            yield float(limit)


def physical_memory() -> float:
    """Bytes of physical memory; infinite if the system does not say."""
    if sys.platform == "win32":
        return windows_memory()
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):
        return float("inf")


def windows_memory() -> float:
    class Status(ctypes.Structure):  # MEMORYSTATUSEX
        _fields_ = (
            ("length", ctypes.c_uint32),
            ("load", ctypes.c_uint32),
            *(
                (name, ctypes.c_uint64)
                for name in ("total", "free", "page", "page_free", "virtual", "virtual_free", "more")
            ),
        )

    status = Status()
    status.length = ctypes.sizeof(status)
    windows = getattr(ctypes, "windll", None)
    if windows is None or not windows.kernel32.GlobalMemoryStatusEx(ctypes.byref(status)):
        return float("inf")
    return float(status.total)


def groups(root: Path, controller: str) -> Iterator[Path]:
    """The folders of this process's control group and of those above it, whose limits apply too."""
    for line in text(root / "proc/self/cgroup").splitlines():
        number, controllers, path = [*line.split(":", 2), "", ""][:3]
        if number == "0" and not controllers:
            mount = root / "sys/fs/cgroup"
        elif controller in controllers.split(","):
            mounts = (root / "sys/fs/cgroup" / name for name in (controllers, controller))
            mount = next((mount for mount in mounts if mount.is_dir()), root / "sys/fs/cgroup" / controller)
        else:
            continue
        inside = mount / path.lstrip("/")  # inside a container it may be "/..": its own group is the mount's top
        yield inside
        yield from (parent for parent in inside.parents if parent == mount or mount in parent.parents)


def text(path: Path) -> str:
    """The text of a file; empty if there is none that can be read."""
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError):
        return ""
