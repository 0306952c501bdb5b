"""Which weights are tried next, on statistics whose content distance follows a known law of the weight."""

from typing import Any

import pytest

from stx.studies.compare.balance import reached
from stx.studies.compare.protocol import Cell, Protocol, cells
from stx.studies.compare.work import Results, Try, first_round, member_name, wanted, weight

PROTOCOL = Protocol(
    statistics={"gram": "", "other": ""},
    reference="gram",
    photographs=["a"],
    styles=["x"],
    seeds=[0],
    settings=[],
    betas={"gram": 3, "other": 4},
    runs=5,
    tolerance=0.02,
    levels=(1.0, 4.0),
    least=3,
)
GRAM, OTHER = Cell("gram", "a", "x", 0), Cell("other", "a", "x", 0)


class Run:
    def __init__(self, content: float):
        self.latest = {"measure/content": content}


def made(slope: float, factor: float, protocol: Protocol = PROTOCOL, most: float = 9.0) -> Results:
    """All rounds: gram's content is 0.3 beta^0.25, the other's `factor` beta^`slope`, at most `most`."""
    results = Results(protocol, {}, {}, "content")
    for _ in range(protocol.rounds):
        for cell, beta in wanted(results).items():
            content = 0.3 * beta**0.25 if cell == GRAM else min(most, factor * beta**slope)
            run: Any = Run(content)
            results.runs.setdefault(cell, []).append(Try(beta, run))
    return results


@pytest.mark.parametrize("slope", [0.12, 0.25, 0.4])
@pytest.mark.parametrize("factor", [0.2, 0.3, 0.6])
def test_every_level_of_the_reference_ends_up_between_runs(slope: float, factor: float) -> None:
    results = made(slope, factor)
    assert [one.beta for one in results.runs[GRAM]] == [3, 12]
    assert 3 <= len(results.runs[OTHER]) <= 5
    contents = [results.content(one) for one in results.runs[OTHER]]
    assert len(results.targets(OTHER)) == 2
    for target in results.targets(OTHER):
        assert reached(contents, target, PROTOCOL.tolerance)
    assert len({one.beta for one in results.runs[OTHER]}) == len(contents)


def test_a_cell_that_meets_all_levels_early_has_its_least_runs_and_no_more() -> None:
    one_level = PROTOCOL.model_copy(update={"levels": (1.0,), "betas": {"gram": 3.0, "other": 3.0}})
    assert len(made(0.25, 0.3, one_level).runs[OTHER]) == 3
    assert len(made(0.25, 0.3, one_level.model_copy(update={"least": 1})).runs[OTHER]) == 1


def test_a_protocol_that_wants_pictures_side_by_side_gets_one_run_at_the_level_itself() -> None:
    one_level = PROTOCOL.model_copy(update={"levels": (1.0,), "least": 1, "runs": 4})
    for close in (False, True):
        results = made(0.25, 0.2, one_level.model_copy(update={"close": close}))
        nearest = min(abs(results.content(one) / results.targets(OTHER)[0] - 1) for one in results.runs[OTHER])
        assert (nearest <= PROTOCOL.tolerance) == close


def test_the_run_behind_the_first_passes_the_level_so_that_it_lies_between_two() -> None:
    one_level = PROTOCOL.model_copy(update={"levels": (1.0,), "least": 1})
    results = made(0.25, 0.2, one_level)
    assert len(results.runs[OTHER]) == 2
    first, second = (results.content(one) for one in results.runs[OTHER])
    assert first < results.targets(OTHER)[0] < second


def test_who_cannot_come_so_far_is_not_asked_for_ever_more_weight() -> None:
    results = made(0.25, 0.1, PROTOCOL.model_copy(update={"runs": 9}), most=0.2)
    assert len(results.runs[OTHER]) < 6
    assert wanted(results) == {}


def test_a_cell_whose_reference_failed_gets_its_first_run_only() -> None:
    run: Any = Run(0.5)
    results = Results(PROTOCOL, {OTHER: [Try(4.0, run)]}, {}, "content")
    assert set(wanted(results)) == {GRAM}
    assert results.target(OTHER) is None


def test_all_cells_begin_with_their_first_weight() -> None:
    assert wanted(Results(PROTOCOL, {}, {}, "content")) == {GRAM: 3.0, OTHER: 4.0}
    assert [*cells(PROTOCOL)] == [GRAM, OTHER]


@pytest.mark.parametrize(
    "changed",
    [{}, {"levels": (0.3, 1.0)}, {"spread": [0.4, 1.0]}, {"betas": {"gram": 1.25e-8, "other": 3e-11}}],
)
def test_the_first_round_makes_the_runs_that_are_wanted_first(changed: dict[str, Any]) -> None:
    protocol = PROTOCOL.model_copy(update=changed)
    names = [member_name(cell, beta) for cell, beta in wanted(Results(protocol, {}, {}, "content")).items()]
    assert [member.name for member in first_round(protocol, [])] == names


def test_a_small_weight_keeps_its_digits_and_a_product_none_of_its_rounding() -> None:
    protocol = PROTOCOL.model_copy(update={"betas": {"gram": 1.25e-8, "other": 10.0}})
    assert weight(protocol, "gram", 1.0) == 1.25e-8
    assert weight(protocol, "other", 0.3) == 3.0
