"""python scripts/clean.py FOLDER [WORDS...]: what keeps pictures clean, on four pairs with a long side of 256 pixels.

Pictures are kept in FOLDER, and existing ones are not made again; all take half an hour on one core. With WORDS, only
variants whose overrides contain one of them are made. FOLDER/clean.csv has the numbers of docs/clean.md.
"""

import sys
from pathlib import Path
from typing import Any

import torch
from judged import measured, painted, write
from torch import Tensor
from torch.nn.functional import pad

from stx.measures.distances import luminance
from stx.pictures.images import to_tensor
from stx.runs.stylise import opened

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


def main() -> None:
    folder, words = Path(sys.argv[1]), sys.argv[2:]
    folder.mkdir(exist_ok=True, parents=True)
    rows: list[dict[str, Any]] = []
    for variant in VARIANTS:
        if not words or any(word in variant for word in words):
            for pair in PAIRS:
                picture = painted(folder, pair, variant or "default", SIZE, *variant.split())
                measures = {**measured(picture, pair, SIZE), "rim": detail(opened("content", picture))}
                rows.append({"variant": variant, "photograph": pair[0], "style": pair[1], **measures})
            write(folder / "clean.csv", rows)
    for name, _ in PAIRS:
        photograph = opened("content", name)
        photograph.thumbnail((256, 256))
        sys.stdout.write(f"the rim of {name} itself: {detail(photograph):.3f}\n")


def detail(picture: Any) -> float:
    """Mean square of the luminance's Laplacian in the rim, over that inside the rim."""
    luma: Tensor = luminance(to_tensor(picture, picture.size))
    whole = pad(luma[None, None], (1, 1, 1, 1), mode="reflect")[0, 0]
    squared = (whole[:-2, 1:-1] + whole[2:, 1:-1] + whole[1:-1, :-2] + whole[1:-1, 2:] - 4 * luma).square()
    rim = torch.ones_like(luma, dtype=torch.bool)
    rim[RIM:-RIM, RIM:-RIM] = False
    return float(squared[rim].mean() / squared[~rim].mean())


if __name__ == "__main__":
    main()
