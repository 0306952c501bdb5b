"""Rank correlations of measures with people's ratings, on ratings that follow a known measure."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.stats import spearmanr

from conftest import command
from stx.errors import UserError
from stx.pictures import images
from stx.studies.compare import ratings
from stx.studies.compare.given import Given
from stx.studies.compare.ratings import Rated, follows

MEASURE = "measure/gram"


def rated(photograph: str, number: int, rating: float) -> Given:
    return Given("", photograph, "swirls", Path(f"{photograph}-{number}.png"), rating)


def outcomes(ratings: dict[str, list[float]], distances: dict[str, list[float]]) -> Rated:
    return [
        (rated(name, number, rating), {MEASURE: distances[name][number]})
        for name, each in ratings.items()
        for number, rating in enumerate(each)
    ]


def test_within_each_pair_nearness_is_ranked_against_ratings_and_averaged() -> None:
    rng = np.random.default_rng(0)
    ratings = {name: rng.random(7).tolist() for name in "abcd"}
    distances = {name: (rng.random(7) + 10 * number).tolist() for number, name in enumerate("abcd")}
    expected = [-spearmanr(ratings[name], distances[name]).statistic for name in "abcd"]
    score = follows(outcomes(ratings, distances), MEASURE, nearer_is_higher=False)
    assert score is not None
    assert score.mean == pytest.approx(float(np.mean(expected)))
    assert score.pairs == 4
    assert score.low < score.mean < score.high
    other = follows(outcomes(ratings, distances), MEASURE, nearer_is_higher=True)
    assert other is not None
    assert other.mean == pytest.approx(-score.mean)


def test_several_peoples_ratings_of_a_picture_are_one() -> None:
    several = [*outcomes({"a": [1, 2, 3]}, {"a": [0.3, 0.2, 0.1]})]
    several += [(rated("a", 0, 7.0), {MEASURE: 0.3})] * 2  # a mean of 5: it is the best now
    score = follows(several, MEASURE, nearer_is_higher=False)
    assert score is not None
    assert score.mean == pytest.approx(-spearmanr([5, 2, 3], [0.3, 0.2, 0.1]).statistic)


@pytest.mark.parametrize(
    ("ratings", "distances"),
    [
        ([1.0, 2], [0.1, 0.2]),
        ([1.0, 1, 1], [0.1, 0.2, 0.3]),
        ([1.0, 2, 3], [0.1, 0.1, 0.1]),
        ([1.0, 2, 3], [math.nan] * 3),
    ],
)
def test_without_an_order_there_is_none(ratings: list[float], distances: list[float]) -> None:
    assert follows(outcomes({"a": ratings}, {"a": distances}), MEASURE, nearer_is_higher=False) is None


def test_the_command_ends_in_a_page(tmp_path: Path) -> None:
    lines = ["photograph,style,picture,rating"]
    for number, name in enumerate(("china", "coffee", "swirls")):
        images.load(name).resize((64, 48)).save(tmp_path / f"{number}.png")
        lines.append(f"china,swirls,{number}.png,{number}")
    (tmp_path / "ratings.csv").write_text("\n".join(lines) + "\n")
    done = command(tmp_path, "compare", "ratings=ratings.csv", "output=out")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "out/report/report.html"
    page = (tmp_path / "out" / "report" / "report.md").read_text(encoding="utf-8")
    assert "3 ratings of 3 pictures of 1 pair." in page
    assert "| shape | 1.00 |" in page  # the photograph, another one, and the style itself
    assert "| content | -" in page
    assert "| pixels | -" in page  # a measure that no other table shows
    assert "nan" not in page


def test_the_style_keeps_its_proportions_and_a_large_picture_is_reduced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []

    class Judge:
        def judge(self, picture: torch.Tensor) -> dict[str, float]:
            seen.append(tuple(picture.shape[1:]))
            return {MEASURE: 1.0}

    def measurer(content: torch.Tensor, style: torch.Tensor) -> Judge:
        seen.extend([tuple(content.shape[1:]), tuple(style.shape[1:])])
        return Judge()

    monkeypatch.setattr(ratings, "measurer", measurer)
    for name, size in (("tall.png", (30, 60)), ("wide.png", (80, 40)), ("large.png", (1200, 2400))):
        Image.new("RGB", size).save(tmp_path / name)
    photograph, painting = str(tmp_path / "tall.png"), str(tmp_path / "wide.png")
    for name in ("tall.png", "large.png"):
        ratings.judged([Given("", photograph, painting, tmp_path / name, 1.0)])
    assert seen[:3] == [(60, 30), (30, 60), (60, 30)]
    assert seen[3] == seen[5] == (1448, 724)
    assert seen[4] == (724, 1448)


def test_each_picture_is_measured_once_however_many_rated_it_and_every_rating_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured = []

    class Judge:
        def judge(self, picture: torch.Tensor) -> dict[str, float]:
            measured.append(float(picture.mean()))
            return {MEASURE: float(picture.mean())}

    monkeypatch.setattr(ratings, "measurer", lambda content, style: Judge())
    for number in range(3):
        Image.new("RGB", (16, 16), (80 * number,) * 3).save(tmp_path / f"{number}.png")
    scores = [(0, 3.0), (1, 4.0), (1, 4.0), (1, 4.0), (1, 1.0), (2, 5.0)]
    given = [Given("", "china", "swirls", tmp_path / f"{number}.png", rating) for number, rating in scores]
    several = ratings.judged(given)
    assert len(measured) == 3
    assert [one.rating for one, _ in several] == [rating for _, rating in scores]
    score = follows(several, MEASURE, nearer_is_higher=True)
    assert score is not None
    assert score.mean == pytest.approx(1)  # the means are 3, 3.25 and 5


@pytest.mark.parametrize(
    "scores",
    [
        [(0, 1.0), (1, 1.0), (2, 1.0)],
        [(0, 1.0), (1, 2.0)],
        [(0, 1.0), (1, 1.0), (2, 3.0), (2, -1.0)],
        [(0, 3.3), (0, 3.3), (0, 3.3), (1, 3.3), (2, 3.3)],  # whose means as floats differ
    ],
)
def test_ratings_without_an_order_are_refused_before_anything_is_measured(
    tmp_path: Path, scores: list[tuple[int, float]]
) -> None:
    given = [rated("china", number, rating) for number, rating in scores]
    with pytest.raises(UserError, match="has 3 or more pictures with different ratings"):
        ratings.write(given, tmp_path / "report", "stx compare")
    assert not (tmp_path / "report").exists()


def test_a_picture_too_small_to_be_measured_is_named(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "tiny.png")
    with pytest.raises(UserError, match=r"tiny.png has 4 x 4 pixels, too few to be measured"):
        ratings.judged([Given("", "china", "swirls", tmp_path / "tiny.png", 1.0)])
