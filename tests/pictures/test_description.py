"""A text in pictures of every format, read back by Pillow and tifffile."""

from pathlib import Path

import pytest
import tifffile
from PIL import ExifTags, Image

from stx.errors import UserError
from stx.pictures import images
from stx.pictures.description import ROOM, described, exif

TEXT = '{"stx": "a \\u00e9, \\"quoted\\""}'


@pytest.mark.parametrize("ending", sorted(set(images.WRITTEN) - {".bmp"}))
def test_every_format_but_bmp_carries_a_text(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a{ending}"
    images.save(Image.new("RGB", (8, 6), "red"), path, exif=exif(TEXT))
    assert described(str(path)) == TEXT
    with Image.open(path) as picture:
        assert picture.getexif()[ExifTags.Base.ImageDescription] == TEXT
    if ending == ".tif":
        with tifffile.TiffFile(path) as file:
            assert file.pages[0].tags["ImageDescription"].value == TEXT


def test_a_jpeg_has_as_much_room_as_is_said(tmp_path: Path) -> None:
    images.save(Image.new("RGB", (8, 6)), tmp_path / "a.jpg", exif=exif("x" * ROOM))
    assert described(str(tmp_path / "a.jpg")) == "x" * ROOM
    long = "x" * 10 * ROOM
    for name in ("a.png", "a.webp", "a.tif"):
        images.save(Image.new("RGB", (8, 6)), tmp_path / name, exif=exif(long))
        assert described(str(tmp_path / name)) == long


def test_a_picture_that_says_nothing_is_empty_and_what_is_none_is_named(tmp_path: Path) -> None:
    images.save(Image.new("RGB", (8, 6)), tmp_path / "a.png")
    assert described(str(tmp_path / "a.png")) == ""
    (tmp_path / "b.png").write_text("no picture")
    with pytest.raises(UserError, match="is not a picture that can be read"):
        described(str(tmp_path / "b.png"))
