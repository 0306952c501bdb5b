"""How large pictures may be: the more runs, the smaller."""

from stx.studies.gallery.sides import LARGEST, MOST_BYTES, SMALLER, SMALLEST, foretold, sides


def test_few_runs_have_large_pictures_and_many_have_smaller_ones_within_the_page_s_size() -> None:
    assert sides([]) == sides([(512, 380)] * 20) == LARGEST
    chosen = [sides([(1024, 768)] * count) for count in (30, 100, 300)]
    assert chosen == sorted(chosen, reverse=True)
    assert len(set(chosen)) == 3
    assert all(
        foretold([(1024, 768)] * count, one) <= MOST_BYTES for count, one in zip((30, 100, 300), chosen, strict=True)
    )
    assert sides([(1024, 768)] * 100_000) == SMALLEST


def test_pictures_that_are_small_anyway_are_not_made_smaller() -> None:
    assert sides([(64, 48)] * 300) == LARGEST
    assert foretold([(64, 48)], LARGEST) == foretold([(64, 48)], SMALLER[-1])


def test_three_hundred_runs_of_the_usual_size_keep_it() -> None:
    assert sides([(512, 380)] * 300).result == 512
