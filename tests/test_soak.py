"""Many runs in one process: neither memory, nor tensors, nor open files grow."""

import gc
import importlib.util
import os
import shutil
import sys
import warnings
from collections.abc import Collection
from itertools import cycle, islice
from pathlib import Path

import pytest
import torch

from conftest import SHALLOW
from stx.config.compose import composition
from stx.config.schema import CONF
from stx.runs.job import Job
from stx.runs.make import run

SCRIPT = Path(__file__).parents[1] / "scripts" / "soak.py"
STATISTICS = sorted(file.stem for file in (CONF / "style_stat").glob("*.yaml"))
OPTIMISERS = sorted(file.stem for file in (CONF / "optim").glob("*.yaml"))
TRACKERS = ("none", "mlflow")
SMALL = ("model=vgg19_random", "image_size.width=96", "image_size.height=72",
         "style_size=same", "optim.pyramid=[]",
         "tracking.measures_every=0", "guard.on_nan=continue", *SHALLOW)  # fmt: skip


def resident() -> float:
    """Megabytes of this process."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6


def tensors() -> int:
    gc.collect()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of objects that are looked at: some of other libraries warn
        return sum(issubclass(type(each), torch.Tensor) for each in gc.get_objects())


def worked(folder: Path, jobs: int, *overrides: str, at: Collection[int] = ()) -> list[tuple[float, int]]:
    """Memory and tensors behind the jobs `at` these numbers, or each; every statistic, optimiser, tracker in turn."""
    sizes = []
    turns = zip(cycle(STATISTICS), cycle(OPTIMISERS), cycle(TRACKERS), strict=False)
    for number, (statistic, optimiser, tracker) in enumerate(islice(turns, jobs)):
        typed = [*SMALL, f"style_stat={statistic}", f"optim={optimiser}", f"tracking={tracker}", *overrides]
        config, choices, _ = composition(typed)
        run(Job(config, folder / str(number), choices, typed, quiet=True))
        if not at or number + 1 in at:  # to look at every object takes half a second
            sizes.append((resident(), tensors()))
    return sizes


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, new_database: Path) -> Path:
    if not sys.platform.startswith("linux"):
        pytest.skip("reads /proc")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "outputs").mkdir()
    shutil.copy(new_database, tmp_path / "outputs" / "mlflow.db")
    return tmp_path


@pytest.mark.slow
def test_memory_and_tensors_are_level_from_the_fifth_of_thirty_jobs_on(here: Path) -> None:
    sizes = worked(here, 30, "optim.steps=1", "image_size.width=40", "image_size.height=8", at=(5, 15, 30))
    megabytes, counts = zip(*sizes, strict=True)
    assert counts == (counts[0],) * len(counts)
    assert max(megabytes) - megabytes[0] < 90, sizes  # allocators take some as sizes come that they have not had


@pytest.mark.slow
def test_gradient_norms_at_every_step_cost_no_memory(here: Path) -> None:
    before = worked(here / "short", 1, "optim.steps=5", "tracking.grad_norms_every=1", "style_stat=moments_cooc")
    after = worked(here / "long", 1, "optim.steps=15", "tracking.grad_norms_every=1", "style_stat=moments_cooc")
    assert after[0][0] - before[0][0] < 40  # each of 10 steps that stays alive takes 8


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_hundred_jobs_and_a_run_of_five_thousand_steps(here: Path) -> None:
    sizes = worked(here, 100, "optim.steps=2")
    assert sizes[-1][0] - sizes[9][0] < 80, sizes
    assert sizes[-1][1] == sizes[9][1], sizes
    before = resident()
    worked(here / "long", 1, "optim.steps=5000", "optim.stop_at=null", "image_size.width=48", "image_size.height=36")
    assert resident() - before < 80


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
