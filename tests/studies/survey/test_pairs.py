"""Which pictures are shown beside which."""

import math
import random
from collections import Counter
from itertools import combinations
from pathlib import Path

import pytest
from surveys import METHODS, entries, entry

from stx.studies.survey.pairs import apart, comparable, left_alone, pairs, rounded_up, widest


def test_pictures_of_one_photograph_style_and_seed_by_two_methods_are_shown_beside_each_other(tmp_path: Path) -> None:
    all_of_them = entries(tmp_path)
    pool = pairs(all_of_them, 0, random.Random(0))
    expected = {
        frozenset((one, other))
        for one, other in combinations(range(len(all_of_them)), 2)
        if all_of_them[one].cell == all_of_them[other].cell
    }
    assert {frozenset(map(all_of_them.index, pair)) for pair in pool} == expected
    assert len(pool) == len(expected) == 12


def test_another_seed_size_or_content_and_the_same_method_are_not(tmp_path: Path) -> None:
    one = entry(tmp_path, "gram", content=1.0)
    for other, count in (
        (entry(tmp_path, "mean_std", content=1.05), 1),
        (entry(tmp_path, "mean_std", content=1.06), 0),
        (entry(tmp_path, "mean_std", content=math.nan), 0),
        (entry(tmp_path, "mean_std", seed="1"), 0),
        (entry(tmp_path, "mean_std")._replace(size="32 x 24"), 0),
        (entry(tmp_path, "gram", content=1.01), 0),
    ):
        assert len([*comparable([one, other], 0.05 + 1e-9)]) == count


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [(1, 1, 0), (2, 3, 0.5), (3, 2, 0.5), (0, 0, 0), (0, 1, math.inf), (1, math.nan, math.inf)],
)
def test_content_distances_are_apart_by_what_the_larger_has_more(one: float, other: float, expected: float) -> None:
    assert apart(one, other) == expected


def test_any_stretch_of_the_order_has_each_two_methods_about_as_often(tmp_path: Path) -> None:
    pool = pairs(entries(tmp_path, photographs="abcdef", styles="uvwxyz"), 0, random.Random(1))
    for start in range(0, len(pool), 7):
        stretch = [pool[(start + place) % len(pool)] for place in range(30)]
        counts = Counter(frozenset(each.method for each in pair) for pair in stretch)
        assert len(counts) == 3
        assert max(counts.values()) - min(counts.values()) <= 2
    first = Counter(pair.first.method for pair in pool)
    assert max(first.values()) < 0.6 * len(pool)  # which of two comes first says nothing


def test_the_tolerance_that_takes_in_every_picture_is_the_farthest_one_s(tmp_path: Path) -> None:
    several = [
        entry(tmp_path, method, photograph=photograph, content=content)._replace(run=f"{method}-{photograph}")
        for method, photograph, content in (("gram", "a", 1.0), ("mean_std", "a", 1.08), ("gram", "b", 1.0),
                                            ("mean_std", "b", 1.117), ("gram", "c", 1.0))
    ]  # fmt: skip
    least = float(rounded_up(widest(several)))
    assert least == 0.12
    assert len(pairs(several, least, random.Random(0))) == 2
    assert len(pairs(several, least - 0.01, random.Random(0))) == 1
    assert rounded_up(0.08) == "0.08"  # not 0.09, as a rounding error would make it
    assert "tolerance=0.12 takes in all that can be paired" in left_alone(several, [], 0.05)
    assert widest(several[-1:]) == math.inf


def test_a_seed_is_an_order(tmp_path: Path) -> None:
    one, same, other = (pairs(entries(tmp_path), 0, random.Random(seed)) for seed in (0, 0, 1))
    assert one == same != other
    assert {frozenset(each.method for each in pair) for pair in one} == {
        frozenset(each) for each in combinations(METHODS, 2)
    }


def test_pictures_that_no_other_method_s_content_comes_near_are_counted(tmp_path: Path) -> None:
    one, near, far = (
        entry(tmp_path, method, content=content)
        for method, content in (("gram", 1.0), ("mean_std", 1.01), ("cooc_gram", 2.0))
    )
    pool = pairs([one, near, far], 0.05, random.Random(0))
    assert left_alone([one, near, far], pool, 0.05).startswith("1 of 3 pictures are left out, among them all of cooc")
    again = near._replace(content=2.0, run="again")
    assert left_alone([one, near, again], pool, 0.05).startswith("1 of 3 pictures are left out: no other")
    assert left_alone([one, near], pool, 0.05) == ""
