"""What a sweep will take: of what is left of it, for as many workers as have something to do."""

from pathlib import Path
from typing import Any

import pytest

from stx.runs import identity
from stx.runs.identity import Identity
from stx.runs.launching import Crew
from stx.runs.task import Task
from stx.studies.sweep import forecast
from stx.studies.sweep.forecast import summed


def task(folder: Path, number: int) -> Task:
    config: Any = None
    return Task(number, [], {"seed": f"{number}"}, folder / f"{number}", config, f"{number}")


def test_more_workers_than_jobs_do_not_help() -> None:
    assert summed("2 jobs", [100.0, 100.0], 2e6, Crew(None, 99, 0)).startswith("2 jobs, 2 at once: about 2 minutes")
    assert ", one after the other" in summed("1 job", [100.0], 2e6, Crew(None, 99, 0))


def test_what_has_ended_takes_nothing_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(forecast, "needed", lambda configs: ([10.0] * len(configs), 10**6 * len(configs)))
    tasks = [task(tmp_path, number) for number in range(3)]
    for one, outcome in zip(tasks, ("finished", "interrupted"), strict=False):
        one.folder.mkdir()
        identity.write(one.folder, Identity("1", [], {"style_stat": "gram"}, {}, {}, {}, outcome=outcome))
    said = forecast.forecast(tasks, Crew(None, 1, 1))
    assert capsys.readouterr().err == "stx: timing two steps of each kind of job\n"
    assert [line.split()[0] for line in said.splitlines()] == ["1", "2", "2"]
    assert "2 jobs" in said
    identity.write(tasks[1].folder, Identity("1", [], {"style_stat": "gram"}, {}, {}, {}, outcome="diverged"))
    assert forecast.forecast(tasks[:2], Crew(None, 1, 1)) == "nothing is left to do"
