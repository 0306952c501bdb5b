"""Words of a comparison's report; tests/test_compare.py reads a whole one."""

from typing import Any

from stx.studies.compare.leaderboard import Ratio
from stx.studies.compare.report import counted, in_a_line, sizes, steps


def test_one_of_a_kind_is_no_plural() -> None:
    assert (counted(["china"], "photograph"), counted([0, 1], "seed")) == ("1 photograph", "2 seeds")


class Run:
    def __init__(self, width: int, height: int, steps: int):
        self.params = {"image_size.width": f"{width}", "image_size.height": f"{height}", "optim.steps": f"{steps}"}


def test_all_sizes_and_numbers_of_steps_of_the_runs_are_named() -> None:
    runs: list[Any] = [Run(256, 192, 120), Run(256, 192, 30), Run(192, 256, 30)]
    assert (sizes(runs[:1]), steps(runs[:1])) == ("256 x 192", "120")
    assert (sizes(runs), steps(runs)) == ("192 x 256 or 256 x 192", "30 or 120")
    assert steps([*runs, Run(64, 64, 7)]) == "7, 30 or 120"  # type: ignore[list-item]
    many: list[Any] = [Run(512, height, 3) for height in (300, 320, 340, 384, 512)]
    assert sizes(many) == "5 sizes from 512 x 300 to 512 x 512"


def test_a_comparison_ends_with_its_scores_in_one_line_the_nearest_to_the_style_first() -> None:
    scores = {"gram": Ratio(1.0, 0.9, 1.1, 3), "mean_std": Ratio(0.79, 0.7, 0.9, 3, 0.01), "cooc_vector": None}
    assert in_a_line(scores, "gram").endswith("lower is better: mean_std 0.79, gram 1.00")
    alone = {name: Ratio(*score[:4]) for name, score in scores.items() if score}
    assert in_a_line(alone, "gram").endswith("gram 1.00 (too few pictures to rule out chance)")
    assert in_a_line({"gram": Ratio(1.0, 0.9, 1.1, 3)}, "gram") == ""
