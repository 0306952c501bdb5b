"""python scripts/figures.py FOLDER [NAMES...] [OVERRIDES...]: the figures of README and docs, at today's defaults.

FOLDER keeps the single pictures, and existing ones are not made again. All figures take three hours on two cores
without fast bfloat16; with NAMES, only these are made. OVERRIDES such as optim.steps=2 are for trials, whose figures
stay in FOLDER. The other figures are made by the scripts of their names, by `statistics_page.py`, and by `stx compare
protocol=losses` and `test`.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageDraw

from stx import stylise
from stx.pictures import images
from stx.pictures.sheet import GAP, contact_sheet, stacked

DOCS = Path(__file__).parents[1] / "docs"
CORNER = 64
"""Pixels along each side of the upper left corner that is shown of a picture."""

FORMER = (
    "+experiment=plain style_stat=gram optim=adam optim.steps=500 loss_weights.beta=3 "
    "image_size.width=512 image_size.height=380 style_size=same"
)
"""The default until November 2026."""
PAIRS = ("china mosaic", "astronaut pointillist", "rocket ihc", "chelsea woodcut", "coffee swirls", "flower hubble")
COLOURS = ("style", "luminance", "match", "after")
CLEAN = ("", "padding=replicate", "padding=reflect", "optim.average=0.99", "pooling=avg")
PEERS = ("neural_style_pt", "pastiche")
SCALES = ("0.5", "1", "2")
MIXED = ("swirls", "swirls,woodcut style_mix=[2,1]", "swirls,woodcut style_mix=[1,2]", "woodcut")
THESIS = ("gram", "cooc_vector", "cooc_tensor", "cooc_matrix", "gram_cooc_matrix", "gram_cooc_vector")
STYLES = (
    ("swirls", "pointillist", "mosaic", "woodcut", "hatching", "outlines"),
    ("impasto", "watercolour", "halftone", "weave", "marbling", "facets"),
    ("crayon", "ihc", "retina", "hubble"),
)
EYE = {"gram": 3, "mean_std": 6.8, "moments_cooc": 3}
"""Weights at which, by the benchmark's runs, the rocket in the woodcut's style is at Gram's content distance."""
REGIONS = "masks.content={0}/regions.png masks.style=[{0}/red.png,{0}/blue.png]"


class Figure(NamedTuple):
    """Rows of cells, each the name of a picture, or the photograph, styles and overrides to make one from."""

    rows: Sequence[Sequence[str]]
    labels: Sequence[Sequence[str]] = ()
    """Over the first row, or over each row."""
    width: int = 1024
    corners: bool = False
    file: str = "{}.jpg"


FIGURES = {
    "hero": Figure([["china", "swirls"], ["china swirls image_size.long_side=1024"]]),
    "best": Figure([["china swirls image_size.long_side=1024 +experiment=best"]]),
    "output": Figure([["china", "swirls", "china swirls +experiment=fast"]], [["photograph", "painting", "result"]]),
    "default": Figure(
        [[*pair.split(), f"{pair} {FORMER}", pair] for pair in PAIRS],
        [["photograph", "painting", "before", "now"]],
        width=1470,
    ),
    "bundled": Figure(STYLES, STYLES, width=1122),
    "colour": Figure(
        [
            [*pair.split(), *(f"{pair} image_size.long_side=320 optim.steps=60 colour={colour}" for colour in COLOURS)]
            for pair in ("chelsea swirls", "flower impasto")
        ],
        [["photograph", "painting", *(f"colour={colour}" for colour in COLOURS)]],
        width=1578,
    ),
    "masks": Figure(
        [
            [
                "regions",
                f"china swirls,mosaic image_size.long_side=320 {REGIONS}",
                "oval mosaic image_size.long_side=320",
            ]
        ],
        width=976,
    ),
    "styles": Figure([[f"china {styles} image_size.long_side=320" for styles in MIXED]], width=1224),
    "scale": Figure(
        [
            [
                *("coffee", "swirls"),
                *(f"coffee swirls image_size.long_side=256 optim.steps=60 style_scale={scale}" for scale in SCALES),
            ]
        ],
        [["photograph", "painting", *(f"style_scale={scale}" for scale in SCALES)]],
        width=1316,
    ),
    "clean": Figure(
        [
            [f"{pair} image_size.long_side=256 {option}".strip() for option in CLEAN]
            for pair in ("china mosaic", "coffee swirls", "chelsea woodcut", "flower hubble")
        ],
        corners=True,
    ),
    "peers": Figure(
        [[f"china swirls +experiment=peers/{peer} image_size.long_side=192 optim.steps=500" for peer in PEERS]],
        width=402,
    ),
    "statistics": Figure(
        [
            [
                f"chelsea woodcut +experiment=plain image_size=small optim=lbfgs optim.steps=60 style_stat={name}"
                for name in row
            ]
            for row in (THESIS[:3], THESIS[3:])
        ],
        [THESIS[:3], THESIS[3:]],
        width=792,
        file="{}.png",
    ),
    "eye": Figure(
        [
            [
                *("rocket", "woodcut"),
                *(
                    "rocket woodcut +experiment=plain image_size.width=192 image_size.height=144 optim=lbfgs "
                    f"optim.steps=60 init.noise=0.1 style_stat={name} loss_weights.beta={beta}"
                    for name, beta in EYE.items()
                ),
            ]
        ],
        [["photograph", "painting", *EYE]],
        width=1316,
        file="statistics/{}.jpg",
    ),
}


def main() -> None:
    folder = Path(sys.argv[1])
    names = [word for word in sys.argv[2:] if word in FIGURES]
    overrides = [word for word in sys.argv[2:] if word not in FIGURES]
    folder.mkdir(exist_ok=True, parents=True)
    draw_masks(folder)
    for name in names or FIGURES:
        figure = FIGURES[name]
        drawn(folder, figure, overrides).save((folder if overrides else DOCS) / figure.file.format(name), quality=90)


def drawn(folder: Path, figure: Figure, overrides: Sequence[str]) -> Image.Image:
    """The figure's rows, each as wide as the figure, in cells with the proportions of the row's first picture."""
    sheets = []
    for number, row in enumerate(figure.rows):
        pictures = [picture(folder, words, overrides) for words in row]
        if figure.corners:
            pictures = [each.crop((0, 0, CORNER, CORNER)) for each in pictures]
        width = (figure.width - GAP) // len(figure.rows[0] if figure.labels else row) - GAP
        cell = (width, round(width * pictures[0].height / pictures[0].width))
        labels = figure.labels[number] if number < len(figure.labels) else ()
        sheets.append(contact_sheet([pictures], column_labels=labels, cell=cell))
    return stacked(sheets)


def picture(folder: Path, words: str, overrides: Sequence[str]) -> Image.Image:
    content, *rest = words.split()
    if not rest:
        return source(folder, content)
    path = folder / f"{'-'.join([*words.replace('/', '_').split(), *overrides])}.png"
    if not path.exists():
        styles, *options = rest
        options = [option.format(folder.resolve()) for option in options]
        stylise(source(folder, content), styles.split(","), *options, *overrides).save(path)
    return Image.open(path)


def source(folder: Path, name: str) -> Image.Image:
    drawing = folder / f"{name}.png"
    return Image.open(drawing) if drawing.exists() else images.load(name)


def draw_masks(folder: Path) -> None:
    """Draw what docs/masks.md shows: the temple below its sky, two masks of one colour, and an oval photograph."""
    photograph = images.load("china").convert("RGB")
    regions = Image.new("RGB", photograph.size, "red")
    edge = ((0, 0.42), (0.2, 0.45), (0.25, 0.36), (0.39, 0.28), (0.5, 0.25), (0.61, 0.28), (0.75, 0.38), (0.82, 0.46))
    outline = [*edge, (1, 0.43), (1, 1), (0, 1)]
    ImageDraw.Draw(regions).polygon([(x * regions.width, y * regions.height) for x, y in outline], "blue")
    regions.save(folder / "regions.png")
    for colour in ("red", "blue"):
        Image.new("RGB", (64, 64), colour).save(folder / f"{colour}.png")
    opaque = Image.new("L", photograph.size, 0)
    ImageDraw.Draw(opaque).ellipse((0, 0, *photograph.size), 255)
    photograph.putalpha(opaque)
    photograph.save(folder / "oval.png")


if __name__ == "__main__":
    main()
