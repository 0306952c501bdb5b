"""answers.db: what the server has collected, the answers of each request in one transaction, none twice."""

import json
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from stx.errors import UserError, first_line
from stx.studies.survey.answers import Answer, Sheet

PATIENCE = 20.0
"""Seconds to wait for others that are writing."""
TABLE = """
CREATE TABLE IF NOT EXISTS answers (
    survey TEXT NOT NULL, rater TEXT NOT NULL, pair TEXT NOT NULL, asks TEXT NOT NULL, again INTEGER NOT NULL,
    "left" TEXT NOT NULL, chosen TEXT NOT NULL, ms INTEGER NOT NULL, n INTEGER NOT NULL, at REAL NOT NULL,
    PRIMARY KEY (survey, rater, pair, asks, again)
)
"""
DIFFERING = """
CREATE TABLE IF NOT EXISTS differing (
    survey TEXT NOT NULL, rater TEXT NOT NULL, pair TEXT NOT NULL, asks TEXT NOT NULL, again INTEGER NOT NULL,
    chosen TEXT NOT NULL, at REAL NOT NULL, PRIMARY KEY (survey, rater, pair, asks, again, chosen)
)
"""
"""Answers that differ from an earlier one to the same question, so that the score can count them."""
FIELDS = tuple(Answer.model_fields)
COLUMNS = ", ".join(f'"{name}"' for name in FIELDS)


class Kept(NamedTuple):
    """How many of some answers were new, how many were there already, and how many differ from what was there."""

    new: int
    same: int
    differing: int


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection whose writes are one transaction. Raises sqlite3.Error."""
    with closing(sqlite3.connect(path, timeout=PATIENCE)) as connection, connection:
        yield connection


def prepare(path: Path) -> None:
    """Create the tables, before anybody writes. Raises UserError for a file that is not a database."""
    try:
        with closing(sqlite3.connect(path, timeout=PATIENCE)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")  # readers and a writer do not wait for each other
            with connection:
                connection.execute(TABLE)
                connection.execute(DIFFERING)
    except sqlite3.Error as error:
        raise UserError(f"{path}: answers cannot be collected there ({first_line(error)}); move it away") from None


def keep(path: Path, sheet: Sheet) -> Kept:
    """Store a rater's answers. The first answer to a question stays."""
    counts = [0, 0, 0]
    with opened(path) as connection:
        connection.execute("BEGIN IMMEDIATE")  # else two connections that have read would both wait to write
        for answer in sheet.answers:
            values = [getattr(answer, name) for name in FIELDS]
            row = connection.execute(
                f"INSERT INTO answers (survey, rater, at, {COLUMNS}) VALUES (?, ?, ?, {', '.join('?' * len(FIELDS))}) "
                "ON CONFLICT DO NOTHING",
                (sheet.survey, sheet.rater, time.time(), *values),
            )
            differs = not row.rowcount and chosen(connection, sheet, answer) != answer.chosen
            if differs:
                noted(connection, sheet, answer)
            counts[0 if row.rowcount else 1 + differs] += 1
    return Kept(*counts)


def noted(connection: sqlite3.Connection, sheet: Sheet, answer: Answer) -> None:
    """Note an answer that is not kept, once however often it is sent."""
    connection.execute(
        "INSERT INTO differing VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (sheet.survey, sheet.rater, answer.pair, answer.asks, answer.again, answer.chosen, time.time()),
    )


def chosen(connection: sqlite3.Connection, sheet: Sheet, answer: Answer) -> str:
    """What the rater chose for that question before."""
    row = connection.execute(
        "SELECT chosen FROM answers WHERE survey = ? AND rater = ? AND pair = ? AND asks = ? AND again = ?",
        (sheet.survey, sheet.rater, answer.pair, answer.asks, answer.again),
    ).fetchone()
    return str(row[0])


def sheets(path: Path) -> Iterator[bytes]:
    """Yield what was collected, one rater at a time, as the JSON of a rater's file, to be checked like one.

    Raises UserError if the database cannot be read.
    """
    try:
        with opened(path) as connection:
            rows = connection.execute(
                f"SELECT survey, rater, {COLUMNS} FROM answers ORDER BY survey, rater, n"
            ).fetchall()
    except sqlite3.Error as error:
        raise unreadable(path, error) from None
    for (survey, rater), several in groupby(rows, key=lambda row: row[:2]):
        answers = [dict(zip(FIELDS, row[2:], strict=True)) for row in several]
        whole = [answer | {"again": bool(answer["again"])} for answer in answers]
        yield json.dumps({"format": 1, "survey": survey, "rater": rater, "answers": whole}).encode()


def differing(path: Path, survey: str) -> int:
    """How many answers to a survey were not kept because they differ from an earlier one.

    A database of an earlier version has noted none. Raises UserError if it cannot be read.
    """
    try:
        with opened(path) as connection:
            if not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'differing'").fetchone():
                return 0
            return int(connection.execute("SELECT count(*) FROM differing WHERE survey = ?", (survey,)).fetchone()[0])
    except sqlite3.Error as error:
        raise unreadable(path, error) from None


def unreadable(path: Path, error: sqlite3.Error) -> UserError:
    return UserError(f"{path}: it cannot be read ({first_line(error)}); move it away to score the rest")


def count(path: Path) -> tuple[int, int]:
    """How many answers there are, and from how many raters."""
    with opened(path) as connection:
        row = connection.execute("SELECT count(*), count(DISTINCT rater) FROM answers").fetchone()
    return int(row[0]), int(row[1])
