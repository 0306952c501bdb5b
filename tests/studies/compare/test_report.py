"""Words of a comparison's report; tests/test_compare.py reads a whole one."""

from stx.studies.compare.leaderboard import Ratio
from stx.studies.compare.report import counted, in_a_line


def test_one_of_a_kind_is_no_plural() -> None:
    assert (counted(["china"], "photograph"), counted([0, 1], "seed")) == ("1 photograph", "2 seeds")


def test_a_comparison_ends_with_its_scores_in_one_line_the_nearest_to_the_style_first() -> None:
    scores = {"gram": Ratio(1.0, 0.9, 1.1, 3), "mean_std": Ratio(0.79, 0.7, 0.9, 3), "cooc_vector": None}
    assert in_a_line(scores, "gram").endswith("lower is better: mean_std 0.79, gram 1.00")
    assert in_a_line({"gram": Ratio(1.0, 0.9, 1.1, 3)}, "gram") == ""
