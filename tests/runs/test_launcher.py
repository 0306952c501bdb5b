"""Hydra's launchers, for real: the same sweep by each of them."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import TINY, command
from stx.config.compose import at_work, multirun
from stx.errors import UserError
from stx.runs import launcher

WORDS = ("run", "--multirun", *TINY, "tracking=none", "pooling=max,avg", "hydra.sweep.dir=sweep")


def check(folder: Path, stdout: str) -> None:
    assert stdout.splitlines() == ["sweep/0/output.png", "sweep/1/output.png", "sweep/sweep.html"]
    with (folder / "sweep" / "sweep.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["pooling"], row["outcome"], row["steps"]) for row in rows] == [
        ("max", "finished", "3"),
        ("avg", "finished", "3"),
    ]


def test_two_jobs_at_once_share_this_machine(tmp_path: Path) -> None:
    """Typed as one does: joblib's processes begin no others from one that was forked."""
    typed = [sys.executable, "-m", "stx", *WORDS, "hydra/launcher=joblib", "sweep.jobs=2"]
    environment = {key: value for key, value in os.environ.items() if key != "OMP_NUM_THREADS"}
    done = subprocess.run(typed, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    assert "ConfigStore schema" not in done.stderr
    check(tmp_path, done.stdout)
    threads = max(1, len(os.sched_getaffinity(0)) // 2)
    records = [json.loads(path.read_text()) for path in tmp_path.glob("sweep/*/run.json")]
    assert [record["machine"]["threads"] for record in records] == [threads] * 2


@pytest.mark.slow
def test_jobs_are_submitted_as_to_slurm(tmp_path: Path, forkserver: None) -> None:
    done = command(tmp_path, *WORDS, "hydra/launcher=submitit_local", "sweep.jobs=1")
    assert done.returncode == 0, done.stderr
    check(tmp_path, done.stdout)


@pytest.mark.slow
def test_a_ray_cluster_of_two_workers_makes_the_same(tmp_path: Path, forkserver: None) -> None:
    pytest.importorskip("ray", reason="Ray is not installed: its launcher wants cloudpickle below 3")
    ray = [sys.executable, "-m", "ray.scripts.scripts"]
    address = "127.0.0.1:6399"
    subprocess.run([*ray, "start", "--head", "--port=6399", "--num-cpus=1", "--include-dashboard=false"], check=True)
    try:
        subprocess.run([*ray, "start", f"--address={address}", "--num-cpus=1"], check=True)
        done = command(tmp_path, *WORDS, "hydra/launcher=ray", f"hydra.launcher.ray.init.address={address}")
    finally:
        subprocess.run([*ray, "stop"], check=True)
    assert done.returncode == 0, done.stderr
    check(tmp_path, done.stdout)


def test_a_launcher_that_is_not_installed_or_has_other_settings_is_a_line() -> None:
    def hired(*typed: str) -> None:
        with at_work():
            launcher.crew(*multirun(typed))

    with pytest.raises(UserError, match=r"^hydra/launcher=ray is not installed: pip install 'stx\[ray\]'$"):
        hired("hydra/launcher=ray", "hydra.launcher._target_=hydra_plugins.gone.RayLauncher")
    with pytest.raises(UserError, match=r"^hydra/launcher=basic: "):
        hired("+hydra.launcher.threads=2")
    with launcher.hired([], Path()) as nobody:
        assert nobody is None


def test_what_cannot_be_installed_together_is_said_before_a_job(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher.metadata, "requires", lambda name: ["cloudpickle<3", "nothing>9; extra == 'more'"])
    monkeypatch.setattr(launcher.metadata, "version", lambda name: "3.1.2")
    said = r"hydra-ray-launcher wants cloudpickle<3, and cloudpickle 3\.1\.2 is installed; .*stx\[ray\]"
    with pytest.raises(UserError, match=said):
        launcher.refuse_at_odds("hydra_plugins.hydra_ray_launcher.ray_launcher.RayLauncher")
    launcher.refuse_at_odds("hydra._internal.core_plugins.basic_launcher.BasicLauncher")
    monkeypatch.setattr(launcher.metadata, "version", lambda name: "2.2.1")
    launcher.refuse_at_odds("hydra_plugins.hydra_ray_launcher.ray_launcher.RayLauncher")


def test_jobs_in_this_process_come_one_by_one_and_elsewhere_as_many_as_are_asked_for() -> None:
    def of(*typed: str) -> launcher.Crew:
        with at_work():
            return launcher.crew(*multirun(typed))

    one, several, chunks = (
        of(*words)
        for words in ([], ["sweep.jobs=4", "hydra/launcher=joblib"], ["sweep.jobs=3", "hydra/launcher=submitit_local"])
    )
    assert (one.workers, one.at_once, one.threads) == (1, 1, 0)
    assert (several.workers, several.at_once) == (4, 0)
    assert several.threads >= 1
    assert (chunks.workers, chunks.at_once) == (3, 3)
