"""What the server keeps: every answer once, whoever else writes."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from surveys import answer, key

from stx.errors import UserError
from stx.studies.survey import answers, collect
from stx.studies.survey.answers import Sheet
from stx.studies.survey.collect import Kept

OF = key("abc", "pq", "st")


def sheet(rater: int, *, other: bool = False) -> Sheet:
    several = [answer(pair, each.pictures[other], n=n) for n, (pair, each) in enumerate(OF.pairs.items())]
    return Sheet(format=1, survey=OF.survey, rater=f"{rater:032x}", answers=several)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    collect.prepare(tmp_path / "answers.db")
    return tmp_path / "answers.db"


def test_what_is_kept_is_read_as_a_file_of_answers(database: Path) -> None:
    assert collect.keep(database, sheet(1)) == Kept(12, 0, 0)
    collect.keep(
        database, sheet(2).model_copy(update={"answers": [sheet(2).answers[0].model_copy(update={"again": True})]})
    )
    one, two = (answers.parse(text, OF) for text in collect.sheets(database))
    assert one == sheet(1)
    assert [each.again for each in two.answers] == [True]
    assert collect.count(database) == (13, 2)


def test_a_second_answer_changes_nothing(database: Path) -> None:
    collect.keep(database, sheet(1))
    assert collect.keep(database, sheet(1)) == Kept(0, 12, 0)
    assert collect.keep(database, sheet(1, other=True)) == Kept(0, 0, 12)
    assert [answers.parse(text, OF) for text in collect.sheets(database)] == [sheet(1)]
    collect.prepare(database)  # as when the server begins once more
    assert collect.count(database) == (12, 1)


def test_an_answer_that_is_not_kept_is_noted_once_however_often_it_is_sent(database: Path) -> None:
    assert collect.differing(database, OF.survey) == 0
    collect.keep(database, sheet(1))
    for _ in range(2):
        collect.keep(database, sheet(1, other=True))
    assert collect.differing(database, OF.survey) == 12
    assert collect.differing(database, "f" * 32) == 0
    with sqlite3.connect(database) as connection:
        connection.execute("DROP TABLE differing")  # as an earlier version left it
    assert collect.differing(database, OF.survey) == 0


def test_many_who_write_at_once_lose_nothing_and_double_nothing(database: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        kept = [*pool.map(lambda number: collect.keep(database, sheet(number % 10)), range(40))]
    assert sum(each.new for each in kept) == 10 * 12
    assert sum(each.same for each in kept) == 30 * 12
    assert [answers.parse(text, OF) for text in collect.sheets(database)] == [sheet(number) for number in range(10)]


def test_answers_are_kept_all_or_none(database: Path) -> None:
    with sqlite3.connect(database) as connection:
        connection.execute(
            "CREATE TRIGGER full BEFORE INSERT ON answers WHEN NEW.n = 5 BEGIN SELECT RAISE(ABORT, 'disk full'); END"
        )
    with pytest.raises(sqlite3.Error, match="disk full"):
        collect.keep(database, sheet(1))
    assert collect.count(database) == (0, 0)


def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "answers.db").write_text("no database, but a text that is long enough to be read as the head of one")
    with pytest.raises(UserError, match="cannot be collected there"):
        collect.prepare(tmp_path / "answers.db")
    with pytest.raises(UserError, match="cannot be read"):
        [*collect.sheets(tmp_path / "answers.db")]
