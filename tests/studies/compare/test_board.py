"""The leaderboard's signs: what was measured at a reduced size is not ranked against what was measured whole."""

import math
from types import SimpleNamespace
from typing import Any

from stx.studies.compare.board import conclusion, note, reduced
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
    assert "§ some of its runs were measured at a reduced size" in note(mixed, SCORES, gaps=False).text
    assert "§" not in note(results(), SCORES, gaps=False).text


def test_a_cell_without_a_number_is_explained_where_there_is_one() -> None:
    assert "–: too few runs reach that content" in note(results(), SCORES, gaps=True).text
    assert "–" not in note(results(), SCORES, gaps=False).text
