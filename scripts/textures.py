"""python scripts/textures.py FOLDER [STYLES...]: textures that tile and textures that do not, 192 pixels wide.

Pictures are kept in FOLDER, and existing ones are not made again; all take a quarter of an hour on one core. With
STYLES, only these are made. FOLDER/textures.csv has the numbers of docs/textures.md, textures.jpg is its picture.
"""

import sys
from pathlib import Path
from typing import Any

from judged import write
from PIL import Image

from stx import stylise
from stx.measures.judge import measurer
from stx.measures.wrap import wrap
from stx.model.prepare import prepare
from stx.pictures.images import to_tensor
from stx.pictures.sheet import contact_sheet, repeated
from stx.runs.stylise import composed, opened

STYLES = ("brick", "mosaic", "weave")
SIDE = 192
VARIANTS = ("tile=true", "tile=false")
SMALL = 128
STATISTICS = ("gram", "mean_std", "cooc_gram", "sliced_wasserstein")
OTHERS = (
    *(("mosaic", f"tile=true optim.steps=120 style_stat={name}") for name in STATISTICS),
    *(("brick", f"tile=true optim.steps=120 padding={padding}") for padding in ("zeros", "reflect")),
)  # fmt: skip
"""Textures that are only measured, SMALL pixels wide."""
CELL = (288, 288)


def main() -> None:
    folder, styles = Path(sys.argv[1]), sys.argv[2:] or STYLES
    folder.mkdir(exist_ok=True, parents=True)
    rows, measures = [], list[dict[str, Any]]()
    for style in styles:
        pictures = {variant: texture(folder, style, variant) for variant in VARIANTS}
        for variant, picture in pictures.items():
            measures.append({"style": style, "size": SIDE, "typed": variant, **measured(style, picture, SIDE)})
            write(folder / "textures.csv", measures)
        rows.append([opened("style", style), *map(repeated, pictures.values())])
    for style, typed in OTHERS if styles == STYLES else ():
        small = measured(style, texture(folder, style, typed, SMALL), SMALL)
        measures.append({"style": style, "size": SMALL, "typed": typed, **small})
        write(folder / "textures.csv", measures)
    columns = ["style", *(f"{variant}, two by two" for variant in VARIANTS)]
    contact_sheet(rows, column_labels=columns, cell=CELL).save(folder / "textures.jpg", quality=70)


def square(side: int) -> tuple[str, str]:
    return f"image_size.width={side}", f"image_size.height={side}"


def texture(folder: Path, style: str, variant: str, side: int = SIDE) -> Image.Image:
    path = folder / f"{style} {variant} {side}.png"
    if not path.exists():
        stylise(None, style, *square(side), *variant.split()).save(path)
    return opened("style", path)


def measured(style: str, picture: Image.Image, side: int) -> dict[str, float]:
    """The difference across the picture's edges relative to that inside, and its style distance."""
    tensor = to_tensor(picture, picture.size)
    inputs = prepare(composed(["content=null", f"style={style}", *square(side)])[0])
    distance = measurer(None, inputs.style, min(picture.size)).judge(tensor)["measure/sliced_wasserstein"]
    return {"wrap": wrap(tensor), "style_distance": distance}


if __name__ == "__main__":
    main()
