"""How many cells lie between two runs, beyond them or out of reach, on runs at known contents."""

from types import SimpleNamespace
from typing import Any

from stx.studies.compare.bracketed import left_out, reach
from stx.studies.compare.equal import level
from stx.studies.compare.judges import Scores, Where
from stx.studies.compare.protocol import Cell, Protocol
from stx.studies.compare.work import Results, Try
from stx.studies.page import Items, Table, Text

CONTENTS = {
    "gram": {"a": [0.5], "b": [0.5], "c": [0.5]},
    "between": {"a": [0.4, 0.6], "b": [0.4, 0.6], "c": [0.4, 0.6]},
    "beyond": {"a": [0.4, 0.495], "b": [0.4, 0.6], "c": [0.7, 0.6]},
    "short": {"a": [0.3], "b": [0.4, 0.6], "c": [0.3]},
}
PROTOCOL = Protocol(
    statistics=dict.fromkeys(CONTENTS, ""),
    reference="gram",
    photographs=["a", "b", "c"],
    styles=["x"],
    seeds=[0],
    settings=[],
    betas={"gram": 3},
    runs=2,
    tolerance=0.02,
)


def run(content: float) -> Any:
    return SimpleNamespace(tags={}, baselines={}, latest={"measure/content": content})


RESULTS = Results(
    PROTOCOL,
    {
        Cell(name, photograph, "x", 0): [Try(number + 3.0, run(content)) for number, content in enumerate(contents)]
        for name, of in CONTENTS.items()
        for photograph, contents in of.items()
    },
    {},
    "content",
)


def test_cells_between_runs_beyond_them_and_out_of_reach_are_counted_for_each_level() -> None:
    where = Where("VGG19", "measure/sliced_wasserstein", level(RESULTS, "content"))
    _, table = reach([Scores(where, "gram", {}, {})] * 2)
    assert isinstance(table, Table)
    # Between runs: all of `between`, and b of the others. Within 2 %: a of `beyond`. The rest is out of reach.
    assert table.rows == [["features (conv4_3)", "3", "5", "1", "2 %", "3", "2", "`short`"]]
    assert reach([]) == []


def test_one_statistic_is_in_no_table_of_reach_and_not_told_to_be_compared() -> None:
    alone = RESULTS._replace(protocol=PROTOCOL.model_copy(update={"statistics": {"gram": ""}}))
    at = level(alone, "content")
    assert reach([Scores(Where("VGG19", "measure/sliced_wasserstein", at), "gram", {}, {})]) == []
    assert left_out(at) == []


def test_who_is_left_out_and_how_far_the_others_missed_is_said() -> None:
    said, not_compared, _, farthest = left_out(level(RESULTS, "content"))
    assert isinstance(said, Text)
    assert said.text.startswith("2 of 3 pictures of each statistic are compared")
    assert isinstance(not_compared, Text)
    assert "`short` (1 of 3)" in not_compared.text
    assert isinstance(farthest, Items)
    assert farthest.items == ["`beyond`, c · x, seed 0: 1.200 of it"]
