"""What the report says of answers, and that nothing in a name is more than a name."""

import csv
import re
from pathlib import Path

import pytest
from surveys import NEARNESS, key, simulated, survey

from stx.errors import UserError
from stx.studies.survey import report
from stx.studies.survey.fit import Strength
from stx.studies.survey.key import Key
from stx.studies.survey.scoring import Gathered

pytest.importorskip("choix", reason="choix (stx[survey]) is not installed")
TRUE = {"cooc_vector_undone": 1.0, "gaussian_wasserstein": 0.0, "sliced_wasserstein": -1.0}
"""As the measure has them, whose distances are 1, 2 and 3."""


def written(folder: Path, of: Key, gathered: Gathered) -> tuple[str, list[dict[str, str]]]:
    html, _ = report.write(folder, gathered, of, "stx survey score")
    assert sorted(path.name for path in folder.iterdir()) == ["report.html", "report.md", "scores.csv"]
    with (folder / "scores.csv").open(encoding="utf-8", newline="") as file:
        return html.read_text(encoding="utf-8"), list(csv.DictReader(file))


def test_methods_are_ranked_and_the_measure_that_people_followed_comes_first(tmp_path: Path) -> None:
    of = survey(tmp_path / "survey").key
    answers = simulated(of, TRUE, 12, len(of.pairs))
    html, rows = written(tmp_path / "report", of, Gathered(answers, []))
    strengths = [row for row in rows if row["what"] == "strength"]
    assert [row["name"] for row in strengths] == [*TRUE]
    assert {row["question"] for row in rows} == {"style"}  # nobody was asked of content
    (share,) = [row for row in rows if row["what"] == "share"]  # the others' measures are none
    assert share["name"] == NEARNESS
    assert float(share["value"]) > 0.65
    assert share["answers"] == str(len(answers))
    (correlation,) = [row for row in rows if row["what"] == "correlation"]
    assert float(correlation["value"]) == pytest.approx(1)
    markdown = (tmp_path / "report" / "report.md").read_text(encoding="utf-8")
    for said in ("144 answers by 12 raters", "Closer in style to the painting", "Kendall's u", "sliced Wasserstein"):
        assert said in markdown
    assert "Keeps more of the photograph" not in markdown
    assert "<h1>What people chose</h1>" in html


def test_names_and_file_names_are_text_whatever_they_hold(tmp_path: Path) -> None:
    evil = "<img src=x onerror=alert(1)>"
    of = key([evil, "b", "c"], "pqr", "stu")
    answers = simulated(of, {evil: 0, "b": 0, "c": 0}, 4, 20)
    html, _ = written(tmp_path / "report", of, Gathered(answers, [f"{evil}.json: left out: it is of another survey"]))
    assert "<img" not in html
    assert "&lt;img src=x onerror=alert(1)&gt;" in html
    assert "it is of another survey" in html


def test_groups_that_nothing_connects_are_said(tmp_path: Path) -> None:
    of = key("abcd", "pqr", "stu")
    together = {"a": "ab", "b": "ab", "c": "cd", "d": "cd"}
    answers = {
        question: answer
        for question, answer in simulated(of, dict.fromkeys("abcd", 0.0), 6, 54).items()
        if len({together[of.pictures[name].method] for name in of.pairs[answer.pair].pictures}) == 1
    }
    html, _ = written(tmp_path / "report", of, Gathered(answers, []))
    assert "no answer compares these groups of methods with each other: a, b; c, d" in html


def test_the_order_is_said_in_a_line_and_that_few_raters_have_no_interval(tmp_path: Path) -> None:
    of = survey(tmp_path / "survey").key
    _, lines = report.write(tmp_path / "many", Gathered(simulated(of, TRUE, 12, len(of.pairs)), []), of, "")
    ranked = (
        r"1 cooc_vector_undone \(\d+%\), 2 gaussian_wasserstein \(\d+%\), 3 sliced_wasserstein \(\d+%\); 144 answers"
    )
    assert re.fullmatch(f"closer in style to the painting, with shares of comparisons won: {ranked}", lines[0])
    html, _ = written(tmp_path / "two", of, Gathered(simulated(of, TRUE, 2, len(of.pairs)), []))
    assert "No intervals:" in html


def test_methods_that_tables_show_as_equally_strong_share_a_rank() -> None:
    rows = [Strength(f"{value}", value, 0, 0, 0, 0) for value in (0.5, 0.104, 0.101, -0.7)]
    assert report.ranks(rows) == ["1", "2=", "2=", "4"]


def test_a_folder_with_files_of_somebody_s_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "report.html").write_text("mine")
    of = key("ab", "pqr", "stu")
    with pytest.raises(UserError, match=r"that folder has other files in it \(report\.html\)"):
        report.write(tmp_path, Gathered(simulated(of, {"a": 0, "b": 0}, 2, 4), []), of, "stx survey score")
    assert (tmp_path / "report.html").read_text() == "mine"
