"""What counts as an answer to a survey, and what is refused in a line."""

import json
from pathlib import Path
from typing import Any

import pytest
from surveys import key

from stx.studies.survey import answers
from stx.studies.survey.answers import Refused, Sheet, merged, parse, questions

OF = key("ab", ["china"], ["swirls"])
((PAIR, COMPARED),) = OF.pairs.items()
ONE, OTHER = COMPARED.pictures
RATER = "1" * 32
GOOD = {"pair": PAIR, "asks": "style", "again": False, "left": ONE, "chosen": OTHER, "ms": 1234, "n": 0}
SHEET = {"format": 1, "survey": OF.survey, "rater": RATER, "answers": [GOOD]}


def said(of: Any = SHEET, **changed: Any) -> bytes:
    return json.dumps({**of, **changed}).encode()


def test_an_answer_is_read_as_it_was_given() -> None:
    sheet = parse(said(), OF)
    assert sheet.model_dump() == SHEET
    ((question, answer),) = questions(sheet)
    assert question == (RATER, PAIR, "style", False)
    assert answer.chosen == OTHER


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (b"", "Invalid JSON"),
        (b"\xff\xfe", "Invalid JSON"),
        (b"[" * 100_000, "Invalid JSON: recursion limit exceeded"),
        (b"[]", "should be an object"),
        (said(format=2), "format: Input should be 1"),
        (said(format=True), "format: Input should be 1"),
        (said(survey="f" * 32), "it is of another survey"),
        (said(rater="../../key.json"), "rater: String should match"),
        (said(rater="1" * 33), "rater: String should match"),
        (said(**{"<script>\n\x1b[2J": 1}), "Extra inputs are not permitted"),
        (said(answers=[GOOD | {"<script>\n": 1}]), "answers.0: Extra inputs are not permitted"),
        (said(answers=[GOOD] * 8001), "answers: List should have at most 8000 items"),
        (said(answers=[GOOD | {"pair": "0" * 16}]), f"the survey has no pair {'0' * 16}"),
        (said(answers=[GOOD | {"chosen": "0" * 16}]), f"pair {PAIR} does not have that picture"),
        (said(answers=[GOOD | {"left": "0" * 16}]), f"pair {PAIR} does not have that picture"),
        (said(answers=[GOOD | {"asks": "beauty"}]), "answers.0.asks: Input should be 'style' or 'content'"),
        (said(answers=[GOOD | {"again": "yes"}]), "answers.0.again: Input should be a valid boolean"),
        (said(answers=[GOOD | {"ms": -1}]), "answers.0.ms: Input should be greater than or equal to 0"),
        (said(answers=[GOOD | {"ms": 1e300}]), "answers.0.ms: Input should be a valid integer"),
        (said(answers=[GOOD | {"n": True}]), "answers.0.n: Input should be a valid integer"),
        (said(answers=[GOOD | {"pair": "'); DROP TABLE answers; --"}]), "answers.0.pair: String should match"),
        (said(answers=[GOOD | {"pair": "<script>alert(1)</script>"}]), "answers.0.pair: String should match"),
    ],
)
def test_what_is_malformed_or_forged_is_refused_in_a_line_that_repeats_nothing_of_it(text: bytes, why: str) -> None:
    with pytest.raises(Refused) as refused:
        parse(text, OF)
    assert why in str(refused.value)
    assert "\n" not in str(refused.value)
    assert "script" not in str(refused.value)


def test_a_file_that_is_none_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "good.json").write_bytes(said())
    assert answers.read(tmp_path / "good.json", OF).rater == RATER
    (tmp_path / "mailed.json").write_bytes(b"\xef\xbb\xbf" + said())
    assert answers.read(tmp_path / "mailed.json", OF) == answers.read(tmp_path / "good.json", OF)
    with pytest.raises(Refused, match="No such file"):
        answers.read(tmp_path / "missing.json", OF)
    with pytest.raises(Refused, match="Is a directory"):
        answers.read(tmp_path, OF)
    monkeypatch.setattr(answers, "LARGEST", 10)
    with pytest.raises(Refused, match="larger than 10 bytes"):
        answers.read(tmp_path / "good.json", OF)


def test_an_answer_counts_once_and_the_first_is_kept() -> None:
    one = parse(said(), OF)
    other = parse(said(answers=[GOOD | {"chosen": ONE}, GOOD | {"again": True}]), OF)
    theirs = parse(said(rater="2" * 32), OF)
    once, told = merged([("a", one), ("b", one), ("c", other), ("d", theirs)])
    assert [(*question, answer.chosen) for question, answer in once.items()] == [
        (RATER, PAIR, "style", False, OTHER),
        (RATER, PAIR, "style", True, OTHER),
        ("2" * 32, PAIR, "style", False, OTHER),
    ]
    assert told == ["c: 1 answer differs from an earlier one to the same question, which is kept"]
    assert isinstance(one, Sheet)
