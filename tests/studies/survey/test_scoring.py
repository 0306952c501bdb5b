"""All answers of a survey, from the server and from files: each once, and what was left out is named."""

from pathlib import Path

import pytest
from surveys import simulated, survey

from stx.errors import UserError
from stx.studies.survey import collect
from stx.studies.survey.answers import Sheet
from stx.studies.survey.key import ANSWERS, COLLECTED, Key
from stx.studies.survey.scoring import gather

STRENGTHS = {"cooc_vector_undone": 0.0, "gaussian_wasserstein": 1.0, "sliced_wasserstein": 2.0}


def sheets(key: Key, raters: int) -> list[Sheet]:
    answers = simulated(key, STRENGTHS, raters, len(key.pairs))
    names = dict.fromkeys(question.rater for question in answers)
    return [
        Sheet(
            format=1, survey=key.survey, rater=name,
            answers=[answer for question, answer in answers.items() if question.rater == name],
        )
        for name in names
    ]  # fmt: skip


def test_answers_of_all_sources_count_once(tmp_path: Path) -> None:
    key, folder = survey(tmp_path / "survey").key, tmp_path / "survey"
    one, two, three = sheets(key, 3)
    collect.prepare(folder / COLLECTED)
    collect.keep(folder / COLLECTED, one)
    (folder / ANSWERS).mkdir()
    for name, sheet in (("1.json", one), ("2.json", two), ("2-again.json", two)):
        (folder / ANSWERS / name).write_text(sheet.model_dump_json())
    (tmp_path / "sent.json").write_text(three.model_dump_json())
    gathered = gather(folder, key, [tmp_path / "sent.json", folder / ANSWERS / "1.json"])
    assert len(gathered.answers) == 3 * len(key.pairs)
    assert gathered.left_out == []


def test_what_is_forged_is_named_and_left_out_and_the_rest_counts(tmp_path: Path) -> None:
    key, folder = survey(tmp_path / "survey").key, tmp_path / "survey"
    one, two = sheets(key, 2)
    (folder / ANSWERS).mkdir()
    (folder / ANSWERS / "a.json").write_text(one.model_dump_json())
    (folder / ANSWERS / "b.json").write_text("<script>alert(1)</script>")
    (folder / ANSWERS / "c.json").write_text(two.model_copy(update={"survey": "f" * 32}).model_dump_json())
    flipped = [each.model_copy(update={"chosen": other(key, each.pair, each.chosen)}) for each in one.answers]
    (folder / ANSWERS / "d.json").write_text(one.model_copy(update={"answers": flipped}).model_dump_json())
    gathered = gather(folder, key, [])
    assert {question.rater for question in gathered.answers} == {one.rater}
    assert [each.chosen for each in gathered.answers.values()] == [each.chosen for each in one.answers]
    b, c, d = gathered.left_out
    assert b.startswith(f"{folder / ANSWERS / 'b.json'}: left out: Invalid JSON")
    assert c.endswith("c.json: left out: it is of another survey")
    assert d.endswith(f"d.json: {len(flipped)} answers differ from earlier ones to the same questions, which are kept")


def other(key: Key, pair: str, picture: str) -> str:
    one, two = key.pairs[pair].pictures
    return two if picture == one else one


def test_answers_that_the_server_refused_are_counted(tmp_path: Path) -> None:
    key, folder = survey(tmp_path / "survey").key, tmp_path / "survey"
    (one,) = sheets(key, 1)
    collect.prepare(folder / COLLECTED)
    collect.keep(folder / COLLECTED, one)
    flipped = [each.model_copy(update={"chosen": other(key, each.pair, each.chosen)}) for each in one.answers[:1]]
    collect.keep(folder / COLLECTED, one.model_copy(update={"answers": flipped}))
    gathered = gather(folder, key, [])
    assert {each.chosen for each in gathered.answers.values()} == {each.chosen for each in one.answers}
    assert gathered.left_out == [
        f"{COLLECTED}: 1 answer differs from an earlier one to the same question, which is kept"
    ]


def test_no_answers_and_a_file_that_is_missing_are_said(tmp_path: Path) -> None:
    key, folder = survey(tmp_path / "survey").key, tmp_path / "survey"
    with pytest.raises(UserError, match="no answers yet; put raters' files into"):
        gather(folder, key, [])
    (folder / ANSWERS).mkdir()
    (folder / ANSWERS / "a.json").write_text("{}")
    with pytest.raises(UserError, match=r"no answers yet \(.*a\.json: left out: format: Field required\)"):
        gather(folder, key, [])
    with pytest.raises(UserError, match=r"gone\.json: there is no such file"):
        gather(folder, key, [tmp_path / "gone.json"])
    (tmp_path / "sent").mkdir()
    with pytest.raises(UserError, match=r"sent: that is not a regular file; name the files"):
        gather(folder, key, [tmp_path / "sent"])
