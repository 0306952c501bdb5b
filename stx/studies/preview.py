"""Small copies of a study's pictures for MLflow's page of its run, which shows a picture at full size, however wide."""

from pathlib import Path, PurePosixPath

from PIL import Image

from stx.pictures import images
from stx.pictures.decode import FORMATS
from stx.runs.tracking.note import address, picture
from stx.runs.tracking.sender import THIS_RUN

WIDTH = 640
"""Pixels; a wider picture pushes what stands beside it off the screen."""
SMALL = "-small"
"""What the name of a sheet's small copy ends in."""


def preview(sheet: Path) -> Path:
    """Save a copy of a sheet that fits on that page beside the sheet, and return its path. Raises OSError."""
    with Image.open(sheet, formats=FORMATS) as whole:
        scale = min(1.0, WIDTH / whole.width)
        size = max(1, round(whole.width * scale)), max(1, round(whole.height * scale))
        small = whole.resize(size, Image.Resampling.LANCZOS)
    path = sheet.with_stem(sheet.stem + SMALL)
    images.save(small, path)
    return path


def linked(sheet: str, says: str, run_id: str = THIS_RUN) -> str:
    """Markdown that shows the small copy of a sheet among a run's artifacts, linked to the sheet itself."""
    path = PurePosixPath(sheet)
    small = path.with_name(f"{path.stem}{SMALL}{path.suffix}").as_posix()
    return f"[{picture(small, says, run_id)}]({address(sheet, run_id)})"
