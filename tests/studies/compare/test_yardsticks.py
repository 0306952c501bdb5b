"""One list of what can be held equal: the order in which it is taken, and what a protocol may name, are of the same."""

import math
from typing import get_args

from stx.measures.catalogue import labels
from stx.studies.compare.protocol import Protocol
from stx.studies.compare.yardsticks import CLAIMED, IN_TURN, YARDSTICKS, measured


def test_all_of_them_have_their_turn_and_can_be_named() -> None:
    named = {name for option in get_args(Protocol.model_fields["match"].annotation) for name in get_args(option)}
    assert set(IN_TURN) == set(YARDSTICKS) == named
    assert len(IN_TURN) == len(YARDSTICKS)
    assert set(CLAIMED) < set(YARDSTICKS)


def test_each_is_a_measure() -> None:
    assert {f"measure/{name}" for name in YARDSTICKS} <= set(labels())


def test_of_a_similarity_what_it_lacks_of_1_is_the_distance() -> None:
    assert measured({"measure/ssim": 0.75}, "ssim") == 0.25
    assert measured({"measure/cfsd": 0.75}, "cfsd") == 0.75
    assert math.isnan(measured({}, "content"))
