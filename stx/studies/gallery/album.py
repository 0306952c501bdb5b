"""A gallery's pictures as text: pictures with the same pixels at the same size are on the page only once."""

import hashlib
import io
from base64 import b64encode
from pathlib import Path

from PIL import Image

from stx.pictures import images

QUALITY = 80


class Album:
    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        """JPEGs in base64, by the key that stands for them on the page."""

    def add(self, path: Path | None, *sides: int) -> list[str]:
        """Add a picture file at each of `sides`, in pixels of its longer side, and return the key of each.

        A smaller picture keeps its size. Returns an empty list if the file is missing or is not a picture.
        """
        picture = images.written(path) if path else None
        if picture is None:
            return []
        digest = hashlib.sha256(repr(picture.size).encode() + picture.tobytes()).hexdigest()[:16]
        return [self.key(picture, digest, min(side, max(picture.size))) for side in sides]

    def key(self, picture: Image.Image, digest: str, side: int) -> str:
        key = f"p{digest}-{side}"
        if key not in self.texts:
            self.texts[key] = text(picture, side)
        return key


def text(picture: Image.Image, side: int) -> str:
    smaller = picture.copy()
    smaller.thumbnail((side, side), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    smaller.save(file, "JPEG", quality=QUALITY, optimize=True)
    return b64encode(file.getvalue()).decode()
