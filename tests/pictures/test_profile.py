"""Colour profiles of results, against LittleCMS itself; of pictures that are read: test_images.py."""

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from stx.pictures import images, profile


def wide() -> bytes:
    """sRGB's curves and larger primaries: those of Adobe RGB, adapted to D50."""
    red, green, blue = (0.60974, 0.31111, 0.01947), (0.20528, 0.62567, 0.06087), (0.14919, 0.06322, 0.74457)
    plain = profile.srgb()
    count = struct.unpack(">I", plain[128:132])[0]
    changed = bytearray(plain)
    for at in range(132, 132 + 12 * count, 12):
        name, offset, _ = struct.unpack(">4sII", plain[at : at + 12])
        if name in (b"rXYZ", b"gXYZ", b"bXYZ"):
            numbers = {b"rXYZ": red, b"gXYZ": green, b"bXYZ": blue}[name]
            changed[offset + 8 : offset + 20] = struct.pack(">3i", *(round(65536 * number) for number in numbers))
    return bytes(changed)


def colours() -> Image.Image:
    """Soft ones: what is in sRGB and at an edge of it comes back only so far as 8 bits go."""
    return Image.fromarray(np.random.default_rng(0).integers(60, 190, (32, 48, 3), np.uint8))


def test_a_picture_that_was_converted_comes_back_through_its_profile(tmp_path: Path) -> None:
    converted = profile.converted(colours(), wide())
    assert np.abs(np.asarray(converted, int) - np.asarray(colours(), int)).max() > 10  # other numbers,
    images.save(converted, tmp_path / "out.png", icc_profile=wide())
    back = np.asarray(images.load(str(tmp_path / "out.png")), int)
    assert np.abs(back - np.asarray(colours(), int)).max() <= 2  # the same colours

    with Image.open(tmp_path / "out.png") as picture:
        own = ImageCms.ImageCmsProfile(io.BytesIO(picture.info["icc_profile"]))
        theirs = ImageCms.profileToProfile(picture, own, ImageCms.createProfile("sRGB"), outputMode="RGB")
    assert np.abs(np.asarray(theirs, int) - np.asarray(colours(), int)).max() <= 2


def test_the_profile_of_a_file_is_its_own_and_what_is_bundled_has_none(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.tif", "c.webp"):
        images.save(colours(), tmp_path / name, icc_profile=wide())
        assert profile.embedded(str(tmp_path / name)) == wide()
    images.save(colours(), tmp_path / "none.png")
    assert profile.embedded(str(tmp_path / "none.png")) == profile.embedded("china") == b""


def test_srgb_says_that_it_is_that() -> None:
    own = ImageCms.ImageCmsProfile(io.BytesIO(profile.srgb()))
    assert "sRGB" in ImageCms.getProfileDescription(own)
    same = np.asarray(profile.converted(colours(), profile.srgb()), int)
    assert np.abs(same - np.asarray(colours(), int)).max() <= 1


@pytest.mark.parametrize("other", [b"no profile", ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()])
def test_what_pictures_in_rgb_cannot_be_converted_into_is_none_to_use(other: bytes) -> None:
    assert not profile.usable(other)
    assert profile.usable(wide())
