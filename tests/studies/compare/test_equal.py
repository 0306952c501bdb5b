"""Style at equal content, read off between runs of several weights, on runs that follow a known law."""

import math
from typing import Any

import pytest

from stx.studies.compare import equal
from stx.studies.compare.protocol import Cell, Protocol
from stx.studies.compare.work import Results, Try, matching, measured, wanted

PROTOCOL = Protocol(
    statistics={"gram": "", "other": ""},
    reference="gram",
    photographs=["a", "b"],
    styles=["x"],
    seeds=[0],
    settings=[],
    betas={"gram": 3, "other": 4},
    runs=2,
    tolerance=0.02,
)


class Run:
    """Style falls as a power of content, whichever way that is measured; `other` has half of the reference's."""

    def __init__(self, content: float, factor: float):
        self.tags: dict[str, str] = {}
        self.latest = {
            "measure/content": content,
            "measure/cfsd": content**2,
            "measure/ssim": 1 - content**3,
            equal.JUDGED_BY: factor * content**-0.7,
        }


def results(*contents: float, **fields: Any) -> Results:
    def attempt(content: float, factor: float) -> Try:
        run: Any = Run(content, factor)
        return Try(content, run)

    runs = {}
    for photograph in PROTOCOL.photographs:
        runs[Cell("gram", photograph, "x", 0)] = [attempt(0.5, 1.0)]
        runs[Cell("other", photograph, "x", 0)] = [attempt(content, 0.5) for content in contents]
    return Results(PROTOCOL, runs, {}, "content")


@pytest.mark.parametrize("by", ["content", "cfsd", "ssim"])
def test_between_two_runs_it_follows_the_law(by: str) -> None:
    logs = equal.by_pair(results(0.8, 0.3, 0.2), "other", by)
    assert {pair: math.exp(log) for pair, log in logs.items()} == pytest.approx({("a", "x"): 0.5, ("b", "x"): 0.5})
    assert equal.shown(results(0.8, 0.3), "other", by) == "0.500 (2, ± 0.000)"


@pytest.mark.parametrize("contents", [(0.8, 0.6), (0.2, 0.3), ()])
def test_nothing_is_guessed_beyond_the_runs(contents: tuple[float, ...]) -> None:
    assert equal.by_pair(results(*contents), "other", "content") == {}
    assert equal.shown(results(*contents), "other", "content") == "–"


def test_a_similarity_counts_as_what_it_lacks_of_one() -> None:
    run: Any = Run(0.5, 1.0)
    assert measured(run, "ssim") == pytest.approx(0.125)
    assert measured(run, "cfsd") == 0.25


def test_there_is_a_table_where_there_is_more_than_one_weight_and_it_has_all_but_the_reference() -> None:
    assert equal.blocks(results(0.5)) == []
    heading, table, _ = equal.blocks(results(0.8, 0.3))
    assert "equal content" in str(heading)
    assert [row[0] for row in table.rows] == ["`other`"]  # type: ignore[union-attr]


def test_with_a_spread_every_statistic_has_its_weights_in_turn_and_none_is_searched() -> None:
    spread = PROTOCOL.model_copy(update={"spread": (1.0, 0.4, 2.5)})
    assert spread.rounds == 3
    first = Results(spread, {}, {}, "content")
    assert set(wanted(first).values()) == {3.0, 4.0}
    cell = Cell("other", "a", "x", 0)
    run: Any = Run(0.5, 1.0)
    for tries, beta in ((1, 1.6), (2, 10.0)):
        assert wanted(first._replace(runs={cell: [Try(4.0, run)] * tries}))[cell] == beta
    assert cell not in wanted(first._replace(runs={cell: [Try(4.0, run)] * 3}))


def test_contents_are_held_equal_by_a_measure_that_no_content_loss_optimised() -> None:
    assert matching(PROTOCOL, ["features"]) == matching(PROTOCOL, ["self_similarity"]) == "content"
    assert matching(PROTOCOL, ["features", "self_similarity"]) == "ssim"
    assert matching(PROTOCOL, ["laplacian", "self_similarity"]) == "content"
    assert matching(PROTOCOL.model_copy(update={"match": "cfsd"}), ["features", "self_similarity"]) == "cfsd"
