"""The page of promises names tests that exist."""

import re
import subprocess
from pathlib import Path

TESTS = Path(__file__).parent
PAGE = TESTS.parent / "docs" / "promises.md"


def test_every_promise_is_held_by_a_test_that_exists() -> None:
    defined = set(
        re.findall(r"^def (test_\w+)", "\n".join(file.read_text() for file in TESTS.rglob("*.py")), re.MULTILINE)
    )
    named = re.findall(r"`(test_\w+)`", PAGE.read_text(encoding="utf-8"))
    assert set(named) <= defined
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")]
    promises = [row for row in rows if not row.startswith("| promise")]
    assert len(promises) >= 20
    assert all("`test_" in row.rsplit(" | ", 1)[1] for row in promises)


def test_the_ui_listens_on_this_machine_only() -> None:
    makefile = (TESTS.parent / "Makefile").read_text()
    (command,) = re.findall(r"mlflow ui.*?(?:\n\n)", makefile, re.DOTALL)
    assert "--host 127.0.0.1" in command


def test_the_ui_says_before_it_starts_how_to_take_another_port() -> None:
    """MLflow itself only says that the address is in use."""
    asked = ["make", "--dry-run", "--assume-old=.venv/ready", "ui", "UI_PORT=5002"]
    said = subprocess.run(asked, cwd=TESTS.parent, capture_output=True, text=True, check=True).stdout
    before = said.partition("mlflow ui")[0]
    assert "http://127.0.0.1:5002/" in before
    assert "make ui UI_PORT=5001" in before
