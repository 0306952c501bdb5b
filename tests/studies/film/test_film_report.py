"""What a film's report makes of numbers that are known."""

import json
import math

import pytest

from stx.studies.film.report import as_json, drift, summary
from stx.studies.film.work import Frame


def frame(number: int, anew: bool, flickers: tuple[float, float], brightness: tuple[float, float]) -> Frame:
    return Frame(number, False, anew, "finished", 0.9, *flickers, *brightness, {"loss/total": math.nan})


NONE = (math.nan, math.nan)
FRAMES = [
    frame(1, True, NONE, (0.5, 0.4)),
    frame(2, False, (0.02, 0.01), (0.53, 0.4)),
    frame(3, True, NONE, (0.9, 0.7)),
    frame(4, False, (0.04, 0.03), (0.88, 0.75)),
]


def test_flicker_is_the_mean_within_scenes_and_drift_is_since_each_began() -> None:
    total = summary(FRAMES, {2: 0.1})
    assert total.flicker == pytest.approx(0.03)
    assert total.source_flicker == pytest.approx(0.02)
    assert (total.alone, total.beside, total.source_beside) == pytest.approx((0.1, 0.02, 0.01))
    assert drift(FRAMES, "brightness") == pytest.approx([0, 0.03, 0, -0.02])
    assert (total.drift, total.end, total.source_end) == pytest.approx((0.03, -0.02, 0.05))


def test_a_film_of_one_frame_has_no_flicker_and_its_json_no_nan() -> None:
    said = as_json(summary(FRAMES[:1], {}), FRAMES[:1], {})
    assert said["summary"]["flicker"] is None
    assert said["frames"][0]["losses"] == {"loss/total": None}
    json.dumps(said, allow_nan=False)
