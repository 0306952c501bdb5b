"""What is told of the vector follows its runs: which of its faults hides the style, and whether it holds it."""

import pytest

from stx.studies.thesis.evidence import Evidence
from stx.studies.thesis.reasons import PUBLISHED, conclusions


def run(left: float, style: float) -> Evidence:
    series = {"loss/style": [(1, 1.0), (9, left)]}
    return Evidence("0", "finished", "", 25, style, 0.5, 0.1, 0.5, 100.0, 100.0, False, series)


MEASURED = {
    PUBLISHED: run(0.76, 0.72),
    "why_masked_undone": run(0.77, 0.91),
    "why_all_features": run(0.023, 0.75),
    "why_undone": run(0.074, 0.40),
    "why_soft_mask": run(0.098, 0.49),
}


def test_each_fault_is_told_apart() -> None:
    conditioning, gradient, both, information = conclusions(MEASURED)
    assert "2.3% of the loss are left at a style distance of 0.75" in conditioning
    assert conditioning.endswith("that is 0.40: the style was there, and the distance did not see it.")
    assert "76% of the loss are left: it is hardly minimised" in gradient
    assert gradient.endswith("leaves 10%, at a style distance of 0.49 in place of 0.72: it carries style.")
    assert "77%" in both
    assert "0.40 and 0.49: what it holds is not why" in information


@pytest.mark.parametrize("missing", ["why_undone", "why_soft_mask"])
def test_nothing_is_told_of_what_does_not_carry_style(missing: str) -> None:
    lines = conclusions(MEASURED | {missing: run(0.05, 0.7)})
    assert not any("Information" in line for line in lines)
    assert not any("the style was there" in line for line in lines if missing == "why_undone")


def test_nothing_is_told_of_what_was_not_run() -> None:
    assert conclusions({}) == []
    assert len(conclusions({"why_undone": run(0.07, 0.4), "why_all_features": run(0.02, 0.7)})) == 2
