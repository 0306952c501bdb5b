"""A chart has so many points, evenly spread, and every event."""

import pytest

from stx.loop.listener import Row
from stx.runs.tracking.points import Points


def rows(first: int, last: int, event: int = 0, norms: int = 0) -> list[Row]:
    return [
        Row(
            step,
            0.0,
            {"loss/total": 1.0, "nan/events": float(0 < event <= step)}
            | ({"grad_norm/style": 1.0} if step == norms else {}),
        )
        for step in range(first, last + 1)
    ]


@pytest.mark.parametrize(
    ("most", "steps", "every"), [(500, 500, 1), (500, 501, 2), (500, 1000, 2), (3, 10, 4), (0, 9, 1)]
)
def test_points_are_evenly_spread_and_no_more_than_asked_beside_the_first(most: int, steps: int, every: int) -> None:
    points = Points(most, steps)
    batches = [rows(1, 7), rows(8, steps)]
    picked = [row.step for batch in batches for row in points.pick(batch)]
    assert picked == sorted({1, *range(every, steps + 1, every)})
    assert len(picked) <= (most or steps) + 1


def test_what_happened_and_what_few_steps_have_is_told_whenever_it_was() -> None:
    points = Points(2, 100)
    assert [row.step for row in points.pick(rows(1, 49, event=7, norms=11))] == [1, 7, 11]


def test_nothing_happened_in_a_step_that_says_nothing_of_it() -> None:
    silent = [row._replace(values={"loss/total": 1.0}) for row in rows(2, 4)]
    assert [row.step for row in Points(2, 100).pick([*rows(1, 1), *silent, *rows(5, 9, event=8)])] == [1, 5, 8]


def test_a_metric_that_begins_late_and_stays_is_thinned_as_all_others() -> None:
    late = [row._replace(values={**row.values, "lbfgs/pairs": 1.0}) for row in rows(2, 10)]
    assert [row.step for row in Points(2, 10).pick([*rows(1, 1), *late])] == [1, 2, 5, 10]


def test_the_newest_row_is_kept_until_it_is_told() -> None:
    points = Points(2, 10)
    points.pick(rows(1, 3))
    assert points.left == rows(3, 3)[0]
    points.pick(rows(4, 5))
    assert points.left is None
    points.pick([])
    assert points.left is None
