"""The leaderboard's signs: what was measured at a reduced size is not ranked against what was measured whole."""

import math
from types import SimpleNamespace
from typing import Any

from stx.studies.compare.board import board, conclusion, note, reduced, resampled
from stx.studies.compare.equal import level
from stx.studies.compare.leaderboard import Ratio
from stx.studies.compare.protocol import Cell, Protocol
from stx.studies.compare.work import Results, Try
from stx.studies.page import Text

PROTOCOL = Protocol(
    statistics={"gram": "", "small": "", "other": ""},
    reference="gram",
    photographs=["a"],
    styles=["x"],
    seeds=[0],
    settings=[],
    betas={"gram": 3},
    runs=3,
    tolerance=0.02,
)
SCORES = {name: Ratio(mean, math.nan, math.nan, 1) for name, mean in (("small", 0.5), ("other", 0.8))}


def results(**tags: dict[str, str]) -> Results:
    runs: dict[Cell, list[Try]] = {}
    for name in PROTOCOL.statistics:
        run: Any = SimpleNamespace(tags=tags.get(name, {}), latest={}, baselines={})
        runs[Cell(name, "a", "x", 0)] = [Try(3, run)]
    return Results(PROTOCOL, runs, {}, "content")


def told(several: Results) -> str:
    (text,) = conclusion(several, SCORES, {}, [])
    assert isinstance(text, Text)
    return text.text


def test_the_nearest_is_sought_among_those_that_were_measured_as_the_reference_was() -> None:
    assert "**`small`**" in told(results())
    mixed = results(small={"stx.measured_at": "96 x 64"})
    assert reduced(mixed) == {"small"}
    assert "**`other`**" in told(mixed)
    assert (
        "§ some of its runs were measured at a reduced size" in note(level(mixed, "content"), SCORES, gaps=False).text
    )
    assert "§" not in note(level(results(), "content"), SCORES, gaps=False).text


def test_a_cell_without_a_number_is_explained_where_there_is_one() -> None:
    assert "–: too few runs reach that content" in note(level(results(), "content"), SCORES, gaps=True).text
    assert "–" not in note(level(results(), "content"), SCORES, gaps=False).text


def test_one_style_is_held_fixed_and_the_intervals_say_nothing_of_others() -> None:
    def over(photographs: str, styles: str) -> str:
        at = level(results(), "content")._replace(compared=frozenset((a, x, 0) for a in photographs for x in styles))
        return resampled(at)

    assert over("abc", "xyz") == "photographs and over styles (Owen 2007) with Student's t"
    assert over("abc", "x") == (
        "photographs (Owen 2007) with Student's t, with the one style held fixed: they say nothing about other styles"
    )
    assert over("a", "xyz") == (
        "styles (Owen 2007) with Student's t, with the one photograph held fixed: they say nothing about other "
        "photographs"
    )
    bracketed = {"small": Ratio(0.5, 0.4, 0.6, 3)}
    several = level(results(), "content")._replace(compared=frozenset(("abc"[n], "x", 0) for n in range(3)))
    assert "with the one style held fixed: they say" in note(several, bracketed, gaps=False).text


def test_one_statistic_is_not_said_to_be_nearest_nor_shown_in_a_table_by_itself() -> None:
    scores = {"gram": Ratio(1.0, math.nan, math.nan, 1)}
    assert conclusion(results(), scores, {}, []) == []
    assert conclusion(results(), {**scores, "small": None}, {}, []) == []
    (text,) = conclusion(results(), {**scores, "small": Ratio(1.2, math.nan, math.nan, 1)}, {}, [])
    assert isinstance(text, Text)
    assert text.text.startswith("At equal content, no statistic is nearer to the style than `gram`, by ")
    protocol = PROTOCOL.model_copy(update={"statistics": {"gram": ""}})
    alone = Results(protocol, {cell: of for cell, of in results().runs.items() if cell.statistic == "gram"}, {}, "")
    work: Any = None
    (said,) = board(work, level(alone, "content"), scores, [], {})
    assert isinstance(said, Text)
