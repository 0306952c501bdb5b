"""A text in a picture's EXIF ImageDescription, for which PNG, JPEG, WebP and TIFF all have a place."""

from PIL import Image

from stx.pictures.decode import opened

TAG = 0x010E
"""ImageDescription."""
ROOM = 65_000
"""Most bytes in a JPEG; the other formats have room for any text."""


def exif(text: str) -> bytes:
    """EXIF data with an ASCII text, as Pillow takes it; without its first six bytes, as a PNG's eXIf chunk does."""
    tags = Image.Exif()
    tags[TAG] = text
    return tags.tobytes()


def described(source: str) -> str:
    """The ImageDescription of a picture, empty if it has none. Raises UserError if the file is no picture."""
    with opened(source) as picture:
        text = picture.getexif().get(TAG, "")
        return text if isinstance(text, str) else ""
