"""What a run tells of how it ended."""

import pytest
import torch

from stx.loop.listener import Event, Outcome

PICTURE = torch.zeros(3, 1, 1)


@pytest.mark.parametrize(
    ("stopped", "diverged", "status"),
    [
        (False, False, "finished"),
        (False, True, "diverged"),
        (True, False, "interrupted"),
        (True, True, "interrupted"),  # goes on when it is resumed, whatever was met before
    ],
)
def test_an_interrupted_run_is_that_whatever_it_met(stopped: bool, diverged: bool, status: str) -> None:
    assert Outcome(3, PICTURE, [], stopped, diverged).status == status


def test_the_first_event_of_several_is_the_cause() -> None:
    events: list[Event] = [[3, "features conv2_1"], [5, "loss total"]]
    assert Outcome(9, PICTURE, events).event == "step 3: features conv2_1"
    assert Outcome(9, PICTURE, []).event is None
