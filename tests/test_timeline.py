"""Where a command's time goes."""

import time

import pytest

from stx import timeline


def test_parts_are_told_in_their_order_and_one_that_comes_again_is_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([10.0, 11.0, 13.0, 16.0, 20.0, 100.0, 100.5])
    monkeypatch.setattr(time, "perf_counter", lambda: next(clock))
    timeline.begin()
    for part in ("import", "steps", "measures", "steps"):
        timeline.ended(part)
    assert list(timeline.parts().items()) == [("import", 1.0), ("steps", 6.0), ("measures", 3.0)]
    timeline.begin()
    timeline.ended("steps")
    assert timeline.parts() == {"steps": 0.5}
