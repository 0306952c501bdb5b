"""timing=true."""

import json
from pathlib import Path

import pytest

from conftest import SHALLOW, SMALL, command
from stx import timeline
from stx.config.compose import composition
from stx.loop.listener import Listener, Row, Start
from stx.runs.job import Job
from stx.runs.make import run
from stx.runs.timing import Timed, table


def test_a_part_is_a_line_with_its_share() -> None:
    assert table({"import": 1.5, "steps": 6.0}) == (
        "    1.50 s   20%  import\n    6.00 s   80%  steps\n    7.50 s        in all"
    )


def test_a_command_says_where_its_time_went_and_keeps_it(tmp_path: Path) -> None:
    done = command(tmp_path, "run", *SMALL, *SHALLOW, "tracking=none", "hydra.run.dir=out", "timing=true")
    assert done.returncode == 0, done.stderr
    parts = json.loads((tmp_path / "out" / "timing.json").read_text())
    assert list(parts) == [
        "Python, Hydra, the config", "PyTorch's import", "device", "weights", "pictures, terms, expected memory",
        "name, record, folder", "networks and calibration", "first steps", "measures", "picture and sheet",
    ]  # fmt: skip
    assert all(seconds >= 0 for seconds in parts.values())
    told = [line.split(None, 3)[-1] for line in done.stderr.splitlines() if "%  " in line]
    assert told == [*parts, "delivery"]


def test_the_next_run_of_a_process_is_timed_from_its_own_begin_and_others_say_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    config, choices, typed = composition([*SMALL, *SHALLOW, "tracking=none"])
    with caplog.at_level("INFO", "stx"):
        run(Job(config, tmp_path, choices, typed, quiet=True))
    assert not (tmp_path / "timing.json").exists()
    assert "in all" not in caplog.text
    assert timeline.parts() == {}


def test_the_capture_of_a_graph_is_a_part_of_its_own() -> None:
    def told(graph: bool) -> list[str]:
        timeline.begin()
        Timed().begun(Start(None, None, 0, graph))  # type: ignore[arg-type]
        return list(timeline.parts())

    assert (told(graph=True), told(graph=False)) == (["capture of the CUDA graph"], [])
    timeline.begin()


def test_a_run_that_fails_leaves_no_time_to_the_next(tmp_path: Path) -> None:
    class Breaks(Listener):
        def rows(self, rows: list[Row]) -> None:
            raise ZeroDivisionError

    config, choices, typed = composition([*SMALL, *SHALLOW, "tracking=none"])
    with pytest.raises(ZeroDivisionError):
        run(Job(config, tmp_path, choices, typed, quiet=True), Breaks())
    assert timeline.parts() == {}
