"""Intervals of crossed pairs cover the truth as often as they say, which resampled pairs do not."""

import math

import numpy as np
import pytest
from scipy.stats import false_discovery_control, t

from stx.studies.compare.intervals import CONFIDENCE, Pair, holm, interval, means
from stx.studies.compare.protocol import turns


def crossed(rng: np.random.Generator, pairs: list[Pair], deviations: tuple[float, float, float]) -> dict[Pair, float]:
    """A value for each pair, of mean zero: what its photograph adds, what its style adds, and the rest."""
    photographs = {name: rng.normal(0, deviations[0]) for name in sorted({photograph for photograph, _ in pairs})}
    styles = {name: rng.normal(0, deviations[1]) for name in sorted({style for _, style in pairs})}
    return {pair: photographs[pair[0]] + styles[pair[1]] + rng.normal(0, deviations[2]) for pair in pairs}


def design(photographs: int, styles: int, each: int) -> list[Pair]:
    return [(f"p{number}", f"s{style}") for number in range(photographs) for style in turns(number, styles, each)]


@pytest.mark.parametrize(
    ("photographs", "styles", "each"),
    [(3, 3, 3), (12, 12, 3), (6, 5, 5)],
    ids=["3 x 3", "12 x 12, three each", "6 x 5"],
)
@pytest.mark.parametrize("deviations", [(0.1, 0.05, 0.1), (0.0, 0.1, 0.02)], ids=["all", "styles"])
def test_the_interval_covers_the_mean_at_least_as_often_as_it_says(
    photographs: int, styles: int, each: int, deviations: tuple[float, float, float]
) -> None:
    rng = np.random.default_rng(1)
    pairs, simulations = design(photographs, styles, each), 150
    drawn = [crossed(rng, pairs, deviations) for _ in range(simulations)]
    covered = sum(one.low <= 0 <= one.high for one in map(interval, drawn))
    assert covered >= simulations * CONFIDENCE - 2 * math.sqrt(simulations * CONFIDENCE * (1 - CONFIDENCE))
    naive = 0
    for values in drawn:
        numbers = np.array([*values.values()])
        half = t.ppf(0.975, len(numbers) - 1) * numbers.std(ddof=1) / math.sqrt(len(numbers))
        naive += abs(numbers.mean()) <= half
    assert naive < covered


def test_the_spread_of_a_full_design_is_the_formulas() -> None:
    """The variance that the bootstrap aims at, from row and column means: Owen 2007, section 3, for a full design."""
    values = crossed(np.random.default_rng(4), design(8, 7, 7), (0.3, 0.2, 0.1))
    table = np.array([[values[f"p{row}", f"s{column}"] for column in range(7)] for row in range(8)])
    rows, columns = table.mean(1).var() / 8, table.mean(0).var() / 7
    rest = (table - table.mean(1, keepdims=True) - table.mean(0) + table.mean()).var() / 56
    wanted = math.sqrt(rows + columns + rest)
    half = wanted * t.ppf(0.975, 6)
    mean = table.mean()
    assert interval(values)[:2] == pytest.approx((mean - half, mean + half), abs=0.06 * half)


def test_few_pictures_have_no_interval() -> None:
    for pairs in (design(2, 2, 2), design(1, 2, 2), [("a", "x")]):
        assert all(math.isnan(value) for value in interval(dict.fromkeys(pairs, 0.1)))
    assert interval({(name, "x"): number for number, name in enumerate("abc")}).low < 1 < 2.5


def test_it_is_the_same_each_time_whatever_the_order_and_has_no_width_where_all_are_equal() -> None:
    values = crossed(np.random.default_rng(0), design(5, 4, 3), (0.1, 0.1, 0.1))
    assert interval(dict(reversed(values.items()))) == pytest.approx(interval(values), rel=1e-12)
    assert interval(dict.fromkeys(values, 0.2)) == pytest.approx((0.2, 0.2, 0.0))
    assert interval(dict.fromkeys(values, 0.0)) == (0.0, 0.0, 1.0)


def test_p_and_interval_say_the_same() -> None:
    rng = np.random.default_rng(2)
    for shift in (0.0, 0.1, 0.2, 0.3):
        values = {pair: value + shift for pair, value in crossed(rng, design(6, 6, 6), (0.1, 0.1, 0.1)).items()}
        low, high, p = interval(values)
        assert (low > 0 or high < 0) == (p < 1 - CONFIDENCE)


def test_holms_correction_by_hand_and_never_below_benjamini_hochbergs() -> None:
    assert holm({"a": 0.01, "b": 0.04, "c": 0.03}) == pytest.approx({"a": 0.03, "b": 0.06, "c": 0.06})
    assert holm({"a": 0.5, "b": math.nan})["a"] == 0.5
    assert math.isnan(holm({"b": math.nan})["b"])
    ps = np.random.default_rng(0).random(9) ** 3
    adjusted = holm({str(number): float(p) for number, p in enumerate(ps)})
    assert (np.array([*adjusted.values()]) >= false_discovery_control(ps) - 1e-12).all()


def test_seeds_of_a_pair_are_averaged() -> None:
    assert means([(("a", "x"), 1.0), (("a", "x"), 3.0), (("b", "x"), 5.0)]) == {("a", "x"): 2.0, ("b", "x"): 5.0}
