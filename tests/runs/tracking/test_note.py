"""A run's description, as MLflow's page has it; tests/runs/tracking/test_mlflow_browser.py looks at that."""

from pathlib import Path

import pytest

from stx.runs.tracking.note import About, code, note, repeated

ABOUT = About("run", {}, {}, "`china` in the style of `swirls`.", "stx run seed=1")


def test_what_came_of_a_run_comes_first_and_the_command_last(tmp_path: Path) -> None:
    said = ["60 steps, layout kept", "Style distance 0.19"]
    assert note(ABOUT, "finished", None, said, tmp_path).split("\n\n") == [
        "**finished**: 60 steps, layout kept",
        "`china` in the style of `swirls`.",
        "Style distance 0.19",
        "To repeat it: `stx run seed=1`",
    ]
    assert repeated("stx run seed=1", "/home/me/art") == "To repeat it, in `/home/me/art`: `stx run seed=1`"
    assert note(ABOUT, "running", None, (), tmp_path).startswith("**running**\n\n`china` in")
    event = "step 3: style loss at conv1_1"
    assert note(ABOUT, "diverged", event, ["9 steps"], tmp_path).startswith(f"**diverged** at `{event}`: 9 steps\n\n")


def test_it_shows_the_pictures_that_there_are_by_the_run_s_own_id(tmp_path: Path) -> None:
    (tmp_path / "plots").mkdir()
    for name in ("sheet.jpg", "plots/losses.png"):
        (tmp_path / name).touch()
    lines = note(ABOUT, "finished", None, (), tmp_path).split("\n\n")
    assert lines[1] == "![given pictures and result](get-artifact?path=sheet.jpg&run_uuid={run_id})"
    assert lines[3] == "![losses](get-artifact?path=plots/losses.png&run_uuid={run_id})"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a_b*c.jpg", "`a_b*c.jpg`"),
        ("a`b", "`` a`b ``"),
        ("``", "``` `` ```"),
        ("two\n  lines", "`two lines`"),
        ("two  blanks.jpg", "`two  blanks.jpg`"),
    ],
)
def test_any_text_can_stand_in_code(text: str, shown: str) -> None:
    assert code(text) == shown
