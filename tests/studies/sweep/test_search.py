"""A search from what is typed to its page. Its trials' runs are made up, but for those of the last test."""

import json
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import mlflow
import pytest

from conftest import SMALL, Command
from stx import __main__ as front
from stx.runs.files import BASELINES, ERROR, MEASURES, STUDY
from stx.runs.identity import Identity, write
from stx.runs.launching import Crew, Order
from stx.runs.study import all_trials, opened
from stx.studies.sweep import findings, report, search

BETA = "loss_weights.beta=tag(log, interval(1,100))"
TYPED = ("--multirun", "hydra/sweeper=optuna", *SMALL, "tracking=none", "hydra.sweep.dir=it")
Worked = list[tuple[str, list[str]]]


def made_up(order: Order) -> None:
    """A run's folder: the larger beta, the nearer to the style, and the further from the photograph; average pooling
    fails."""
    beta = next(float(text.partition("=")[2]) for text in order.overrides if text.startswith("loss_weights.beta="))
    order.folder.mkdir(parents=True, exist_ok=True)
    if "pooling=avg" in order.overrides:
        (order.folder / ERROR).write_text("no memory\n")
        return
    write(order.folder, Identity("1", [], {"style_stat": "gram"}, {}, {}, {}, outcome="finished"))
    (order.folder / MEASURES).write_text(json.dumps({"sliced_wasserstein": 1 / beta, "content": beta / 100}))
    (order.folder / BASELINES).write_text('{"sliced_wasserstein": 1}')


@pytest.fixture
def worked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Worked:
    """What has been worked so far: each trial's folder and overrides. Behind the number in a file `stop` that many
    trials are at work when the search is killed."""
    done: Worked = []

    def work(crew: Crew, orders: Sequence[Order], root: Path, between: Callable[[], object]) -> None:
        for order in orders:
            if (tmp_path / "stop").exists() and len(done) == int((tmp_path / "stop").read_text()):
                order.folder.mkdir()
                raise KeyboardInterrupt
            done.append((order.folder.name, list(order.overrides)))
            made_up(order)

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(search, "work", work)
    monkeypatch.setattr(report, "scatter", lambda *_: None)  # which take longer than all else here
    monkeypatch.setattr(findings, "plots", lambda *_: [])
    return done


def typed(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """The exit status."""
    monkeypatch.setattr(sys, "argv", ["stx", "run", *arguments])
    try:
        front.main()
    except SystemExit as left:
        return int(left.code or 0)
    return 0


def params(folder: Path) -> list[dict[str, Any]]:
    return [one.params for one in all_trials(opened(folder))]


def test_a_search_says_its_best_trial_and_lists_those_that_failed(
    worked: Worked, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    status = typed(monkeypatch, *TYPED, BETA, "pooling=max,avg", "hydra.sweeper.n_trials=5")
    said = capfd.readouterr()
    tried = params(tmp_path / "it")
    betas = [one["loss_weights.beta"] if one["pooling"] == "max" else 100 for one in tried]
    best = max(beta for beta in betas if beta <= 60)
    assert (status, len(worked)) == (0, 5)
    assert said.out.splitlines() == [f"it/{betas.index(best)}/output.png", "it/sweep.html"]
    assert said.err.splitlines()[-1].startswith("Best at a content distance of at most 0.6: trial ")
    assert f"content distance {best / 100:.2f}" in said.err.splitlines()[-1]
    assert said.err.count("): no memory") == betas.count(100) > 0
    assert "A search over loss_weights.beta and pooling" in (tmp_path / "it" / "sweep.html").read_text()


def test_a_search_that_was_killed_goes_on_by_its_folder_and_loses_and_doubles_no_trial(
    worked: Worked, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    unbroken = [argument.replace("=it", "=unbroken") for argument in TYPED]
    assert typed(monkeypatch, *unbroken, BETA, "seed=1,2,3", "hydra.sweeper.n_trials=3") == 0
    before = worked.copy()
    worked.clear()
    (tmp_path / "stop").write_text("1")
    assert typed(monkeypatch, *TYPED, BETA, "seed=1,2,3", "hydra.sweeper.n_trials=2") == 130
    assert "go on: stx run resume=it" in capfd.readouterr().err
    (tmp_path / "stop").unlink()
    assert typed(monkeypatch, "resume=it") == 0
    assert typed(monkeypatch, "resume=it", "hydra.sweeper.n_trials=3") == 0
    assert worked == before
    assert params(tmp_path / "it") == params(tmp_path / "unbroken")
    assert all(one.state.is_finished() for one in all_trials(opened(tmp_path / "it")))
    jobs = json.loads((tmp_path / "it" / "sweep.json").read_text())["jobs"]
    assert [job["number"] for job in jobs] == [0, 1, 2]


def test_as_many_trials_are_at_work_as_there_are_workers_and_none_is_made_twice(
    worked: Worked, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    batches: list[int] = []
    work = search.work

    def counted(crew: Crew, orders: Sequence[Order], root: Path, between: Callable[[], object]) -> None:
        batches.append(len(orders))
        work(crew, orders, root, between)

    monkeypatch.setattr(search, "work", counted)
    monkeypatch.setattr(search, "crew", lambda *_: Crew(None, 3, 0))
    four = ("loss_weights.beta=2,3", "style_stat=gram,mean_std")
    assert typed(monkeypatch, *TYPED, *four, "hydra.sweeper.n_trials=8") == 0
    assert len(params(tmp_path / "it")) == 8
    assert len(worked) == len({str(overrides) for _, overrides in worked}) <= 4
    assert len(batches) == 3


def test_values_that_do_not_go_together_fail_their_trial_alone(
    worked: Worked, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    noise = ("init=noise", "init.low=choice(0.1,0.9)", "init.high=choice(0.95,0.5)", "loss_weights.beta=9")
    assert typed(monkeypatch, *TYPED, *noise, "hydra.sweeper.n_trials=9") == 0
    said = capfd.readouterr().err
    assert "init.low=0.9 is above init.high=0.5" in said
    assert len(worked) == 3
    assert (tmp_path / "it" / STUDY).exists()


def test_a_search_without_an_answer_exits_with_1(
    worked: Worked, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    far = ("loss_weights.beta=interval(70,75)", "hydra.sweeper.n_trials=2")
    assert typed(monkeypatch, *TYPED, *far) == 1
    said = capfd.readouterr()
    assert "No trial has a content distance of at most 0.6: the least was 0.7" in said.err
    assert "after 1 of 2 trials: No trial" in said.err  # that more are to come is said
    assert said.out == "it/sweep.html\n"


def test_a_plan_starts_nothing(
    worked: Worked, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr(search, "needed", lambda configs: ([15.0] * len(configs), len(configs) * 10**6))
    assert typed(monkeypatch, *TYPED, BETA, "sweep.plan=true") == 0
    said = capfd.readouterr().err
    assert "20 trials, one after the other: about 5 minutes, up to 20 MB of disk; none was started" in said
    assert not worked
    assert not (tmp_path / "it").exists()


@pytest.mark.slow
def test_the_front_s_trials_are_runs_under_one_whose_artifacts_have_its_plots(stx: Command, tmp_path: Path) -> None:
    done = stx(
        "--multirun",
        "hydra/sweeper=optuna_front",
        "hydra.sweeper.n_trials=2",
        *SMALL,
        "loss_weights.beta=interval(1,50)",
    )
    assert done.returncode == 0, done.stderr
    *pictures, page = done.stdout.splitlines()
    assert page.endswith("/sweep.html")
    assert f"The front has {len(pictures)} trial" in done.stderr
    assert all((tmp_path / file).is_file() for file in (*pictures, page))
    client = mlflow.MlflowClient(f"sqlite:///{tmp_path}/outputs/mlflow.db")
    every = client.search_runs([client.get_experiment_by_name("stx").experiment_id])
    (parent,) = (run for run in every if "stx.batch" in run.data.tags)
    trials = [run.data.tags["stx.trial"] for run in every if "stx.trial" in run.data.tags]
    assert (parent.info.status, sorted(trials)) == ("FINISHED", ["0", "1"])
    artifacts = {file.path for file in client.list_artifacts(parent.info.run_id)}
    assert {"sweep.html", "search-front.png", "search-history-style.png", "search-best.jpg"} <= artifacts
