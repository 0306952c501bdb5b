"""The command as a user types it: runs at equal content, a report whose numbers are the store's, going on."""

import re
import subprocess
import sys
from pathlib import Path

import mlflow
import pytest

from conftest import SHALLOW, SMALL, command
from stx import __main__ as front
from stx.compare import compared, rounds, run, time_left
from stx.errors import Stopped
from stx.pictures import images
from stx.runs import member
from stx.runs.job import Job

TYPED = (
    "photographs=china",
    "styles=<b>me.png,woodcut",
    "statistics=cooc_vector",
    "seeds=0",
    "image_size.width=64",
    "image_size.height=48",
    *SHALLOW,
)
SHORT = ("optim.steps=4", "output=out")


def compare(tmp_path: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return command(tmp_path, "compare", *arguments)


@pytest.mark.usefixtures("stx")  # for its store
def test_a_comparison_ends_in_a_report_of_what_the_store_holds_and_goes_on(tmp_path: Path) -> None:
    images.load("swirls").save(tmp_path / "<b>me.png")
    done = compare(tmp_path, *TYPED, *SHORT)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "out/report/report.html"
    report = (tmp_path / "out" / "report" / "report.md").read_text(encoding="utf-8")
    for name in re.findall(r'src="([^"]+)"|\]\((pictures/[^)]+)\)', report):
        assert (tmp_path / "out" / "report" / next(filter(None, name))).exists()
    client = mlflow.MlflowClient(f"sqlite:///{tmp_path}/outputs/mlflow.db")
    experiment = client.get_experiment_by_name("stx")
    assert experiment
    runs = {run.info.run_id[:8]: run for run in client.search_runs([experiment.experiment_id])}
    rows = re.findall(
        r"^\| (gram|cooc\\_vector) \| china .*? \| (\w{8}) \| ([\d.]+) \| ([\d.]+) \|$", report, re.MULTILINE
    )
    assert len(rows) >= 4
    for _, run_id, content, style in rows:
        metrics = runs[run_id].data.metrics
        assert f"{metrics['measure/content']:.3f}" == content
        assert f"{metrics['measure/sliced_wasserstein']:.3f}" == style
    parent = next(run for run in runs.values() if run.data.tags.get("stx.batch") == "compare")
    assert parent.info.status == "FINISHED"
    assert parent.data.metrics["ratio/gram"] == 1
    assert "| `gram` | 1.00 " in report
    page = (tmp_path / "out" / "report" / "report.html").read_text(encoding="utf-8")
    assert "&lt;b&gt;me" in page
    assert "<b>me" not in page

    again = compare(tmp_path, *TYPED, *SHORT)
    assert again.returncode == 0, again.stderr
    assert "finished in" not in again.stderr
    assert again.stderr.count("(kept)") == len(rows)
    assert "replaced" not in again.stderr

    # what a report has recorded is not made again elsewhere; and nothing is where only a report is asked for
    known = compare(tmp_path, *TYPED, "optim.steps=4", "output=other", "earlier=out/report", "report=only")
    assert known.returncode == 0, known.stderr
    assert known.stderr.count("(kept)") == len(rows)
    assert not (tmp_path / "other" / "runs").exists()
    for name in ("runs.csv", "table.csv"):
        ours, theirs = ((tmp_path / folder / "report" / name).read_text() for folder in ("out", "other"))
        assert ours == theirs
    more = compare(tmp_path, *TYPED[:2], "statistics=mean_std", *TYPED[3:], *SHORT, "report=only")
    assert more.returncode == 0, more.stderr
    assert "out/report was made with other options and will be replaced" in more.stderr
    assert "Incomplete:** 2 of 4" in (tmp_path / "out" / "report" / "report.md").read_text(encoding="utf-8")

    images.load("mosaic").save(tmp_path / "<b>me.png")  # whose runs are of another painting now
    changed = compare(tmp_path, *TYPED, *SHORT, "report=only")
    assert "runs were made from other pictures, code or options" in changed.stderr
    assert "Not up to date:** " in (tmp_path / "out" / "report" / "report.md").read_text(encoding="utf-8")


def test_help_names_the_lists(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["stx", "compare", "--help"])
    with pytest.raises(SystemExit):
        front.main()
    assert "photographs=me.jpg,you.jpg" in capsys.readouterr().out


def test_a_comparison_whose_runs_all_fail_lists_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(job: Job) -> Path:
        raise RuntimeError("no memory <left>")

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(member, "run", broken)
    failed, report = run(
        ["photographs=china", "styles=swirls", "statistics=cooc_vector", "image_size=small", "output=out"]
    )
    assert failed == 2
    text = report.with_suffix(".md").read_text(encoding="utf-8")
    assert "No run has ended yet" in text
    assert text.count("RuntimeError: no memory \\<left>") == 2
    assert "nan" not in text
    report.write_text("of before")
    with pytest.raises(Stopped, match=r"no run has finished \(RuntimeError: no memory <left>\); .*is unchanged"):
        run(["photographs=china", "styles=swirls", "statistics=cooc_vector", "image_size=small", "output=out"])
    assert report.read_text() == "of before"


def test_a_photograph_in_its_own_style_ends_in_a_report_without_numbers_that_are_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    small = [*SMALL[:3], "optim.steps=1", "init.noise=0", "seeds=0", "statistics=mean_std", "output=out"]
    failed, report = run(["photographs=china", "styles=china", *small])
    assert failed == 0
    text = report.with_suffix(".md").read_text(encoding="utf-8")
    assert "Photographs and paintings have the same style" in text
    assert "nan" not in text


def test_what_is_compared_is_said_with_a_few_names() -> None:
    assert compared(["gram", "a"], "gram") == "a compared with gram"
    assert compared(["gram"], "gram") == "gram"
    assert compared(["gram", *"abcdef"], "gram") == "a, b, c, d, e and 1 more compared with gram"


def test_one_round_is_no_plural() -> None:
    assert (rounds(1), rounds(4)) == ("the only round", "the first of at most 4 rounds")


def test_the_time_left_of_a_round_is_that_of_the_runs_that_were_made_here() -> None:
    assert time_left([10.0, 20.0], 4) == ", round: about 60 s left"
    assert time_left([], 4) == time_left([10.0], 0) == ""
