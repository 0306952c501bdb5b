"""What the page is told of a run."""

import math
from itertools import pairwise

import pytest
import torch
from torch import Tensor

from stx.loop.listener import Row
from stx.loop.signals import Stop
from stx.runs.live import view as module
from stx.runs.live.view import POINTS, Live
from stx.runs.progress import Stage


def rows(first: int, last: int, style: float = 2.0) -> list[Row]:
    return [
        Row(step, 0.0, {"loss/total": float(step), "loss/content": 1.0, "loss/style": style})
        for step in range(first, last + 1)
    ]


@pytest.fixture
def live() -> Live:
    return Live("title", [Stage(100, 8, 6), Stage(20000, 16, 12)], Stop())


def test_a_long_run_s_curves_have_some_points_evenly_and_the_newest_step(live: Live) -> None:
    for first in range(1, 12346, 5):
        live.rows(rows(first, first + 4))
        assert len(live.now.curve) <= POINTS + 1
        assert live.now.curve[-1][0] == live.now.step == first + 4
    steps = [step for step, *_ in live.now.curve]
    assert len(steps) > POINTS / 3
    assert {after - before for before, after in pairwise(steps[:-1])} == {live.points_every}


def test_every_step_of_a_short_run_is_on_the_curves(live: Live) -> None:
    live.rows(rows(1, 300))
    assert [step for step, *_ in live.now.curve] == [*range(1, 301)]
    assert live.now.curve[6] == (7, 7.0, 1.0, 2.0)


def test_what_is_not_finite_is_a_gap_and_an_event(live: Live) -> None:
    live.rows(rows(1, 2, style=math.inf))
    live.happened([[2, "loss style"]])
    assert live.now.curve[-1] == (2, 2.0, 1.0, None)
    assert live.now.events == [[2, "loss style"]]


def test_sizes_and_levels_are_told(live: Live) -> None:
    live.rows(rows(1, 100))
    assert (live.now.steps, live.now.levels) == (20000, [100, 20000])
    assert live.now.where == "8 x 6, level 1 of 2"
    live.rows(rows(101, 101))
    assert live.now.where == "16 x 12, level 2 of 2"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [100.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


def test_pictures_are_made_once_a_second_and_only_while_a_page_is_open(live: Live, clock: list[float]) -> None:
    picture = torch.full((3, 6, 8), 0.5)
    live.seen(picture, 1)
    assert live.image is None
    live.pages = 1
    behind = []
    for step in range(1, 41):
        clock[0] += 0.125
        live.seen(picture, step)
        behind += [live.now.behind] if live.now.behind not in behind else []
    assert behind == [1, 9, 17, 25, 33]
    assert live.now.picture == 5


def test_pictures_that_take_long_come_seldom(live: Live, clock: list[float]) -> None:
    """A tenth of a second each: at most a fiftieth of the time."""

    def slow(picture: Tensor) -> Tensor:
        clock[0] += 0.1
        return picture

    live.pages, live.finish = 1, slow
    live.show(torch.zeros(3, 6, 8), 0)
    before = live.now.picture
    for step in range(100):
        clock[0] += 0.1
        live.seen(torch.zeros(3, 6, 8), step)
    assert live.now.picture - before <= 3


def test_a_picture_is_a_copy_that_the_next_step_does_not_change(live: Live) -> None:
    picture = torch.full((3, 6, 8), 0.25)
    live.show(picture, 1)
    picture.fill_(1)
    assert live.image
    assert live.image.getpixel((0, 0)) == (64, 64, 64)


def test_only_a_run_that_is_at_work_is_stopped() -> None:
    stop = Stop()
    live = Live("title", [Stage(10, 8, 6)], stop)
    assert not live.ask_to_stop()
    live.rows(rows(1, 3))
    assert live.ask_to_stop()
    assert stop.signal is not None
    live.rows(rows(4, 4))
    assert live.now.phase == "stopping"
    stop.signal = None
    live.rows(rows(5, 10))
    assert live.now.phase == "ending"
    assert not live.ask_to_stop()
    live.end("interrupted", "", torch.zeros(3, 6, 8))
    assert (live.now.phase, live.now.over) == ("interrupted", True)
    assert not live.ask_to_stop()
