"""Few lines where nobody watches, a bar on a terminal, nothing on stdout."""

import io
import sys

import pytest

from stx.loop.listener import Row
from stx.runs import progress as module
from stx.runs.progress import Stage, progress


def rows(first: int, last: int) -> list[Row]:
    losses = {"loss/total": 3.0, "loss/content": 1.0, "loss/style": 2.0}
    return [Row(step, 0.0, losses) for step in range(first, last + 1)]


def test_a_pipe_gets_ten_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with progress([Stage(1000, 64, 48)]) as bar:
        for first in range(1, 1001, 5):
            bar.rows(rows(first, first + 4))
    said = capsys.readouterr()
    lines = said.err.splitlines()
    assert said.out == ""
    assert len(lines) == 10
    assert lines[-1].startswith("step 1000/1000 (64 x 48)  total 3.000e+00  content 1.000e+00  style 2.000e+00")


def test_a_slow_run_gets_a_line_every_ten_seconds(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])
    with progress([Stage(1000, 64, 48)]) as bar:
        for step in range(1, 61):
            clock[0] += 1
            bar.rows(rows(step, step))
    assert [line.split()[1] for line in capsys.readouterr().err.splitlines()] == [
        f"{n}/1000" for n in range(10, 61, 10)
    ]


def test_the_time_left_counts_pixels_not_steps(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """100 steps of a pixel took 10 s: 100 of four pixels will take 40."""
    clock = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])
    with progress([Stage(100, 1, 1), Stage(200, 2, 2)]) as bar:
        clock[0] = 10
        bar.rows(rows(1, 100))
    assert capsys.readouterr().err.strip().endswith("40 s left")


def test_a_run_that_goes_on_does_not_count_what_was_done_before(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: clock[0])
    with progress([Stage(100, 8, 8)]) as bar:
        clock[0] = 5
        bar.rows(rows(81, 90))
    assert capsys.readouterr().err.strip().endswith("5 s left")


def test_a_terminal_gets_a_bar_with_the_losses(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stderr", Terminal())
    with progress([Stage(25, 16, 12), Stage(50, 32, 24), Stage(100, 64, 48)]) as bar:
        bar.rows(rows(1, 50))
        bar.rows(rows(51, 100))
    shown = sys.stderr.getvalue()  # type: ignore[attr-defined]
    assert "100/100" in shown
    assert "(64 x 48, level 3 of 3)" in shown
    assert "total 3.000e+00" in shown


def test_a_quiet_run_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress([Stage(10, 64, 48)], quiet=True) as bar:
        bar.rows(rows(1, 10))
    assert capsys.readouterr() == ("", "")
