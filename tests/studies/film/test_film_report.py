"""What a film's report makes of numbers that are known."""

import json
import math
from fractions import Fraction

import pytest

from stx.film import progress
from stx.pictures import clip
from stx.studies.film.frames import Plan
from stx.studies.film.options import read
from stx.studies.film.report import as_json, description, drift, said, summary
from stx.studies.film.work import Frame


def frame(number: int, anew: bool, flickers: tuple[float, float], brightness: tuple[float, float]) -> Frame:
    return Frame(number, False, anew, "finished", 0.9, *flickers, *brightness, {"loss/total": math.nan})


@pytest.fixture
def source() -> clip.Film:
    return clip.Film("shots", (), (64, 48), 1, Fraction(25))


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
    numbers = as_json(summary(FRAMES[:1], {}), FRAMES[:1], {})
    assert numbers["summary"]["flicker"] is None
    assert numbers["frames"][0]["losses"] == {"loss/total": None}
    json.dumps(numbers, allow_nan=False)


@pytest.mark.parametrize("frames", [FRAMES[:1], [FRAMES[0], FRAMES[2]]])
def test_where_every_frame_begins_a_scene_nobody_is_told_of_flicker(frames: list[Frame], source: clip.Film) -> None:
    total = summary(frames, {})
    text = description(total, "stx film")
    assert text.startswith(f"drift of brightness {total.end:+.4f}\n\n[![frames of the source")
    assert text.endswith("`stx film`")
    (items, _) = said(Plan(source, read({}), (64, 48), (), None, ""), total, frames)
    assert "flicker" not in str(items)
    assert "nan" not in str(items)
    assert "flicker" not in " ".join(map(progress, frames))


def test_flicker_is_told_where_there_is_some() -> None:
    total = summary(FRAMES, {2: 0.1})
    assert description(total, "").startswith("**flicker 0.0300**, 0.1000 frame by frame · drift of brightness -0.0200")
    assert progress(FRAMES[1]) == "finished, 90% of it seen before, flicker 0.0200"
