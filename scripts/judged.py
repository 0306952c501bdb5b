"""What scripts measure of finished pictures, and the CSV that they keep it in."""

import csv
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path

from stx import stylise
from stx.measures.judge import Judge, measurer
from stx.model.prepare import prepare
from stx.pictures.images import to_tensor
from stx.runs.stylise import composed, opened

COLUMNS = ("style", "content", "cfsd", "noise_luma", "noise_chroma")
"""Style is the held-out sliced Wasserstein distance as a share of the photograph's own; the others are measures."""


def painted(folder: Path, pair: tuple[str, str], name: str, *typed: str) -> Path:
    """A picture of a photograph and a painting in a folder, made by `typed` unless it is there."""
    path = folder / f"{'-'.join(pair)} {name}.png"
    if not path.exists():
        stylise(*pair, *typed).save(path)
    return path


def measured(picture: Path, pair: tuple[str, str], size: str) -> dict[str, float]:
    """COLUMNS of a picture that was made at the `size` typed."""
    finished, judge = opened("content", picture), judge_of(pair, size)
    measures = judge.judge(to_tensor(finished, finished.size))
    style = measures["measure/sliced_wasserstein"] / judge.baselines["baseline/sliced_wasserstein"]
    return {"style": style, **{name: measures[f"measure/{name}"] for name in COLUMNS[1:]}}


@cache
def judge_of(pair: tuple[str, str], size: str) -> Judge:
    inputs = prepare(composed([f"content={pair[0]}", f"style={pair[1]}", size])[0])
    return measurer(inputs.content, inputs.style)


def write(path: Path, rows: Sequence[Mapping[str, str | float]]) -> None:
    """A CSV of all rows, numbers with four digits."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, [*rows[0]], lineterminator="\n")
        writer.writeheader()
        for row in rows:
            writer.writerow({key: f"{cell:.4g}" if isinstance(cell, float) else cell for key, cell in row.items()})
