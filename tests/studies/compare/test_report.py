"""Words of a comparison's report; tests/test_compare.py reads a whole one."""

from stx.studies.compare.report import counted


def test_one_of_a_kind_is_no_plural() -> None:
    assert (counted(["china"], "photograph"), counted([0, 1], "seed")) == ("1 photograph", "2 seeds")
