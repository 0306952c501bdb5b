"""A study's pictures on MLflow's page of its own run, which shows a picture at its own size, however wide that is."""

from pathlib import Path, PurePosixPath

from PIL import Image

from stx.pictures import images
from stx.pictures.decode import FORMATS
from stx.runs.tracking.note import address, picture
from stx.runs.tracking.sender import THIS_RUN

WIDTH = 640
"""Pixels: a wider one pushes what stands beside it off the screen."""
SMALL = "-small"
"""What the name of a sheet's copy ends in."""


def preview(sheet: Path) -> Path:
    """A copy of a sheet that has room there, beside it. Raises OSError."""
    with Image.open(sheet, formats=FORMATS) as whole:
        scale = min(1.0, WIDTH / whole.width)
        size = max(1, round(whole.width * scale)), max(1, round(whole.height * scale))
        small = whole.resize(size, Image.Resampling.LANCZOS)
    path = sheet.with_stem(sheet.stem + SMALL)
    images.save(small, path)
    return path


def linked(sheet: str, says: str, run_id: str = THIS_RUN) -> str:
    """In Markdown: the copy of a sheet among a run's artifacts, which leads to the sheet itself."""
    path = PurePosixPath(sheet)
    small = path.with_name(f"{path.stem}{SMALL}{path.suffix}").as_posix()
    return f"[{picture(small, says, run_id)}]({address(sheet, run_id)})"
