"""Few lines where nobody watches, a bar on a terminal, nothing on stdout."""

import io
import sys

import pytest

from stx.progress import progress
from stx.record import Row


def rows(first: int, last: int) -> list[Row]:
    losses = {"loss/total": 3.0, "loss/content": 1.0, "loss/style": 2.0}
    return [Row(step, 0.0, losses) for step in range(first, last + 1)]


def test_a_pipe_gets_ten_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with progress(1000) as advance:
        for first in range(1, 1001, 5):
            advance(rows(first, first + 4))
    said = capsys.readouterr()
    lines = said.err.splitlines()
    assert said.out == ""
    assert len(lines) == 10
    assert lines[-1].startswith("step 1000/1000  total 3.000e+00  content 1.000e+00  style 2.000e+00")


def test_a_terminal_gets_a_bar_with_the_losses(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stderr", Terminal())
    with progress(100) as advance:
        advance(rows(1, 50))
        advance(rows(51, 100))
    shown = sys.stderr.getvalue()  # type: ignore[attr-defined]
    assert "100/100" in shown
    assert "total 3.000e+00" in shown


def test_a_quiet_run_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with progress(10, quiet=True) as advance:
        advance(rows(1, 10))
    assert capsys.readouterr() == ("", "")
