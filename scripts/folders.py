"""python scripts/folders.py FOLDER: photographs of one folder in the styles of another; docs/folders.jpg is the sheet.

The pictures come with stx; the sweep is made in FOLDER. It takes minutes.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from stx.pictures import images

PHOTOS, PAINTINGS = ("china", "chelsea", "coffee"), ("swirls", "mosaic", "woodcut")
OPTIONS = ("image_size.long_side=192", "optim.steps=60", "tracking=none", "hydra.sweep.dir=sweep")
SHEET = Path(__file__).parents[1] / "docs" / "folders.jpg"


def main() -> None:
    folder = Path(sys.argv[1])
    for place, names in (("photos", PHOTOS), ("paintings", PAINTINGS)):
        (folder / place).mkdir(parents=True, exist_ok=True)
        for name in names:
            images.save(images.load(name), folder / place / f"{name}.png")
    again = ["sweep.resume=true"] if (folder / "sweep").exists() else []
    command = [sys.executable, "-m", "stx.run", "content=photos/", "style=paintings/", *OPTIONS, *again]
    subprocess.run(command, cwd=folder, check=True, env=os.environ)
    shutil.copy(folder / "sweep" / "sweep-sheet.jpg", SHEET)


if __name__ == "__main__":
    main()
