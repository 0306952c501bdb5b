"""The command as a user types it: from a comparison to a page, from answers to scores."""

import json
import shutil
import signal
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from surveys import simulated

from conftest import SMALL, Started, command
from stx import __main__ as front
from stx.studies.survey import key as keys
from stx.survey import VERBS, options

SAME = ("photographs=china,flower", "styles=swirls", "seeds=0", "statistics=mean_std", "report=all")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, new_database: Path, forkserver: None) -> Path:
    """A comparison whose statistics are shown at any content, and a survey of it."""
    folder = tmp_path_factory.mktemp("survey")
    (folder / "outputs").mkdir()
    shutil.copy(new_database, folder / "outputs" / "mlflow.db")
    (folder / "wide.yaml").write_text((Path(__file__).parents[1] / "conf" / "protocol" / "quick.yaml").read_text()
                                      .replace("tolerance: 0.03", "tolerance: 5"))  # fmt: skip
    done = command(folder, "compare", "protocol=wide.yaml", *SAME, *SMALL, "output=compare")
    assert done.returncode == 0, done.stderr
    made = command(folder, "survey", "create", "compare", "output=survey", "tolerance=5")
    assert made.returncode == 0, made.stderr
    assert made.stdout == "survey/survey.html\n"
    assert "2 pairs of 2 methods (gram, mean_std)" in made.stderr
    assert "2 of them are asked a second time; for questions=60 there are too" in made.stderr
    assert "keep it to yourself" in made.stderr
    return folder


def test_answers_to_a_comparison_s_survey_become_scores(folder: Path) -> None:
    pytest.importorskip("choix", reason="choix (stx[survey]) is not installed")
    key = keys.read(folder / "survey")
    assert (key.match, len(key.pairs), len(key.pictures)) == ("content", 2, 4)
    answers = simulated(key, {"gram": 0.0, "mean_std": 3.0}, 4, 2)
    (folder / "survey" / "answers").mkdir()
    for rater in {question.rater for question in answers}:
        several = [answer.model_dump() for question, answer in answers.items() if question.rater == rater]
        sheet = {"format": 1, "survey": key.survey, "rater": rater, "answers": several}
        (folder / "survey" / "answers" / f"{rater}.json").write_text(json.dumps(sheet))
    (folder / "forged.json").write_text("{}")
    done = command(folder, "survey", "score", "survey", "forged.json")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "survey/report/report.html\n"
    assert "forged.json: left out: format: Field required" in done.stderr
    said = (folder / "survey" / "report" / "report.md").read_text(encoding="utf-8")
    assert "8 answers by 4 raters about 2 pairs of pictures" in said
    assert "| 1 | mean\\_std |" in said


def test_a_comparison_is_known_by_its_run_s_id_too(folder: Path) -> None:
    (parent, *_) = json.loads((folder / "compare" / "batch.json").read_text())["runs"]
    made = command(folder, "survey", "create", parent, "output=by-id", "tolerance=5")
    assert made.returncode == 0, made.stderr
    shutil.copytree(folder / "compare", folder / "outputs" / "compare")
    made = command(folder, "survey", "create", parent, "output=by-id-alone", "tolerance=5", "tracking=none")
    assert made.returncode == 0, made.stderr
    shown = [keys.read(folder / name) for name in ("survey", "by-id", "by-id-alone")]
    assert {key.by for key in shown} == {"statistic"}
    assert len({tuple(sorted(each.run for each in key.pictures.values())) for key in shown}) == 1


def test_a_comparison_s_id_without_its_report_is_said_to_be_runs_like_any_others(folder: Path) -> None:
    (parent, *_) = json.loads((folder / "compare" / "batch.json").read_text())["runs"]
    report = folder / "compare" / "report"
    report.rename(folder / "elsewhere")
    shutil.rmtree(folder / "outputs" / "compare", ignore_errors=True)
    made = command(folder, "survey", "create", parent, "output=without", "tolerance=5")
    (folder / "elsewhere").rename(report)
    assert made.returncode == 0, made.stderr
    assert f"{parent} is a comparison, whose report {report / 'comparison.json'} is not there: its runs" in made.stderr
    assert keys.read(folder / "without").by == "style_stat"


def test_a_survey_is_served_until_ctrl_c(folder: Path) -> None:
    started = Started(folder, "survey", "serve", "survey", "port=0")
    try:
        for _ in range(600):
            if "until Ctrl-C" in started.said():
                break
            time.sleep(0.05)
        (address,) = [word for word in started.said().split() if word.startswith("http://127.0.0.1:")]
        with urllib.request.urlopen(address) as page:
            assert b"data-collects" in page.read()
    finally:
        started.send_signal(signal.SIGINT)  # a server that is left would keep the suite from ending
    done = started.ended()
    assert (done.returncode, done.stdout) == (0, "survey/answers.db\n")
    assert done.stderr.splitlines()[-1] == "0 answers by 0 raters"


def test_a_filter_s_conditions_are_no_options() -> None:
    typed = ["params.seed='0'", "seed=1", "tags.mine = 'x' and metrics.y < 2", "a/b=c.json"]
    assert options("create", typed, VERBS["create"].options) == ({"seed": "1"}, [typed[0], *typed[2:]])


def test_help_says_what_there_is(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["stx", "survey", "--help"])
    with pytest.raises(SystemExit):
        front.main()
    said = capsys.readouterr().out
    for verb, of in VERBS.items():
        assert f"stx survey {verb} " in said
        assert all(f"  {option}" in said.partition(f"options of stx survey {verb}")[2] for option in of.options)
    monkeypatch.setattr(sys, "argv", ["stx", "survey", "create", "--help"])
    with pytest.raises(SystemExit):
        front.main()
    said = capsys.readouterr().out
    assert "  questions=60 " in said
    assert "port=" not in said.partition("options of stx survey create")[2]
