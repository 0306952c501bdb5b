"""python scripts/clean.py FOLDER [WORDS...]: what keeps pictures clean, on four pairs with a long side of 256 pixels.

Pictures are kept in FOLDER, and existing ones are not made again; all take half an hour on one core. With WORDS, only
variants whose overrides contain one of them are made. docs/clean.md has the table.
"""

import sys
from functools import cache
from pathlib import Path
from statistics import fmean

import torch
from torch import Tensor
from torch.nn.functional import pad

from stx import stylise
from stx.measures.distances import luminance
from stx.measures.judge import Judge, measurer
from stx.model.prepare import prepare
from stx.pictures.images import to_tensor
from stx.runs.stylise import composed, opened

PAIRS = (("china", "mosaic"), ("chelsea", "woodcut"), ("coffee", "swirls"), ("flower", "hubble"))
VARIANTS = (
    "",
    "padding=replicate",
    "padding=reflect",
    "padding=replicate_first",
    "padding=reflect loss_weights.beta=7",
    "optim.average=0.99",
    "optim.average=0.9",
    "pooling=avg",
    "pooling=avg pooling.rescale=2",
    "prior=anisotropic_variation",
    "prior=nine_point_variation",
    "optim=adam",
    "optim=adam optim.average=0.99",
)
SIZE = "image_size.long_side=256"
RIM = 8
"""Width in pixels of the rim along each edge."""
COLUMNS = ("sliced_wasserstein", "content", "cfsd", "noise_luma", "noise_chroma")


def main() -> None:
    folder, words = Path(sys.argv[1]), sys.argv[2:]
    folder.mkdir(exist_ok=True, parents=True)
    sys.stdout.write(f"| | {' | '.join((*COLUMNS, 'rim: detail'))} |\n|---|{'---|' * (len(COLUMNS) + 1)}\n")
    for variant in VARIANTS:
        if not words or any(word in variant for word in words):
            rows = [measured(folder, pair, variant) for pair in PAIRS]
            means = " | ".join(f"{fmean(column):.3f}" for column in zip(*rows, strict=True))
            sys.stdout.write(f"| `{variant or 'the default'}` | {means} |\n")
            sys.stdout.flush()


def measured(folder: Path, pair: tuple[str, str], variant: str) -> list[float]:
    path = folder / f"{'-'.join(pair)} {variant or 'default'}.png"
    if not path.exists():
        stylise(*pair, SIZE, *variant.split()).save(path)
    finished = opened("content", path)
    picture, judge = to_tensor(finished, finished.size), judged(pair)
    measures = judge.judge(picture)
    shares = {"sliced_wasserstein": judge.baselines["baseline/sliced_wasserstein"]}
    return [*(measures[f"measure/{name}"] / shares.get(name, 1) for name in COLUMNS), detail(picture)]


@cache
def judged(pair: tuple[str, str]) -> Judge:
    inputs = prepare(composed([f"content={pair[0]}", f"style={pair[1]}", SIZE])[0])
    return measurer(inputs.content, inputs.style)


def detail(picture: Tensor) -> float:
    """Mean square of the luminance's Laplacian in the rim, over that inside the rim."""
    luma = luminance(picture)
    whole = pad(luma[None, None], (1, 1, 1, 1), mode="reflect")[0, 0]
    squared = (whole[:-2, 1:-1] + whole[2:, 1:-1] + whole[1:-1, :-2] + whole[1:-1, 2:] - 4 * luma).square()
    rim = torch.ones_like(luma, dtype=torch.bool)
    rim[RIM:-RIM, RIM:-RIM] = False
    return float(squared[rim].mean() / squared[~rim].mean())


if __name__ == "__main__":
    main()
