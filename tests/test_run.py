"""The command as a user types it, in a folder of their own."""

import csv
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path

import mlflow
import numpy as np
import pytest
import yaml
from PIL import Image

from conftest import SMALL, TINY, Command, Started, command
from stx.pictures.sheet import GAP
from stx.runs import describe, identity
from stx.runs.tracking.store import Store


def the_run(folder: Path) -> mlflow.entities.Run:
    client = mlflow.MlflowClient(f"sqlite:///{folder}/outputs/mlflow.db")
    (run,) = client.search_runs([client.get_experiment_by_name("stx").experiment_id])
    return run


def shown(folder: Path, run_id: str) -> list[int]:
    """The steps of the pictures in a run's slider."""
    client = mlflow.MlflowClient(f"sqlite:///{folder}/outputs/mlflow.db")
    names = [file.path for file in client.list_artifacts(run_id, "images")]
    return sorted(int(re.findall(r"step[+%](\d+)[+%]", name)[0]) for name in names if name.endswith(".png"))


def test_a_run_leaves_its_picture_its_losses_and_its_mlflow_run(stx: Command, tmp_path: Path) -> None:
    done = stx(*SMALL, "style_stat=gram", "style_size=same", "tracking.pictures_every=3", "tracking.grad_norms_every=1",
               "optim.steps=4")  # fmt: skip
    assert done.returncode == 0, done.stderr
    output = tmp_path / done.stdout.strip()
    assert done.stdout.count("\n") == 1
    assert Image.open(output).size == (48, 32)
    assert "step 4/4" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Warning" not in done.stderr
    with (output.parent / "losses.csv").open(newline="") as file:
        table = list(csv.DictReader(file))
    assert [row["step"] for row in table] == ["1", "2", "3", "4"]
    assert float(table[-1]["loss/total"]) < float(table[0]["loss/total"])
    config = yaml.safe_load((output.parent / "config.yaml").read_text())
    assert config["optim"]["steps"] == 4
    assert config["style_stat"]["_target_"] == "stx.stats.gram"

    run = the_run(tmp_path)
    layers = ["conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1"]
    names = {"loss/total", "loss/content", "loss/style", "nan/events", "time/step_ms", "grad_norm/content"}
    names |= {"loss/prior", "grad_norm/prior", "content_loss/conv4_2", "content_magnitude/conv4_2"}
    for layer in layers:
        names |= {f"style_loss/{layer}", f"style_magnitude/{layer}", f"grad_norm/{layer}"}
    held_out = {name for name in run.data.metrics if name.startswith("measure/")}
    assert set(run.data.metrics) - held_out == names
    assert {"measure/sliced_wasserstein", "measure/content"} <= held_out
    assert list(run.data.metrics)[:3] == ["loss/total", "loss/content", "loss/style"]  # as the UI lists them
    (level,) = json.loads((output.parent / "calibration.json").read_text())
    assert (level["width"], level["height"], set(level["norms"])) == (48, 32, {"content", "prior", *layers})
    assert set(level["scales"]) == {"prior", "content/conv4_2", *layers}
    assert len(run.data.params) <= 22
    assert run.data.params["style_stat"] == "gram"
    assert run.data.params["loss_weights.beta"] == "10"
    assert run.data.tags["stx.outcome"] == "finished"
    for tag in ("stx.command", "stx.hardware", "stx.weights_sha256", "stx.versions", "stx.folder"):
        assert run.data.tags[tag]
    client = mlflow.MlflowClient(f"sqlite:///{tmp_path}/outputs/mlflow.db")
    files = {file.path for file in client.list_artifacts(run.info.run_id)}
    assert {"output.png", "config.yaml", "content.png", "style.png", "calibration.json", "images"} <= files
    stored = Store(f"sqlite:///{tmp_path}/outputs/mlflow.db", "stx").read(run.info.run_id)
    assert stored.artifact("losses.csv").read_bytes() == (output.parent / "losses.csv").read_bytes()
    judged = {f"measure/{name}" for name in stored.baselines}
    without = {"measure/noise_luma", "measure/noise_chroma", "measure/style_distance"}  # shares of what others have
    assert judged == held_out - without
    assert 0 < run.data.metrics["measure/sliced_wasserstein"] / stored.baselines["sliced_wasserstein"] < 2
    assert Image.open(stored.artifact("sheet.jpg")).size == (3 * (48 + GAP) + GAP, 32 + 2 * GAP)
    assert f"](get-artifact?path=sheet.jpg&run_uuid={run.info.run_id})" in run.data.tags["mlflow.note.content"]
    assert run.data.tags["mlflow.runName"] == "gram vgg19_random width=48 height=32 steps=4 style_size=same"
    assert (tmp_path / "outputs" / "latest").resolve() == output.parent
    assert shown(tmp_path, run.info.run_id) == [0, 3, 4]


def test_the_same_seed_and_config_give_the_same_picture_and_another_seed_another(stx: Command, tmp_path: Path) -> None:
    def pixels(seed: int) -> np.ndarray:
        done = stx(*TINY, "tracking=none", "init=noise", f"seed={seed}")
        assert done.returncode == 0, done.stderr
        return np.asarray(Image.open(tmp_path / done.stdout.strip()))

    first = pixels(1)
    np.testing.assert_array_equal(first, pixels(1))
    assert (first != pixels(2)).any()


def test_several_terms_are_measured_by_name_and_judged_along_the_way(stx: Command, tmp_path: Path) -> None:
    done = stx(*SMALL, "style_stat=moments_cooc", "optim.steps=4", "tracking.measures_every=2", "init.noise=0.1")
    assert done.returncode == 0, done.stderr
    run = the_run(tmp_path)
    for name in ("mean_std", "cooc_gram"):
        assert run.data.metrics[f"style_loss/conv3_1 {name}"] > 0
        assert run.data.metrics[f"style_magnitude/conv3_1 {name}"] > 0
    parts = [run.data.metrics[f"style_loss/conv3_1 {name}"] for name in ("mean_std", "cooc_gram")]
    assert run.data.metrics["style_loss/conv3_1"] == pytest.approx(sum(parts) / 2, rel=1e-6)
    with (tmp_path / done.stdout.strip()).with_name("losses.csv").open(newline="") as file:
        assert {*next(csv.reader(file))} - {"step"} <= run.data.metrics.keys()  # one spelling in folder and store
    client = mlflow.MlflowClient(f"sqlite:///{tmp_path}/outputs/mlflow.db")
    history = client.get_metric_history(run.info.run_id, "measure/sliced_wasserstein")
    assert [point.step for point in history] == [2, 4]


def test_a_multirun_makes_one_run_a_job(stx: Command, tmp_path: Path) -> None:
    done = stx(
        "--multirun", *SMALL, "loss_weights=thesis", "loss_weights.beta=1e2,1e3", "pooling=max,avg", "optim.steps=1"
    )
    assert done.returncode == 0, done.stderr
    *pictures, page = done.stdout.splitlines()
    assert len(pictures) == 4
    assert all((tmp_path / file).is_file() for file in (*pictures, page))
    client = mlflow.MlflowClient(f"sqlite:///{tmp_path}/outputs/mlflow.db")
    every = client.search_runs([client.get_experiment_by_name("stx").experiment_id])
    (parent,) = (run for run in every if "stx.batch" in run.data.tags)
    runs = [run for run in every if run.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
    assert (parent.info.status, len(every)) == ("FINISHED", 5)
    artifacts = {file.path for file in client.list_artifacts(parent.info.run_id)}
    assert {"sweep.html", "sweep-sheet.jpg", "sweep.csv"} <= artifacts
    combinations = {(run.data.params["loss_weights.beta"], run.data.params["pooling"]) for run in runs}
    assert combinations == {("100", "max"), ("100", "avg"), ("1000", "max"), ("1000", "avg")}
    names = {run.info.run_name for run in runs}
    assert names == {"beta=100 max", "beta=100 avg", "beta=1000 max", "beta=1000 avg"}  # as in the table


def test_own_pictures_and_an_own_statistic_need_one_function_and_one_yaml(
    stx: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Image.effect_noise((60, 50), 80).convert("RGB").save(tmp_path / "photo.png")
    Image.effect_noise((90, 40), 30).convert("RGB").save(tmp_path / "painting.jpg")
    (tmp_path / "mine.py").write_text("def means(features, *, power):\n    return features.mean((1, 2)) ** power\n")
    (tmp_path / "conf" / "style_stat").mkdir(parents=True)
    (tmp_path / "conf" / "style_stat" / "means.yaml").write_text("_target_: mine.means\npower: 1\n")
    arguments = ("content=photo.png", "style=painting.jpg", "style_size=own", "style_stat=means", "tracking=none")
    untrusted = stx("--config-dir", "conf", *SMALL, *arguments)
    assert (untrusted.returncode, "STX_TRUST=mine" in untrusted.stderr) == (2, True)
    monkeypatch.setenv("STX_TRUST", "mine")
    done = stx("--config-dir", "conf", *SMALL, *arguments)
    assert done.returncode == 0, done.stderr
    folder = (tmp_path / done.stdout.strip()).parent
    assert Image.open(folder / "style.png").size == (59, 26)
    begun = identity.read(folder)
    assert begun is not None
    words = ["STX_TRUST=mine", "stx", "run", "--config-dir", "conf", *SMALL, *arguments]
    assert shlex.split(describe.recorded(begun)) == words  # does the same from anywhere, whoever asks
    longer = stx(f"resume={folder}", "optim.steps=9")  # it is known from then on where the option is
    assert longer.returncode == 0, longer.stderr
    wrong = stx("--config-dir", "conf", *SMALL, *arguments, "style_stat.pwer=2")
    assert wrong.returncode == 2
    assert "(did you mean power?)" in wrong.stderr


@pytest.mark.parametrize(
    ("policy", "status"),
    [("raise", 1), *(pytest.param(policy, 0, marks=pytest.mark.slow) for policy in ("stop", "continue"))],
)
def test_a_run_that_diverges_keeps_its_last_finite_picture(
    stx: Command, tmp_path: Path, policy: str, status: int
) -> None:
    """The thesis's overflow: its third evaluation, after a step along the raw gradient."""
    done = stx(
        *(SMALL[1:]),
        *("style_stat=gram_cooc_vector", "loss_weights=thesis", "loss_weights.beta=1e6", "optim=lbfgs_plain"),
        *("optim.steps=20", "init=noise", "init.low=0.4", "init.high=0.6", f"guard.on_nan={policy}"),
    )
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    assert re.search(r"diverged(: not finite)? at step 3: style loss at conv2_1", done.stderr)
    run = the_run(tmp_path)
    assert run.data.tags["stx.outcome"] == "diverged"
    assert run.data.tags["stx.first_event"] == "step 3: style loss at conv2_1"
    assert shown(tmp_path, run.info.run_id) == [0, 20 if policy == "continue" else 3]  # what is kept, at the last step
    pictures = list(tmp_path.glob("outputs/runs/*/*/output.png"))
    assert len(pictures) == 1
    assert np.asarray(Image.open(pictures[0])).std() > 5  # low-contrast noise, a little changed


@pytest.mark.usefixtures("stx")  # for its store
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
@pytest.mark.usefixtures("stx")  # for its store
def test_a_signal_keeps_what_was_made(tmp_path: Path, number: int, status: int) -> None:
    process = Started(tmp_path, "run", *SMALL, "optim.steps=100000")
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("outputs/runs/*/*/losses.csv")) and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(number)
    ended = process.ended(60)
    assert ended.returncode == status, ended.stderr
    run = the_run(tmp_path)
    assert (run.info.status, run.data.tags["stx.outcome"]) == ("KILLED", "interrupted")
    (folder,) = tmp_path.glob("outputs/runs/*/*")
    assert Image.open(folder / "output.png").size == (48, 32)
    with (folder / "losses.csv").open(newline="") as file:
        steps = int(list(csv.DictReader(file))[-1]["step"])
    assert steps >= 1
    assert shown(tmp_path, run.info.run_id)[-1] == steps


def test_names_of_files_and_folders_are_taken_as_they_are_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    here = tmp_path / "here"
    here.mkdir()
    for name in ("IMG (1), café #2=[x].png", "${it}'s.png", "here/照片.png"):
        Image.effect_noise((64, 48), 80).convert("RGB").save(tmp_path / name)
    untracked = (*TINY, "tracking=none")
    done = command(here, "run", *untracked, "content=../IMG (1), café #2=[x].png", "style=~/${it}'s.png")
    assert done.returncode == 0, done.stderr
    folder = (here / done.stdout.strip()).parent
    kept = yaml.safe_load((folder / "config.yaml").read_text(encoding="utf-8"))
    assert (kept["content"], kept["style"]) == ("../IMG (1), café #2=[x].png", "~/${it}'s.png")

    folder.rename(here / "moved, ${old} (1)")
    done = command(here, "run", "resume=moved, ${old} (1)", "optim.steps=4")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "moved, ${old} (1)/output.png\n"

    done = command(here, "run", "--multirun", *untracked, "style=照片.png,../IMG (1), café #2=[x].png,swirls")
    assert done.returncode == 0, done.stderr
    jobs = [here / path for path in done.stdout.splitlines()[:-1]]
    kept_styles = [yaml.safe_load((job.parent / "config.yaml").read_text(encoding="utf-8"))["style"] for job in jobs]
    assert kept_styles == ["照片.png", "../IMG (1), café #2=[x].png", "swirls"]


def test_help_and_the_front_door_answer_without_torch(tmp_path: Path) -> None:
    def front(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-X", "importtime", "-m", "stx", *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            env=os.environ | environment,
        )

    helped = front("run", "--help")
    assert helped.returncode == 0
    assert helped.stdout.count("stx run") >= 5
    assert "style_stat: channel_histograms, cooc_gram, cooc_matrix" in helped.stdout
    assert "| torch\n" not in helped.stderr
    assert front("rum").returncode == 2
    completed = front("-sc", "query=bash", COMP_LINE="stx run style_stat=cooc_")
    assert "style_stat=cooc_vector" in completed.stdout.split()
    for half_typed in ("paint ", "sync out", "run hydra.run.dir=~/x content=chi", 'run "content=a b.png" st'):
        completed = front("-sc", "query=bash", COMP_LINE=f"stx {half_typed}")
        assert "stx: " not in completed.stderr


def test_the_core_imports_torch_but_neither_hydra_nor_mlflow() -> None:
    code = (
        "import sys, stx.model.vgg, stx.model.weights, stx.stats, stx.model.losses, stx.loop.steps; "
        "sys.exit(bool({'hydra', 'mlflow', 'omegaconf', 'pydantic'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
