"""The survey's folder: one page that runs its own script alone, whatever its data holds."""

import re
from pathlib import Path

import pytest
from surveys import survey

from stx.errors import UserError
from stx.studies.gallery.writing import digest, source
from stx.studies.survey import writing


def test_the_page_is_one_file_with_a_policy_that_has_its_script_alone(tmp_path: Path) -> None:
    survey(tmp_path / "survey")
    page = (tmp_path / "survey" / "survey.html").read_text(encoding="utf-8")
    assert re.findall(r"<script>(.*?)</script>", page, re.DOTALL) == [source(writing.SCRIPTS)]
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    for text, kind in ((page.partition("<script>")[2].partition("</script>")[0], "script"),
                       (page.partition("<style>")[2].partition("</style>")[0], "style")):  # fmt: skip
        assert f"{kind}-src 'sha256-{digest(text)}';" in policy
    assert policy.startswith("default-src 'none';")
    assert not re.findall(r"(?:src|href)=\"(?!data:)", page)
    assert "http" not in page.partition('id="survey"')[0].replace("http-equiv", "")


def test_a_folder_keeps_its_survey_and_the_same_one_is_written_again(tmp_path: Path) -> None:
    made = survey(tmp_path / "survey")
    before = {path.name: path.read_bytes() for path in (tmp_path / "survey").iterdir()}
    writing.write(tmp_path / "survey", made)
    with pytest.raises(UserError, match="it holds another survey, whose answers belong to it"):
        survey(tmp_path / "survey", questions=10)
    assert {path.name: path.read_bytes() for path in (tmp_path / "survey").iterdir()} == before


def test_a_folder_with_somebody_s_files_is_left_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "survey.html").write_text("mine")
    with pytest.raises(UserError, match=r"output=.*mine: that folder has other files in it \(survey\.html\)"):
        survey(tmp_path / "mine")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["survey.html"]
