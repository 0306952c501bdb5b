"""Pictures of other programs, judged as runs are and read off beside the reference at their own content."""

import math
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from stx.measures.judge import measures
from stx.pictures import images
from stx.runs.plan import plans
from stx.studies.compare import export, programs
from stx.studies.compare.board import of_programs
from stx.studies.compare.equal import level
from stx.studies.compare.given import Given
from stx.studies.compare.programs import Outcome, beside
from stx.studies.compare.protocol import Cell, Protocol
from stx.studies.compare.work import Results, Try, member
from stx.studies.page import Table

PROTOCOL = Protocol(
    statistics={"gram": ""},
    reference="gram",
    photographs=["china"],
    styles=["swirls"],
    seeds=[0],
    settings=["model=vgg19_random", "image_size.width=64", "image_size.height=48", "tracking=none"],
    betas={"gram": 3},
    runs=2,
    tolerance=0.02,
    levels=(1.0, 4.0),
)
NOTHING = Image.new("RGB", (1, 1))
ONE = Given("theirs", "china", "swirls", Path("picture.png"))


class Run:
    def __init__(self, content: float, style: float, folder: Path):
        self.latest, self.folder = {"measure/content": content, "measure/sliced_wasserstein": style}, folder

    def artifact(self, name: str) -> Path:
        return self.folder / name


def results(folder: Path) -> Results:
    runs: list[Any] = [Run(content, 0.3 * content**-0.7, folder) for content in (0.4, 0.8)]
    return Results(PROTOCOL, {Cell("gram", "china", "swirls", 0): [Try(3, run) for run in runs]}, {}, "content")


@pytest.mark.parametrize("content", [0.4, 0.5, 0.8])
def test_it_is_held_against_the_reference_at_its_own_content(tmp_path: Path, content: float) -> None:
    latest = {"measure/content": content, "measure/sliced_wasserstein": 0.9 * 0.3 * content**-0.7}
    outcome = Outcome(latest, (64, 48), (64, 48), (NOTHING, NOTHING))
    ratio = math.exp(beside(results(tmp_path), ONE, outcome, "content", "measure/sliced_wasserstein", 0.03))
    assert ratio == pytest.approx(0.9)


@pytest.mark.parametrize("content", [0.3, 0.9, math.nan])
def test_beyond_the_references_runs_nothing_is_said(tmp_path: Path, content: float) -> None:
    outcome = Outcome(
        {"measure/content": content, "measure/sliced_wasserstein": 0.1}, (64, 48), (64, 48), (NOTHING, NOTHING)
    )
    assert math.isnan(beside(results(tmp_path), ONE, outcome, "content", "measure/sliced_wasserstein", 0.03))


def test_a_picture_is_measured_as_a_runs_is_and_resized_where_it_must_be(tmp_path: Path) -> None:
    made = images.load("woodcut")
    made.resize((128, 96)).save(tmp_path / "picture.png")
    given = ONE._replace(picture=tmp_path / "picture.png")
    reference = member(PROTOCOL, Cell("gram", "china", "swirls", 0), 3, [])
    (outcome,) = programs.judged(results(tmp_path), [given], plans([reference], tmp_path)).values()
    tensors = [images.to_tensor(images.load(name), (64, 48)) for name in (str(given.picture), "china", "swirls")]
    expected = measures(*tensors)
    assert {name: expected[name] for name in outcome.latest} == pytest.approx(dict(outcome.latest))
    assert (outcome.size, outcome.working) == ((128, 96), (64, 48))
    (tmp_path / "pictures").mkdir()
    blocks = programs.blocks(results(tmp_path), {given: outcome}, tmp_path)
    (table,) = (block for block in blocks if isinstance(block, Table))
    assert table.rows[0][0] == "theirs"
    assert (tmp_path / "pictures" / "programs.jpg").is_file()
    assert any("1 of 1 were resized" in str(block) for block in blocks)


def test_programs_are_rows_of_the_leaderboard_and_of_the_data(tmp_path: Path) -> None:
    latest = {"measure/content": 0.5, "measure/sliced_wasserstein": 0.9 * 0.3 * 0.5**-0.7}
    outcomes = {ONE: Outcome(latest, (64, 48), (64, 48), (NOTHING, NOTHING))}
    made = results(tmp_path)
    rows = of_programs(level(made, "content"), outcomes, ["measure/sliced_wasserstein", "measure/gram"])
    assert list(rows) == ["theirs ¶"]
    score = rows["theirs ¶"]["measure/sliced_wasserstein"]
    assert score is not None
    assert score.mean == pytest.approx(0.9)
    assert rows["theirs ¶"]["measure/gram"] is None
    (row,) = export.rows_of_programs(made, outcomes)
    assert tuple(row) == export.COLUMNS
    assert (row["program"], row["statistic"], row["over"], row["equal"], row["level"]) == (
        "theirs", "", "gram", "content", None,
    )  # fmt: skip
    assert row["ratio"] == pytest.approx(0.9)


def test_without_pictures_or_reference_there_is_nothing(tmp_path: Path) -> None:
    assert programs.blocks(results(tmp_path), {}, tmp_path) == []
    assert programs.judged(Results(PROTOCOL, {}, {}, "content"), [ONE], {}) == {}
