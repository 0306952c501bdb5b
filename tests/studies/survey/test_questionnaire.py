"""The page and its key: nothing of the page says whose a picture is, and the key says it of all."""

import base64
import io
import json
import random
import re
from pathlib import Path

import pytest
from PIL import Image
from surveys import METHODS, asked, entries, entry, survey

from stx.errors import UserError
from stx.studies.survey import key as keys
from stx.studies.survey.entries import Source
from stx.studies.survey.pairs import pairs
from stx.studies.survey.questionnaire import embedded, outlook, part, refuse_none


def test_no_byte_of_the_page_or_of_its_pictures_says_whose_they_are(tmp_path: Path) -> None:
    survey(tmp_path / "survey")
    page = (tmp_path / "survey" / "survey.html").read_bytes()
    pictures = [base64.b64decode(text) for text in re.findall(rb"data:image/jpeg;base64,([^\"]+)", page)]
    assert len(pictures) == 3 * 4 + 2 + 2  # of each photograph and painting one copy
    telling = [*METHODS, *(f"run-of-{name}" for name in METHODS), "style_stat", "stx run", "stx survey", str(tmp_path)]
    for content in (page, *pictures):
        assert [name for name in telling if name.encode() in content] == []
    for content in pictures:
        assert not re.search(rb"\xff[\xe1-\xef\xfe]", content.partition(b"\xff\xda")[0])  # no EXIF, profile or comment
        with Image.open(io.BytesIO(content)) as picture:
            assert picture.info.keys() <= {"jfif", "jfif_version", "jfif_unit", "jfif_density"}
    assert b"style_stat=" in (tmp_path / "pictures" / f"{METHODS[0]}-a-x-0.png").read_bytes()  # as it was before
    assert sorted(path.name for path in (tmp_path / "survey").iterdir()) == ["key.json", "survey.html"]


def test_the_key_says_of_every_picture_whose_it_is(tmp_path: Path) -> None:
    made = survey(tmp_path / "survey")
    key = keys.read(tmp_path / "survey")
    assert key == made.key
    page = (tmp_path / "survey" / "survey.html").read_text(encoding="utf-8")
    public = json.loads(re.search(r'id="survey">(.*?)</script>', page)[1])  # type: ignore[index]
    assert public["survey"] == key.survey
    for number, one, other, photograph, painting in public["pool"]:
        shown = key.pairs[number]
        assert shown.pictures == (one, other)
        for name in (one, other):
            path = tmp_path / "pictures" / f"{key.pictures[name].method}-{shown.photograph}-{shown.style}-0.png"
            assert public["pictures"][name] == embedded(path, 512)
        assert public["pictures"][photograph] == embedded(tmp_path / "pictures" / f"{shown.photograph}.png", 512)
        assert public["pictures"][painting] == embedded(tmp_path / "pictures" / f"{shown.style}.png", 512)


def test_a_seed_is_a_survey_and_another_is_another(tmp_path: Path) -> None:
    one = survey(tmp_path / "one")
    assert survey(tmp_path / "same").public == one.public
    assert survey(tmp_path / "other", questions=10).key.survey != one.key.survey
    firsts = {key.pictures[each.pictures[0]].method for key in [one.key] for each in key.pairs.values()}
    assert len(firsts) > 1  # the order within a pair is no method's


def test_large_pictures_are_made_smaller_and_small_ones_are_not_made_larger(tmp_path: Path) -> None:
    Image.new("RGB", (300, 100), "red").save(tmp_path / "wide.png")
    for long_side, size in ((150, (150, 50)), (512, (300, 100))):
        content = base64.b64decode(embedded(tmp_path / "wide.png", long_side).partition(",")[2])
        with Image.open(io.BytesIO(content)) as picture:
            assert picture.size == size


def test_what_leaves_nothing_to_be_asked_is_said(tmp_path: Path) -> None:
    one, other = entry(tmp_path, "gram"), entry(tmp_path, "mean_std", content=2.0)
    for several, said in (
        ([], "none of these runs has finished"),
        ([one, one], "by=style_stat: all of these runs have gram"),
        (
            [one, other],
            r"tolerance=0.05: no two methods have .*measure/content.*the nearest two differ by 100%: tolerance=1 takes",
        ),
        ([one, other._replace(seed="9")], "give the folder of a `stx compare`"),
    ):
        pool = pairs(several, 0.05, random.Random(0))
        with pytest.raises(UserError, match=said):
            refuse_none(pool, Source(several, "style_stat", "content", ""), 0.05)
    with pytest.raises(UserError, match="all of these runs have gram; they differ in pooling, seeds: by=pooling"):
        refuse_none([], Source([one], "style_stat", "content", "", ("pooling", "seeds")), 0.05)
    several = entries(tmp_path)
    refuse_none(pairs(several, 0.05, random.Random(0)), Source(several, "style_stat", "content", ""), 0.05)


@pytest.mark.parametrize(
    ("pairs", "typed", "expected"),
    [
        (100, {}, (30, 3)),
        (100, {"repeats": 0.07, "questions": 200}, (100, 7)),  # which times 100 is a little more than 7
        (2, {}, (2, 1)),
        (1, {"repeats": 0.5}, (1, 1)),
        (100, {"repeats": 0.0}, (30, 0)),
        (100, {"questions": 9}, (4, 1)),
    ],
)
def test_a_share_is_asked_once_more_and_of_few_questions_one(
    pairs: int, typed: dict[str, float], expected: tuple[int, int]
) -> None:
    assert part(pairs, asked(**typed)) == expected


def test_what_the_numbers_come_to_is_said_before_anybody_is_asked() -> None:
    half = "half of them about style and half about content"
    assert [*outlook(100, asked())] == [f"each rater gets 60 questions, {half}; 6 of them are asked a second time"]
    assert [*outlook(100, asked(repeats=0))] == [f"each rater gets 60 questions, {half}"]
    assert [*outlook(2, asked())] == [
        f"each rater gets 4 questions, {half}; 2 of them are asked a second time; for questions=60 there are too few "
        "pairs"
    ]
    assert next(outlook(5000, asked())) == "pairs=2000: the page has so many of 5000 pairs, all methods about as often"
    assert [*outlook(50, asked(pairs=10))][1].startswith("each rater gets 20 questions")
