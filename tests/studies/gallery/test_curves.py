"""Losses reduced to what a chart can show."""

import json
import math
from itertools import pairwise

from stx.studies.gallery.curves import MOST, curves, spread


def test_a_long_curve_keeps_its_ends_and_is_spread_evenly() -> None:
    points = [(step, 1.0 / step) for step in range(1, 10_001)]
    (curve,) = curves({"loss/total": points}).values()
    steps = [step for step, _ in curve]
    assert (len(curve), steps[0], steps[-1]) == (MOST, 1, 10_000)
    gaps = {after - before for before, after in pairwise(steps)}
    assert max(gaps) - min(gaps) <= 1
    assert spread([1, 2, 3], 3) == [1, 2, 3]


def test_what_a_logarithm_cannot_show_is_a_gap_and_valid_json() -> None:
    values = [1.0, math.nan, math.inf, 0.0, -1.0, 123456.789]
    curve = curves({"loss/style": list(enumerate(values))})
    assert curve == {"style": [(0, 1.0), (1, None), (2, None), (3, None), (4, None), (5, 123460.0)]}
    json.dumps(curve, allow_nan=False)
