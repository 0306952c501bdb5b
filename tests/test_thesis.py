"""The command: three experiments at a tiny size, their report, what is kept, and what a user can get wrong."""

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import mlflow
import pytest

from conftest import Command, Started, command
from stx import thesis as front
from stx.pictures import images

Thesis = Callable[..., subprocess.CompletedProcess[str]]
TINY = ("--quick", "image_size.width=64", "image_size.height=48", "optim.steps=6")


@pytest.fixture
def thesis(stx: Command, tmp_path: Path) -> Thesis:
    """In a folder with a store."""
    return partial(command, tmp_path, "thesis")


def cells(report: str, claim: str) -> list[str]:
    (row,) = [line for line in report.splitlines() if line.startswith(f"| {claim} |")]
    return [cell.strip() for cell in row.strip("|").split(" | ")]


def test_experiments_give_a_report_whose_numbers_are_the_stores(thesis: Thesis, tmp_path: Path) -> None:
    name = "<b>it's & more</b>.png"
    images.load("china").resize((80, 60)).save(tmp_path / name.replace("/", "∕"))
    content = f'content="{name.replace("/", "∕")}"'
    done = thesis(*TINY, "only=e01,e06", content)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    report = Path(tmp_path / done.stdout.strip())
    assert report == tmp_path / "outputs" / "thesis-quick" / "report" / "report.html"
    markdown, html = report.with_suffix(".md").read_text(), report.read_text()

    assert cells(markdown, "E6")[2] == "**reproduced, with another cause**"
    assert "step 3: style loss at conv2" in re.sub(r"\\", "", cells(markdown, "E6")[3])
    assert cells(markdown, "E2")[2] == cells(markdown, "E11, style")[2] == "**not run**"
    assert "The size matters" in markdown
    assert "<b>it's" not in html

    client = mlflow.MlflowClient(f"sqlite:///{tmp_path}/outputs/mlflow.db")
    (parent,) = client.search_runs(["1"], "tags.`stx.batch` = 'thesis'")
    children = client.search_runs(["1"], f"tags.`mlflow.parentRunId` = '{parent.info.run_id}'")
    assert len(children) == 5
    both = [run for run in children if "e01_gram" in run.data.tags["stx.command"]]
    gram, _ = sorted(both, key=lambda run: int(run.data.params["optim.steps"]))  # the other is four times as long
    metrics = gram.data.metrics
    (stored,) = tmp_path.glob(f"outputs/artifacts/{gram.info.run_id}/artifacts/baselines.json")
    share = metrics["measure/sliced_wasserstein"] / json.loads(stored.read_text())["sliced_wasserstein"]
    assert f"style distance {share:.2f} of the photograph's" in cells(markdown, "E1")[3]
    first = client.get_metric_history(gram.info.run_id, "style_magnitude/conv1_1")[0].value
    assert f"| {first:.0f} |" in markdown or f"| {first:.3g} |" in markdown
    assert parent.data.metrics["verdict/not run"] >= 10
    assert {file.path for file in client.list_artifacts(parent.info.run_id, "report")} >= {"report/report.html"}
    for picture in re.findall(r'<img[^>]* src="([^"]+)"', html):
        assert (report.parent / picture).is_file()

    again = thesis(*TINY, "only=e01,e06", content)
    assert again.returncode == 0
    assert again.stderr.count("(kept)") == 5


# What was typed, and what the answer must contain.
MISTAKES = [
    ("style_stat=gram", "style_stat=gram: the experiments set this themselves"),
    ("loss_weights.beta=3", "the experiments set this themselves"),
    ("only=e99", "only=e99: choose from e01"),
    ("only=", "only=: choose from e01"),
    ("tracking=none", "tracking=none: thesis keeps its runs in a store"),
    ("tracking.uri=nonsense://x", "tracking.uri=nonsense://x"),
    ("optim.steps=0", "optim.steps=0: should be greater than or equal to 1"),
    ("image_size=tiny", "image_size=tiny: choose from photograph, small, thesis"),
    ("image_size.widht=3", "there is no option image_size.widht (did you mean width?)"),
    ("image_size.width=8", "pixels are too few for conv5_1"),
    ("content=nowhere.png", "nowhere.png"),
    ("nonsense", "nonsense: the experiments set this themselves"),
    ("output=", "output= must name a folder"),
    ("output=taken.txt", "output=taken.txt: that is a file; name a folder"),
]


@pytest.mark.parametrize(("typed", "answer"), MISTAKES)
def test_a_mistake_is_answered_in_two_lines_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], typed: str, answer: str
) -> None:
    (tmp_path / "taken.txt").write_text("mine")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["stx", "--quick", "only=e01", typed])
    with pytest.raises(SystemExit) as left:
        front.main()
    said = capfd.readouterr()
    assert (left.value.code, said.out) == (2, "")
    assert answer in said.err
    assert len(said.err.splitlines()) <= 3
    assert [file.name for file in tmp_path.iterdir()] == ["taken.txt"]


def test_help_answers_without_torch_and_an_unknown_flag_with_usage(tmp_path: Path) -> None:
    def typed(*arguments: str) -> subprocess.CompletedProcess[str]:
        words = [sys.executable, "-X", "importtime", "-m", "stx", "thesis", *arguments]
        return subprocess.run(words, cwd=tmp_path, capture_output=True, text=True)

    helped = typed("--help")
    assert helped.returncode == 0
    assert "--quick" in helped.stdout
    assert "| torch\n" not in helped.stderr
    assert typed("--quik").returncode == 2


@pytest.mark.slow  # tests/runs/test_batch.py has smaller ones
def test_an_interrupted_batch_goes_on_where_it_was(thesis: Thesis, tmp_path: Path) -> None:
    words = (*TINY, "only=e01,e02", "optim.steps=30")
    process = Started(tmp_path, "thesis", *words)
    deadline = time.monotonic() + 120
    while not re.search("^1/.*\n", process.said(), re.MULTILINE) and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    assert process.ended(120).returncode == 130
    client = mlflow.MlflowClient(f"sqlite:///{tmp_path}/outputs/mlflow.db")
    (parent,) = client.search_runs(["1"], "tags.`stx.batch` = 'thesis'")
    assert (parent.info.status, parent.data.tags["stx.outcome"]) == ("KILLED", "interrupted")

    again = thesis(*words)
    assert again.returncode == 0, again.stderr
    assert re.search(r"1/5 e01_gram: finished \(kept\)", again.stderr)
    assert re.search(r"4/4 e02_cooc_vector: finished in", again.stderr)
    assert client.get_run(parent.info.run_id).info.status == "FINISHED"
