"""Parents and their children, at whatever depth."""

from typing import Any

import pytest

from stx.runs.tracking.experiments import CONDITION, descendants, leaves


class Run:
    def __init__(self, name: str, parent: str = "", **tags: str):
        self.id, self.tags = name, {**tags, **({"mlflow.parentRunId": parent} if parent else {})}


OUTER, INNER, FILM = Run("outer"), Run("inner", "outer"), Run("film", **{"stx.batch": "film"})
FIRST, DEEP, ALONE = Run("first", "outer"), Run("deep", "inner"), Run("alone")
ALL: list[Any] = [DEEP, ALONE, FIRST, INNER, OUTER, FILM]


def test_descendants_are_of_all_levels_in_whatever_order_runs_come() -> None:
    assert descendants(ALL, "outer") == [DEEP, FIRST, INNER]
    assert descendants(ALL, "inner") == [DEEP]
    assert descendants(ALL, "alone") == []


def test_parents_are_left_out_unless_there_is_nothing_else() -> None:
    assert leaves(ALL) == [DEEP, ALONE, FIRST]
    films: list[Any] = [FILM]
    assert leaves(films) == films
    assert leaves([]) == []


@pytest.mark.parametrize(
    ("asked", "expected"),
    [("params.a = 'b'", True), ("metrics.x>1", True), ("params.a LIKE '%b'", True), ("tags.x is null", True),
     ("mine", False), ("listing", False), ("d-island", False)],
)  # fmt: skip
def test_a_filter_is_known_by_its_sign(asked: str, expected: bool) -> None:
    assert bool(CONDITION.search(asked)) == expected
