"""A text in a picture: its ImageDescription of EXIF, which PNG, JPEG, WebP and TIFF all have a place for."""

from PIL import Image

from stx.pictures.decode import opened

TAG = 0x010E
"""ImageDescription."""
ROOM = 65_000
"""Bytes, in a JPEG; the others have room for any text."""


def exif(text: str) -> bytes:
    """Of a text of ASCII letters, as Pillow and a PNG's eXIf chunk (behind the first six bytes) take it."""
    tags = Image.Exif()
    tags[TAG] = text
    return tags.tobytes()


def described(source: str) -> str:
    """What a picture says of itself; empty where it says nothing. Raises UserError for what is no picture."""
    with opened(source) as picture:
        text = picture.getexif().get(TAG, "")
        return text if isinstance(text, str) else ""
