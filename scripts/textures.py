"""python scripts/textures.py FOLDER [STYLES...]: textures that tile and textures that do not, 192 pixels wide.

Pictures are kept in FOLDER, and existing ones are not made again; all take a quarter of an hour on one core. With
STYLES, only these are made. Prints the table of docs/textures.md, and puts its picture, textures.jpg, into FOLDER.
"""

import sys
from pathlib import Path

from PIL import Image

from stx import stylise
from stx.measures.judge import measurer
from stx.measures.wrap import wrap
from stx.model.prepare import prepare
from stx.pictures.images import to_tensor
from stx.pictures.sheet import contact_sheet, repeated
from stx.runs.stylise import composed, opened

STYLES = ("brick", "mosaic", "weave")
SIZE = ("image_size.width=192", "image_size.height=192")
VARIANTS = ("tile=true", "tile=false")
CELL = (288, 288)


def main() -> None:
    folder, styles = Path(sys.argv[1]), sys.argv[2:] or STYLES
    folder.mkdir(exist_ok=True, parents=True)
    sys.stdout.write("| | | steps across the edges, over those inside | style distance |\n|---|---|---|---|\n")
    rows = []
    for style in styles:
        pictures = {variant: texture(folder, style, variant) for variant in VARIANTS}
        for variant, picture in pictures.items():
            sys.stdout.write(f"| {style} | `{variant}` | {' | '.join(measured(style, picture))} |\n")
            sys.stdout.flush()
        rows.append([opened("style", style), *map(repeated, pictures.values())])
    columns = ["style", *(f"{variant}, two by two" for variant in VARIANTS)]
    contact_sheet(rows, column_labels=columns, cell=CELL).save(folder / "textures.jpg", quality=70)


def texture(folder: Path, style: str, variant: str) -> Image.Image:
    path = folder / f"{style} {variant}.png"
    if not path.exists():
        stylise(None, style, *SIZE, variant).save(path)
    return opened("style", path)


def measured(style: str, picture: Image.Image) -> tuple[str, str]:
    tensor, inputs = to_tensor(picture, picture.size), prepare(composed(["content=null", f"style={style}", *SIZE])[0])
    distance = measurer(None, inputs.style, min(picture.size)).judge(tensor)["measure/sliced_wasserstein"]
    return f"{wrap(tensor):.2f}", f"{distance:.3f}"


if __name__ == "__main__":
    main()
