"""Which measure follows people: its rank correlation with their ratings of pictures."""

import math
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from scipy.stats import spearmanr

from stx.errors import UserError
from stx.measures.catalogue import labels
from stx.measures.judge import measurer
from stx.pictures import images
from stx.pictures.sizes import with_area
from stx.studies import page
from stx.studies.compare.given import Given
from stx.studies.compare.intervals import CONFIDENCE, Pair, interval
from stx.studies.compare.report import counted
from stx.studies.page import GAP, Block, Table, Text

LARGEST = 2**20
"""Pixels. The judge takes about 900 bytes of memory for each."""
FEWEST = 3
"""Fewest pictures of a pair whose order says anything."""


class Follows(NamedTuple):
    """How far a measure orders pictures as people do: 1 for the same order, -1 for the reverse."""

    mean: float
    """Spearman's correlation within each pair of photograph and style, averaged over pairs."""
    low: float
    high: float
    pairs: int


Rated = Sequence[tuple[Given, Mapping[str, float]]]
"""Every rating, with the measures of its picture."""


def judged(given: Sequence[Given]) -> Rated:
    """Measure each picture against its photograph and style, at the picture's own size or, if that is larger, with
    LARGEST pixels. The photograph is resized to the picture; the style keeps its proportions. Raises UserError."""
    outcomes = {}
    for photograph, style, picture in sorted({one[1:4] for one in given}):  # pair by pair, each picture once
        made = images.load(str(picture))
        area = min(LARGEST, made.width * made.height)
        size = made.size if area < LARGEST else with_area(made.size, area)
        painting = images.load(style)
        content, target = (
            images.to_tensor(images.load(photograph), size),
            images.to_tensor(painting, with_area(painting.size, area)),
        )
        measures = measurer(content, target).judge(images.to_tensor(made, size))
        if not measures:
            raise UserError(f"ratings: {picture} has {made.width} x {made.height} pixels, too few to be measured")
        outcomes[photograph, style, picture] = measures
    return [(one, outcomes[one[1:4]]) for one in given]


def refuse_orderless(given: Sequence[Given]) -> None:
    """Raise UserError if no pair has FEWEST pictures that were rated differently: no measure could follow that."""
    ratings: dict[Pair, dict[Path, list[float]]] = {}
    for one in given:
        ratings.setdefault(one[1:3], {}).setdefault(one.picture, []).append(one.rating)
    means = [[statistics.mean(each) for each in pictures.values()] for pictures in ratings.values()]
    if not any(len(of_pair) >= FEWEST and len(set(of_pair)) > 1 for of_pair in means):
        raise UserError(
            f"ratings: no pair of photograph and style has {FEWEST} or more pictures with different ratings, so there "
            "is no order that a measure could follow"
        )


def follows(outcomes: Rated, measure: str, nearer_is_higher: bool) -> Follows | None:
    """How far a measure follows people; None if no pair has FEWEST pictures whose ratings and measures differ.

    A picture that was rated by several people counts once, with their mean rating.
    """
    by_pair: dict[Pair, dict[Path, list[tuple[float, float]]]] = {}
    for one, values in outcomes:
        value = values.get(measure, math.nan)
        if math.isfinite(value):
            by_pair.setdefault(one[1:3], {}).setdefault(one.picture, []).append((one.rating, value))
    correlations = {}
    for pair, pictures in by_pair.items():
        ratings = [statistics.mean(rating for rating, _ in each) for each in pictures.values()]  # exact: ties stay ties
        distances = [each[0][1] for each in pictures.values()]
        if len(pictures) >= FEWEST and np.ptp(ratings) > 0 and np.ptp(distances) > 0:
            sign = 1 if nearer_is_higher else -1
            correlations[pair] = sign * float(spearmanr(ratings, distances).statistic)
    if not correlations:
        return None
    low, high, _ = interval(correlations)
    return Follows(float(np.mean([*correlations.values()])), low, high, len(correlations))


def write(given: Sequence[Given], folder: Path, command: str) -> Path:
    """Write the page and return its HTML file."""
    refuse_orderless(given)
    outcomes = judged(given)
    folder.mkdir(parents=True, exist_ok=True)
    names = dict.fromkeys(name for _, values in outcomes for name in values)
    called = {name: labels().get(name, name.removeprefix("measure/")) for name in [*labels(), *names]}
    scores = {said: follows(outcomes, name, "higher" in said) for name, said in called.items()}
    ordered = sorted(scores.items(), key=lambda item: -item[1].mean if item[1] else math.inf)
    rows = [[said, *row(score)] for said, score in ordered]
    pairs = {one[1:3] for one in given}
    blocks: list[Block] = [
        Text(f"`{command}`"),
        Text(
            f"{counted(given, 'rating')} of {counted({one.picture for one in given}, 'picture')} of "
            f"{counted(pairs, 'pair')}."
        ),
        Table(
            ["measure", "follows people", "95 % interval", "pairs"],
            rows,
            "Spearman's rank correlation of nearness and rating within each pair of photograph and style, averaged: 1 "
            "is the same order, 0 none",
        ),
        Text(
            f"Intervals ({CONFIDENCE:.0%}) are those of comparisons: photographs and styles are resampled, each by "
            f"itself. A pair counts if it has at least {FEWEST} pictures that were not all rated alike."
        ),
    ]
    html, _ = page.write(folder, "Which measure follows people?", blocks)
    return html


def row(score: Follows | None) -> list[str]:
    if score is None:
        return [GAP, GAP, "0"]
    between = GAP if math.isnan(score.low) else f"{max(-1, score.low):.2f} to {min(1, score.high):.2f}"
    return [f"{score.mean:.2f}", between, str(score.pairs)]
