"""answers.db: what the server has collected, each answer in a transaction, none twice."""

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
"""Seconds that one waits for others who write."""
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
"""Of answers that came after another one to the same question: what they were, for the score to count them."""
FIELDS = tuple(Answer.model_fields)
COLUMNS = ", ".join(f'"{name}"' for name in FIELDS)


class Kept(NamedTuple):
    """Of some answers, how many were new, how many are there as they are, and how many otherwise."""

    new: int
    same: int
    differing: int


@contextmanager
def opened(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection whose writes are one transaction. Raises sqlite3.Error."""
    with closing(sqlite3.connect(path, timeout=PATIENCE)) as connection, connection:
        yield connection


def prepare(path: Path) -> None:
    """The tables, before anybody writes. Raises UserError for a file that is no database."""
    try:
        with closing(sqlite3.connect(path, timeout=PATIENCE)) as connection:
            connection.execute("PRAGMA journal_mode = WAL")  # readers and a writer do not wait for each other
            with connection:
                connection.execute(TABLE)
                connection.execute(DIFFERING)
    except sqlite3.Error as error:
        raise UserError(f"{path}: answers cannot be collected there ({first_line(error)}); move it away") from None


def keep(path: Path, sheet: Sheet) -> Kept:
    """A rater's answers. The first one to a question stays."""
    counts = [0, 0, 0]
    with opened(path) as connection:
        connection.execute("BEGIN IMMEDIATE")  # else two that have read would both wait to write
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
    """An answer that is not kept: once, however often it is sent."""
    connection.execute(
        "INSERT INTO differing VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (sheet.survey, sheet.rater, answer.pair, answer.asks, answer.again, answer.chosen, time.time()),
    )


def chosen(connection: sqlite3.Connection, sheet: Sheet, answer: Answer) -> str:
    """What the rater has answered to that question before."""
    row = connection.execute(
        "SELECT chosen FROM answers WHERE survey = ? AND rater = ? AND pair = ? AND asks = ? AND again = ?",
        (sheet.survey, sheet.rater, answer.pair, answer.asks, answer.again),
    ).fetchone()
    return str(row[0])


def sheets(path: Path) -> Iterator[bytes]:
    """What was collected, a rater at a time, as the JSON of his file: to be checked as that is. Raises UserError."""
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
    """How many answers to a survey were not kept, as there was another one. A database of an earlier version has noted
    none. Raises UserError."""
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
    """How many answers, of how many raters."""
    with opened(path) as connection:
        row = connection.execute("SELECT count(*), count(DISTINCT rater) FROM answers").fetchone()
    return int(row[0]), int(row[1])
