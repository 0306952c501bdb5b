"""Every kind of picture arrives as the sRGB it shows; every other file is refused in plain words."""

import contextlib
import os
import struct
import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
import torch
from numpy.typing import NDArray
from PIL import Image, ImageCms

from stx.errors import UserError
from stx.pictures import bundled, images

Pixels = NDArray[Any]
SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
# XYZ of D50 to linear sRGB, adapted after Bradford (Lindbloom's published matrix).
XYZ_TO_RGB = np.array(
    [
        [3.1338561, -1.6168667, -0.4906146],
        [-0.9787684, 1.9161415, 0.0334540],
        [0.0719453, -0.2289914, 1.4052427],
    ]
)


def colours(seed: int = 0, height: int = 6, width: int = 8, channels: int = 3) -> Pixels:
    return np.random.default_rng(seed).integers(0, 256, (height, width, channels), np.uint8)


def loaded(path: Path) -> Pixels:
    picture = images.load(str(path))
    assert picture.mode == "RGB"
    assert picture.info.keys() <= {images.ALPHA}
    return np.asarray(picture).astype(int)


def written(path: Path, picture: Image.Image, **options: Any) -> Pixels:
    picture.save(path, **options)
    return loaded(path)


def on_white(colour: Pixels, alpha: Pixels) -> Pixels:
    share = alpha[..., None] / 255
    return np.round(share * colour + (1 - share) * 255)


def encoded(linear: Any) -> Pixels:
    """The sRGB standard's curve: linear light in [0, 1] to 0..255."""
    light = np.clip(linear, 0, 1)
    return np.asarray(255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055))


def from_lab(lightness: float, a: float, b: float) -> Pixels:
    f = (lightness + 16) / 116 + np.array([a / 500, 0, -b / 200])
    xyz = np.array([0.9642, 1, 0.8249]) * np.where(f > 6 / 29, f**3, 3 * (6 / 29) ** 2 * (f - 4 / 29))
    return encoded(XYZ_TO_RGB @ xyz)


def png(size: tuple[int, int], depth: int, colour_type: int, rows: list[bytes], key: bytes = b"") -> bytes:
    """A PNG written by the book, for depths that Pillow does not write."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", *size, depth, colour_type, 0, 0, 0))
    transparent = chunk(b"tRNS", key) if key else b""
    data = chunk(b"IDAT", zlib.compress(b"".join(b"\0" + row for row in rows)))
    return b"\x89PNG\r\n\x1a\n" + header + transparent + data + chunk(b"IEND", b"")


def profile(space: bytes, pcs: bytes, **tags: bytes) -> bytes:
    """An ICC profile of version 2 with these tags."""
    tags = {"wtpt": b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061), **tags}
    table, body, offset = b"", b"", 128 + 4 + 12 * len(tags)
    for name, data in tags.items():
        table += name.encode() + struct.pack(">II", offset + len(body), len(data))
        body += data + b"\0" * (-len(data) % 4)
    header = struct.pack(">I4sI4s4s4s12x4s28x3i48x", offset + len(body), b"lcms", 0x02400000, b"prtr",
                         space, pcs, b"acsp", 63190, 65536, 54061)  # fmt: skip
    return header + struct.pack(">I", len(tags)) + table + body


def linear_grey() -> bytes:
    return profile(b"GRAY", b"XYZ ", kTRC=b"curv\0\0\0\0" + struct.pack(">I", 0))


def inks(corners: dict[tuple[int, int, int, int], tuple[int, int, int]]) -> bytes:
    """A CMYK profile that gives the Lab of `corners` for full and absent inks, elsewhere black."""
    identity, ramp = struct.pack(">9i", *(65536 * np.eye(3, dtype=int)).ravel().tolist()), bytes(range(256))
    grid = [corners.get((c, m, y, k), (0, 0, 0)) for c in (0, 1) for m in (0, 1) for y in (0, 1) for k in (0, 1)]
    nodes = b"".join(bytes([round(light * 2.55), a + 128, b + 128]) for light, a, b in grid)
    table = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + identity + ramp * 4 + nodes + ramp * 3
    return profile(b"CMYK", b"Lab ", A2B0=table)


def swapped_primaries() -> bytes:
    """sRGB whose red and green primaries changed places."""
    red, green = SRGB.index(b"rXYZ"), SRGB.index(b"gXYZ")
    swapped = bytearray(SRGB)
    swapped[red : red + 4], swapped[green : green + 4] = b"gXYZ", b"rXYZ"
    return bytes(swapped)


def places_of_primaries() -> dict[str, int]:
    """Where in SRGB the primaries stand, by tag."""
    (count,) = struct.unpack(">I", SRGB[128:132])
    entries = [struct.unpack(">4sII", SRGB[132 + 12 * each : 144 + 12 * each]) for each in range(count)]
    return {name.decode(): at for name, at, _ in entries if name in (b"rXYZ", b"gXYZ", b"bXYZ")}


@pytest.mark.parametrize("extension", ["png", "bmp", "tif", "ppm"])
def test_plain_rgb_is_left_as_it_is(tmp_path: Path, extension: str) -> None:
    assert (written(tmp_path / f"a.{extension}", Image.fromarray(colours())) == colours()).all()


def test_home_is_expanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    Image.fromarray(colours()).save(tmp_path / "a.png")
    assert images.load("~/a.png").size == (8, 6)


def test_a_path_reaches_a_file_called_like_a_bundled_picture(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Image.fromarray(colours()).save("china", "PNG")
    assert images.load("./china").size == (8, 6)
    assert images.load("china").size != (8, 6)


def oriented(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def upright(stored: Pixels, orientation: int) -> Pixels:
    swapped = stored.swapaxes(0, 1)
    return {
        1: stored, 2: stored[:, ::-1], 3: stored[::-1, ::-1], 4: stored[::-1],
        5: swapped, 6: np.rot90(stored, -1), 7: swapped[::-1, ::-1], 8: np.rot90(stored),
    }[orientation]  # fmt: skip


@pytest.mark.parametrize(
    ("extension", "options"),
    [("png", {}), ("tif", {}), ("tif", {"compression": "tiff_lzw"}), ("webp", {"lossless": 1})],
)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_turns_the_picture_upright(
    tmp_path: Path, orientation: int, extension: str, options: dict[str, Any]
) -> None:
    picture = Image.fromarray(colours())
    result = written(tmp_path / f"a.{extension}", picture, exif=oriented(orientation), **options)
    assert (result == upright(colours(), orientation)).all()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_turns_a_photograph_upright(tmp_path: Path, orientation: int) -> None:
    stored = np.linspace((0, 40, 80), (90, 200, 250), 48)[:, None] + np.linspace(0, 80, 64)[:, None]
    stored = np.clip(stored, 0, 255).round().astype(np.uint8)
    result = written(tmp_path / "a.jpg", Image.fromarray(stored), exif=oriented(orientation), quality=95)
    assert np.abs(result - upright(stored, orientation)).max() <= 6


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "CMYK", "I;16", "F"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_turns_uncompressed_tiffs_of_every_mode(tmp_path: Path, orientation: int, mode: str) -> None:
    if mode == "I;16":
        picture = Image.fromarray(colours(channels=2).view(np.uint16)[..., 0])
    elif mode == "F":
        picture = Image.fromarray((colours(channels=1)[..., 0] / np.float32(255)).astype(np.float32))
    else:
        picture = Image.frombytes(mode, (8, 6), colours(channels=len(Image.new(mode, (1, 1)).getbands())).tobytes())
    if mode == "P":
        picture.putpalette(colours(1, 1, 256).tobytes())
    lying = written(tmp_path / "lying.tif", picture)
    result = written(tmp_path / "a.tif", picture, exif=oriented(orientation))
    assert result.tolist() == upright(lying, orientation).tolist()


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_is_ignored(tmp_path: Path, orientation: int) -> None:
    assert (written(tmp_path / "a.png", Image.fromarray(colours()), exif=oriented(orientation)) == colours()).all()


@pytest.mark.parametrize("extension", ["png", "tif"])
def test_rgba_is_laid_on_white(tmp_path: Path, extension: str) -> None:
    pixels = colours(channels=4)
    result = written(tmp_path / f"a.{extension}", Image.fromarray(pixels))
    assert np.abs(result - on_white(pixels[..., :3], pixels[..., 3])).max() <= 1


def test_grey_with_alpha_is_laid_on_white(tmp_path: Path) -> None:
    pixels = colours(channels=2)
    result = written(tmp_path / "a.png", Image.fromarray(pixels, "LA"))
    assert np.abs(result - on_white(pixels[..., :1].repeat(3, 2), pixels[..., 1])).max() <= 1


@pytest.mark.parametrize(("colour_type", "channels"), [(4, 2), (6, 4)])
def test_a_16_bit_alpha_channel_is_laid_on_white(tmp_path: Path, colour_type: int, channels: int) -> None:
    deep = np.random.default_rng(2).integers(0, 65536, (5, 7, channels), np.uint16)
    rows = [row.astype(">u2").tobytes() for row in deep]
    (tmp_path / "a.png").write_bytes(png((7, 5), 16, colour_type, rows))
    expected = on_white(deep[..., :-1] / 257, deep[..., -1] / 257)
    assert np.abs(loaded(tmp_path / "a.png") - expected).max() <= 2


def test_colours_already_multiplied_by_their_alpha_are_laid_on_white(tmp_path: Path) -> None:
    alpha = colours(channels=1).astype(int)
    multiplied = colours(1) * alpha // 255
    pixels = np.concatenate([multiplied, alpha], 2).astype(np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", pixels, photometric="rgb", extrasamples=["assocalpha"])
    assert np.abs(loaded(tmp_path / "a.tif") - (multiplied + 255 - alpha)).max() <= 1


def palette_picture() -> tuple[Image.Image, Pixels]:
    picture = Image.new("P", (4, 1))
    picture.putdata([0, 1, 2, 3])
    picture.putpalette([250, 10, 20, 0, 200, 0, 9, 8, 7, 100, 110, 120])
    return picture, np.array([[[250, 10, 20], [0, 200, 0], [9, 8, 7], [100, 110, 120]]])


def test_palette_becomes_its_colours(tmp_path: Path) -> None:
    picture, expected = palette_picture()
    assert (written(tmp_path / "a.png", picture) == expected).all()


def test_palette_with_an_alpha_for_each_entry_is_laid_on_white(tmp_path: Path) -> None:
    picture, expected = palette_picture()
    alpha = np.array([[0, 128, 255, 255]])
    result = written(tmp_path / "a.png", picture, transparency=bytes([0, 128]))
    assert np.abs(result - on_white(expected, alpha)).max() <= 1


@pytest.mark.parametrize("extension", ["png", "gif"])
def test_palette_with_one_transparent_entry_is_laid_on_white(tmp_path: Path, extension: str) -> None:
    picture, expected = palette_picture()
    result = written(tmp_path / f"a.{extension}", picture, transparency=2)
    assert (result == on_white(expected, np.array([[255, 255, 0, 255]]))).all()


def test_palette_with_an_alpha_channel_is_laid_on_white(tmp_path: Path) -> None:
    picture, expected = palette_picture()
    alpha = np.array([[0, 90, 200, 255]], np.uint8)
    both = picture.convert("PA")
    both.putalpha(Image.fromarray(alpha))
    result = written(tmp_path / "a.tif", both)
    with Image.open(tmp_path / "a.tif") as stored:
        assert stored.mode == "PA"
    assert np.abs(result - on_white(expected, alpha)).max() <= 1


@pytest.mark.parametrize(
    ("depth", "colour_type", "row", "key", "expected"),
    [
        (1, 0, b"\x40", b"\0\1", [[0] * 3, [255] * 3]),  # the white that is left is the paper
        (2, 0, b"\x60", b"\0\1", [[255] * 3, [170] * 3]),
        (4, 0, b"\x3c", b"\0\3", [[255] * 3, [204] * 3]),
        (8, 0, b"\x03\x80", b"\0\3", [[255] * 3, [128] * 3]),
        (16, 0, b"\x12\x34\x80\x80", b"\x12\x34", [[255] * 3, [128] * 3]),
        (8, 2, b"\1\2\3\3\2\1", b"\0\1\0\2\0\3", [[255] * 3, [3, 2, 1]]),
        (16, 2, b"\1\1\2\2\3\3\3\3\2\2\1\1", b"\1\1\2\2\3\3", [[255] * 3, [3, 2, 1]]),
    ],
)
def test_one_transparent_colour_is_white_at_every_depth(
    tmp_path: Path, depth: int, colour_type: int, row: bytes, key: bytes, expected: list[list[int]]
) -> None:
    (tmp_path / "a.png").write_bytes(png((2, 1), depth, colour_type, [row], key))
    assert loaded(tmp_path / "a.png").tolist() == [expected]


def test_one_bit_is_black_and_white(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png((4, 1), 1, 0, [b"\x50"]))
    assert loaded(tmp_path / "a.png")[..., 1].tolist() == [[0, 255, 0, 255]]


@pytest.mark.parametrize("extension", ["png", "tif", "bmp", "gif"])
def test_one_bit_is_read_from_every_format(tmp_path: Path, extension: str) -> None:
    bits = colours(channels=1)[..., 0] > 127
    assert (written(tmp_path / f"a.{extension}", Image.fromarray(bits)) == 255 * bits[..., None]).all()


def test_grey_is_the_same_in_all_channels(tmp_path: Path) -> None:
    grey = colours(channels=1)[..., 0]
    assert (written(tmp_path / "a.png", Image.fromarray(grey)) == grey[..., None]).all()


DEEP = np.array([[0, 128, 129, 257, 20000, 32896, 65534, 65535]], np.uint16)


@pytest.mark.parametrize("mode", ["I;16", "I;16B", "I"])
def test_16_bit_grey_is_scaled_not_clipped(tmp_path: Path, mode: str) -> None:
    stored = {"I;16": "<u2", "I;16B": ">u2", "I": "=i4"}[mode]
    picture = Image.frombytes(mode, (8, 1), DEEP.astype(stored).tobytes())
    assert written(tmp_path / "a.tif", picture)[..., 0].tolist() == np.round(DEEP / 257).tolist()


def test_16_bit_grey_png_is_scaled_not_clipped(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(png((8, 1), 16, 0, [DEEP.astype(">u2").tobytes()]))
    assert loaded(tmp_path / "a.png")[..., 2].tolist() == np.round(DEEP / 257).tolist()


def test_16_bit_grey_tiff_may_count_from_white(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", DEEP, photometric="miniswhite", byteorder="<")
    assert loaded(tmp_path / "a.tif")[..., 0].tolist() == np.round(255 - DEEP / 257).tolist()


@pytest.mark.parametrize("extension", ["png", "tif"])
def test_16_bit_rgb_keeps_its_high_bits(tmp_path: Path, extension: str) -> None:
    deep = np.random.default_rng(1).integers(0, 65536, (5, 7, 3), np.uint16)
    if extension == "tif":
        tifffile.imwrite(tmp_path / "a.tif", deep, photometric="rgb")
    else:
        rows = [row.astype(">u2").tobytes() for row in deep]
        (tmp_path / "a.png").write_bytes(png((7, 5), 16, 2, rows))
    assert np.abs(loaded(tmp_path / f"a.{extension}") - deep / 257).max() <= 1


def test_float_grey_in_0_to_1_is_scaled(tmp_path: Path) -> None:
    values = np.linspace(0, 1, 11, dtype=np.float32)[None]
    result = written(tmp_path / "a.tif", Image.fromarray(values))
    assert np.abs(result - values[..., None] * 255).max() < 0.501


@pytest.mark.parametrize("wrong", [-0.1, 1.5, np.nan, np.inf])
def test_float_grey_outside_0_to_1_is_refused(tmp_path: Path, wrong: float) -> None:
    Image.fromarray(np.array([[0.5, wrong]], np.float32)).save(tmp_path / "a.tif")
    with pytest.raises(UserError, match=r"a\.tif.*outside 0\.\.1;"):
        images.load(str(tmp_path / "a.tif"))


@pytest.mark.parametrize("wrong", [-1, 65536])
def test_integer_grey_outside_16_bits_is_refused(tmp_path: Path, wrong: int) -> None:
    Image.fromarray(np.array([[5, wrong]], np.int32)).save(tmp_path / "a.tif")
    with pytest.raises(UserError, match=r"a\.tif.*outside 0\.\.65535;"):
        images.load(str(tmp_path / "a.tif"))


@pytest.mark.parametrize("extension", ["tif", "png"])
def test_8_bit_grey_in_32_bits_is_as_bright_as_in_8(tmp_path: Path, extension: str) -> None:
    grey = np.arange(256, dtype=np.int32)[None]
    if extension == "tif":
        tifffile.imwrite(tmp_path / "a.tif", grey)
        result = loaded(tmp_path / "a.tif")
    else:  # as a Pillow picture, for which stx.stylise asks
        result = np.asarray(images.to_srgb(Image.fromarray(grey), "grey")).astype(int)
    assert (result == grey[..., None]).all()


@pytest.mark.parametrize("brightest", [256, 4095, 32767])
def test_32_bit_grey_of_no_likely_scale_is_refused(tmp_path: Path, brightest: int) -> None:
    Image.fromarray(np.array([[0, brightest]], np.int32)).save(tmp_path / "a.tif")
    assert f"grey values to {brightest}, which is neither an 8-bit nor a 16-bit range" in refusal(tmp_path / "a.tif")


def test_a_dark_ppm_of_16_bits_stays_dark(tmp_path: Path) -> None:
    (tmp_path / "a.pgm").write_bytes(b"P5\n2 1\n65535\n" + bytes([0, 0, 2, 1]))
    assert loaded(tmp_path / "a.pgm")[0, :, 0].tolist() == [0, 2]


def test_cmyk_without_profile_multiplies_ink_and_black(tmp_path: Path) -> None:
    pixels = colours(channels=4)
    left = 255 - pixels.astype(float)
    result = written(tmp_path / "a.tif", Image.fromarray(pixels, "CMYK"))
    assert np.abs(result - left[..., :3] * left[..., 3:] / 255).max() <= 1


def test_inverted_cmyk_jpeg_of_adobe_is_turned_right_way_round(tmp_path: Path) -> None:
    result = written(tmp_path / "a.jpg", Image.new("CMYK", (16, 16), (200, 30, 60, 10)), quality=100)
    assert b"\xff\xee\0\x0eAdobe" in (tmp_path / "a.jpg").read_bytes()
    with Image.open(tmp_path / "a.jpg") as stored:
        stored.tile = [tile._replace(args=("CMYK", "")) for tile in stored.tile]  # as coded, not inverted
        assert np.abs(np.asarray(stored) - np.array([55.0, 225, 195, 245])).max() <= 2
    assert np.abs(result - np.array([55, 225, 195]) * 245 / 255).max() <= 3


def test_ycbcr_jpeg_shows_its_colour(tmp_path: Path) -> None:
    result = written(tmp_path / "a.jpg", Image.new("RGB", (16, 16), (200, 40, 90)), quality=95)
    assert np.abs(result - [200, 40, 90]).max() <= 4


@pytest.mark.parametrize(
    ("mode", "pixel"), [("YCbCr", (76, 85, 255)), ("HSV", (0, 255, 255)), ("RGBX", (255, 0, 0, 9))]
)
def test_other_colour_spaces_show_their_red(mode: str, pixel: tuple[int, ...]) -> None:
    result = np.asarray(images.to_srgb(Image.new(mode, (2, 2), pixel), "red"))
    assert np.abs(result.astype(int) - [255, 0, 0]).max() <= 2


@pytest.mark.parametrize("lab", [(60, 0, 0), (50, 40, 20), (70, -30, 35)])
def test_lab_tiff_shows_its_colour(tmp_path: Path, lab: tuple[int, int, int]) -> None:
    pixel = np.array([[[round(lab[0] * 2.55), lab[1] & 255, lab[2] & 255]]], np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", pixel, photometric="cielab")
    assert np.abs(loaded(tmp_path / "a.tif")[0, 0] - from_lab(*lab)).max() <= 3


@pytest.mark.parametrize("kept", [swapped_primaries(), b"not a profile"], ids=["of a screen", "none"])
def test_a_profile_beside_lab_says_nothing_and_is_not_warned_about(tmp_path: Path, kept: bytes) -> None:
    lab = (50, 40, 20)
    pixel = np.array([[[round(lab[0] * 2.55), lab[1] & 255, lab[2] & 255]]], np.uint8)
    tifffile.imwrite(tmp_path / "a.tif", pixel, photometric="cielab", iccprofile=kept)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.abs(loaded(tmp_path / "a.tif")[0, 0] - from_lab(*lab)).max() <= 3


@pytest.mark.parametrize("extension", ["png", "tif"])
def test_an_rgb_profile_is_converted_to_srgb(tmp_path: Path, extension: str) -> None:
    result = written(tmp_path / f"a.{extension}", Image.fromarray(colours()), icc_profile=swapped_primaries())
    assert np.abs(result - colours()[..., [1, 0, 2]]).max() <= 2


def test_a_profile_of_other_primaries_and_gamma_is_converted_to_srgb(tmp_path: Path) -> None:
    # Primaries as mixtures of sRGB's, so that no colour lies outside of sRGB and is clipped.
    mixture = np.array([[0.7, 0.2, 0.1], [0.15, 0.75, 0.1], [0.05, 0.25, 0.7]])
    xyz = np.round(65536 * np.linalg.inv(XYZ_TO_RGB) @ mixture).astype(int).T.tolist()
    gamma = b"curv\0\0\0\0" + struct.pack(">IH", 1, 461)  # 461 / 256, about 1.8
    tags = {f"{name}XYZ": b"XYZ \0\0\0\0" + struct.pack(">3i", *row) for name, row in zip("rgb", xyz, strict=True)}
    odd = profile(b"RGB ", b"XYZ ", **tags, rTRC=gamma, gTRC=gamma, bTRC=gamma)
    result = written(tmp_path / "a.png", Image.fromarray(colours()), icc_profile=odd)
    assert np.abs(result - encoded((colours() / 255) ** (461 / 256) @ mixture.T)).max() <= 2
    assert np.abs(result - colours()).max() > 30


def test_the_profile_of_a_photograph_is_converted_to_srgb(tmp_path: Path) -> None:
    picture = Image.new("RGB", (16, 16), (200, 40, 90))
    result = written(tmp_path / "a.jpg", picture, icc_profile=swapped_primaries(), quality=95)
    assert np.abs(result - [40, 200, 90]).max() <= 4


def test_an_srgb_profile_changes_nothing(tmp_path: Path) -> None:
    result = written(tmp_path / "a.png", Image.fromarray(colours()), icc_profile=SRGB)
    assert np.abs(result - colours()).max() <= 1


def test_colours_are_converted_before_they_mix_with_white(tmp_path: Path) -> None:
    pixels = colours(channels=4)
    result = written(tmp_path / "a.png", Image.fromarray(pixels), icc_profile=swapped_primaries())
    assert np.abs(result - on_white(pixels[..., [1, 0, 2]], pixels[..., 3])).max() <= 2


def test_a_profile_holds_for_a_palette(tmp_path: Path) -> None:
    picture, expected = palette_picture()
    result = written(tmp_path / "a.png", picture, icc_profile=swapped_primaries())
    assert np.abs(result - expected[..., [1, 0, 2]]).max() <= 2


def test_a_grey_profile_is_converted_to_srgb(tmp_path: Path) -> None:
    grey = np.arange(256, dtype=np.uint8)[None]
    result = written(tmp_path / "a.png", Image.fromarray(grey), icc_profile=linear_grey())
    assert np.abs(result - encoded(grey / 255)[..., None]).max() <= 2


def test_a_grey_profile_holds_for_16_bits(tmp_path: Path) -> None:
    picture = Image.frombytes("I;16", (8, 1), DEEP.astype("<u2").tobytes())
    result = written(tmp_path / "a.tif", picture, icc_profile=linear_grey())
    assert np.abs(result[..., 0] - encoded(np.round(DEEP / 257) / 255)).max() <= 2


def test_grey_with_the_profile_of_a_screen_stays_grey(tmp_path: Path) -> None:
    grey = np.arange(256, dtype=np.uint8)[None]
    result = written(tmp_path / "a.png", Image.fromarray(grey), icc_profile=SRGB)
    assert np.abs(result - grey[..., None]).max() <= 1


def test_a_grey_profile_holds_for_grey_with_alpha_before_it_is_laid_on_white(tmp_path: Path) -> None:
    pixels = colours(channels=2)
    result = written(tmp_path / "a.png", Image.fromarray(pixels, "LA"), icc_profile=linear_grey())
    expected = on_white(np.repeat(encoded(pixels[..., :1] / 255), 3, axis=2), pixels[..., 1])
    assert np.abs(result - expected).max() <= 2


def test_a_grey_profile_holds_for_one_bit(tmp_path: Path) -> None:
    """One whose curve is turned over shows that it is asked at all."""
    turned = profile(b"GRAY", b"XYZ ", kTRC=b"curv\0\0\0\0" + struct.pack(">IHH", 2, 65535, 0))
    result = written(
        tmp_path / "a.png", Image.fromarray(np.array([[0, 255]], np.uint8)).convert("1"), icc_profile=turned
    )
    assert np.abs(result[0] - [[255] * 3, [0] * 3]).max() <= 1


def test_grey_with_the_profile_of_other_primaries_stays_grey_and_goes_through_its_curve(tmp_path: Path) -> None:
    grey = np.arange(256, dtype=np.uint8)[None]
    swapped = written(tmp_path / "a.png", Image.fromarray(grey), icc_profile=swapped_primaries())
    assert np.abs(swapped - grey[..., None]).max() <= 1
    primaries = {name: SRGB[at : at + 20] for name, at in places_of_primaries().items()}
    line = b"curv\0\0\0\0" + struct.pack(">I", 0)
    linear = profile(b"RGB ", b"XYZ ", **primaries, rTRC=line, gTRC=line, bTRC=line)
    result = written(tmp_path / "b.png", Image.fromarray(grey), icc_profile=linear)
    assert np.abs(result - encoded(grey / 255)[..., None]).max() <= 2


@pytest.mark.parametrize("ink", [(0, 0, 0, 0), (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1)])
def test_a_cmyk_profile_is_converted_to_srgb(tmp_path: Path, ink: tuple[int, int, int, int]) -> None:
    lab = {(0, 0, 0, 0): (100, 0, 0), (1, 0, 0, 0): (60, -20, -30), (0, 1, 0, 0): (50, 40, 10)}
    lab |= {(0, 0, 1, 0): (85, -5, 50), (0, 0, 0, 1): (20, 0, 0)}
    picture = Image.new("CMYK", (2, 2), tuple(255 * share for share in ink))
    result = written(tmp_path / "a.tif", picture, icc_profile=inks(lab))
    assert np.abs(result - from_lab(*lab[ink])).max() <= 3


@pytest.mark.parametrize("broken", [b"not a profile", SRGB[:300], linear_grey()], ids=["text", "cut", "grey"])
def test_an_unusable_profile_is_ignored_with_a_warning(tmp_path: Path, broken: bytes) -> None:
    with pytest.warns(UserWarning, match=r"colour profile of .*a\.png"):
        result = written(tmp_path / "a.png", Image.fromarray(colours()), icc_profile=broken)
    assert (result == colours()).all()


def refusal(source: Path | str) -> str:
    with pytest.raises(UserError) as caught:
        images.load(str(source))
    message = str(caught.value)
    assert len(message.splitlines()) <= 2
    assert Path(source).name in message
    return message


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    assert "no picture" in refusal(tmp_path / "none.png")


def test_a_misspelt_bundled_name_is_answered_with_the_nearest_and_all() -> None:
    message = refusal("astronout")
    assert "did you mean astronaut" in message
    assert all(name in message for name in bundled.NAMES)


@pytest.mark.parametrize("source", ["", "nul\0byte.png", "x" * 5000])
def test_what_can_be_no_path_is_refused(source: str) -> None:
    with pytest.raises(UserError):
        images.load(source)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert "is a folder" in refusal(tmp_path)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    assert "empty" in refusal(tmp_path / "a.png")


def test_a_pipe_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.png")
    assert "not a regular file" in refusal(tmp_path / "a.png")


def test_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("certainly not a picture\n" * 20)
    assert "not a picture" in refusal(tmp_path / "a.png")


@pytest.mark.parametrize("extension", ["png", "jpg", "webp", "tif", "bmp", "gif"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
@pytest.mark.filterwarnings("ignore:.*Truncated File Read", "ignore:.*Corrupt EXIF")
def test_a_truncated_file_is_refused(tmp_path: Path, extension: str, share: float) -> None:
    Image.fromarray(colours(height=60, width=80)).save(tmp_path / f"whole.{extension}")
    data = (tmp_path / f"whole.{extension}").read_bytes()
    (tmp_path / f"a.{extension}").write_bytes(data[: int(len(data) * share)])
    refusal(tmp_path / f"a.{extension}")


@pytest.mark.parametrize("extension", ["png", "jpg", "webp", "tif", "gif"])
@pytest.mark.filterwarnings("ignore::UserWarning")
def test_damage_never_escapes_as_another_error(tmp_path: Path, extension: str) -> None:
    rng = np.random.default_rng(5)
    exif = Image.Exif()
    exif[0x0112] = 6
    options: dict[str, Any] = {} if extension == "gif" else {"exif": exif, "icc_profile": SRGB}
    Image.fromarray(colours(height=20, width=30)).save(tmp_path / f"a.{extension}", **options)
    data = np.frombuffer((tmp_path / f"a.{extension}").read_bytes(), np.uint8)
    for _ in range(60):
        hurt = data.copy()
        hurt[rng.integers(0, len(data), 4)] = rng.integers(0, 256, 4)
        (tmp_path / "b").write_bytes(hurt.tobytes())
        with contextlib.suppress(UserError):
            assert images.load(str(tmp_path / "b")).mode == "RGB"


@pytest.mark.parametrize("extension", ["gif", "webp", "png"])
def test_an_animation_is_refused(tmp_path: Path, extension: str) -> None:
    first, second = (Image.fromarray(colours(seed)) for seed in (0, 1))
    first.save(tmp_path / f"a.{extension}", save_all=True, append_images=[second])
    assert "animation" in refusal(tmp_path / f"a.{extension}")


def test_the_first_view_of_a_phones_jpeg_is_taken(tmp_path: Path) -> None:
    first, second = Image.new("RGB", (16, 16), (200, 10, 10)), Image.new("RGB", (16, 16), (0, 0, 250))
    result = written(tmp_path / "a.jpg", first, format="MPO", save_all=True, append_images=[second])
    assert np.abs(result - [200, 10, 10]).max() <= 4


def test_a_decompression_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.fromarray(colours()).save(tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 20)
    assert "more than 40 pixels" in refusal(tmp_path / "a.png")


def test_a_merely_large_picture_is_no_reason_to_warn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Image.fromarray(colours()).save(tmp_path / "a.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 40)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert (loaded(tmp_path / "a.png") == colours()).all()


def test_a_file_without_permission_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(path: Path) -> Image.Image:
        raise PermissionError(13, "Permission denied")  # as for anyone but root

    Image.fromarray(colours()).save(tmp_path / "a.png")
    monkeypatch.setattr(Image, "open", denied)
    assert "permission" in refusal(tmp_path / "a.png")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_an_unreadable_file_or_folder_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "closed"
    folder.mkdir()
    Image.fromarray(colours()).save(folder / "a.png")
    (folder / "a.png").chmod(0)
    assert "permission" in refusal(folder / "a.png")
    folder.chmod(0)
    try:
        assert "Permission denied" in refusal(folder / "a.png")
    finally:
        folder.chmod(0o700)


def test_a_path_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").touch()
    assert "cannot read" in refusal(tmp_path / "a.png" / "b.png")


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ((200, 100, 50), (200, 100)),
        ((320, None, None), (320, 240)),
        ((None, 240, 99), (320, 240)),
        ((None, None, 512), (512, 384)),
        ((None, None, None), (640, 480)),
        ((3, None, None), (3, 2)),
        ((1, None, None), (1, 1)),
    ],
)
def test_working_size_follows_the_proportions(
    asked: tuple[int | None, int | None, int | None], expected: tuple[int, int]
) -> None:
    assert images.working_size((640, 480), *asked) == expected


def test_working_size_scales_the_longer_side_of_a_tall_picture() -> None:
    assert images.working_size((30, 90), None, None, 45) == (15, 45)


def test_working_size_is_never_below_one_pixel() -> None:
    assert images.working_size((1000, 1), None, None, 10) == (10, 1)
    assert images.working_size((1, 1000), None, None, 10) == (1, 10)


def test_to_tensor_puts_channels_first_and_scales_to_one() -> None:
    tensor = images.to_tensor(Image.fromarray(colours()), (8, 6))
    assert tensor.dtype == torch.float32
    assert tensor.is_contiguous()
    assert torch.equal(tensor, torch.tensor(colours()).permute(2, 0, 1) / 255)


def test_to_tensor_resizes_the_whole_picture() -> None:
    halves = np.zeros((40, 80, 3), np.uint8)
    halves[:, 40:] = 255
    tensor = images.to_tensor(Image.fromarray(halves), (20, 30))
    assert tensor.shape == (3, 30, 20)
    assert tensor[..., :7].max() == 0
    assert tensor[..., 13:].min() == 1


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_to_picture_clamps_and_rounds(dtype: torch.dtype) -> None:
    values = torch.tensor([-1.0, 0.0, 0.25, 1.0, 7.0], dtype=dtype, requires_grad=True)
    pixels = np.asarray(images.to_picture(values.expand(3, 2, 5)))
    assert pixels.shape == (2, 5, 3)
    assert pixels[0, :, 0].tolist() == [0, 0, 64, 255, 255]


def test_to_picture_shows_nan_as_black_without_a_warning() -> None:
    values = torch.tensor([float("nan"), float("inf"), float("-inf")]).expand(3, 1, 3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.asarray(images.to_picture(values))[0, :, 1].tolist() == [0, 255, 0]


def test_to_picture_undoes_to_tensor() -> None:
    tensor = images.to_tensor(Image.fromarray(colours()), (8, 6))
    assert (np.asarray(images.to_picture(tensor)) == colours()).all()


@pytest.mark.parametrize("shape", [(6, 8), (1, 3, 6, 8), (5, 6, 8)])
def test_to_picture_refuses_other_shapes(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"\(3, H, W\)"):
        images.to_picture(torch.zeros(shape))


@pytest.mark.parametrize(
    ("ending", "format_", "off"),
    [
        ("png", "PNG", 0),
        ("PNG", "PNG", 0),
        ("bmp", "BMP", 0),
        ("tif", "TIFF", 0),
        ("tiff", "TIFF", 0),
        ("jpg", "JPEG", 5),
        ("jpeg", "JPEG", 5),
        ("webp", "WEBP", 60),
    ],
)
def test_save_writes_what_the_ending_says_and_leaves_nothing_else(
    tmp_path: Path, ending: str, format_: str, off: int
) -> None:
    """Colours at half their resolution, which WebP cannot do without, put noise of all colours 49 levels off."""
    images.save(Image.fromarray(colours()), tmp_path / f"out.{ending}")
    assert os.listdir(tmp_path) == [f"out.{ending}"]
    with Image.open(tmp_path / f"out.{ending}") as stored:
        assert stored.format == format_
    difference = loaded(tmp_path / f"out.{ending}").astype(float) - colours()
    assert np.abs(difference).mean() <= off


def test_a_failing_save_keeps_the_old_file_and_leaves_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(self: Image.Image, path: Path, **options: Any) -> None:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    images.save(Image.fromarray(colours()), tmp_path / "out.png")
    before = (tmp_path / "out.png").read_bytes()
    monkeypatch.setattr(Image.Image, "save", full)
    with pytest.raises(OSError, match=r"No space left.*out\.png"):
        images.save(Image.fromarray(colours(1)), tmp_path / "out.png")
    assert os.listdir(tmp_path) == ["out.png"]
    assert (tmp_path / "out.png").read_bytes() == before


def test_an_interrupted_save_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(self: Image.Image, path: Path, **options: Any) -> None:
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(Image.Image, "save", interrupted)
    with pytest.raises(KeyboardInterrupt):
        images.save(Image.fromarray(colours()), tmp_path / "out.png")
    assert os.listdir(tmp_path) == []


def test_save_replaces_what_was_there(tmp_path: Path) -> None:
    (tmp_path / "out.png").write_bytes(b"something else")
    images.save(Image.fromarray(colours()), str(tmp_path / "out.png"))
    assert os.listdir(tmp_path) == ["out.png"]
    assert (loaded(tmp_path / "out.png") == colours()).all()


def test_save_over_a_folder_is_refused_and_leaves_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "out.png").mkdir()
    with pytest.raises(OSError, match=r"out\.png"):
        images.save(Image.fromarray(colours()), tmp_path / "out.png")
    assert os.listdir(tmp_path) == ["out.png"]


@pytest.mark.parametrize("folder", ["none", "file", "x" * 300], ids=["missing", "a file", "too long"])
def test_save_into_what_is_no_folder_is_refused(tmp_path: Path, folder: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"out\.png"):
        images.save(Image.fromarray(colours()), tmp_path / folder / "out.png")


def test_a_saved_file_is_as_readable_as_any_other(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    images.save(Image.fromarray(colours()), tmp_path / "out.png")
    assert (tmp_path / "out.png").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_what_is_transparent_is_known_of_a_picture_that_was_laid_on_white(tmp_path: Path) -> None:
    pixels = np.concatenate([colours(), colours(1)[..., :1]], 2)
    Image.fromarray(pixels, "RGBA").save(tmp_path / "a.png")
    alpha = images.alpha_of(images.load(str(tmp_path / "a.png")))
    assert alpha is not None
    np.testing.assert_array_equal(np.asarray(alpha), pixels[..., 3])
    pixels[..., 3] = 255
    Image.fromarray(pixels, "RGBA").save(tmp_path / "opaque.png")
    assert images.alpha_of(images.load(str(tmp_path / "opaque.png"))) is None
    assert images.alpha_of(images.load("china")) is None


def test_on_a_sheet_a_transparent_picture_looks_as_on_white() -> None:
    """By itself, `convert` shows the colours that nobody is meant to see."""
    picture = Image.new("RGBA", (3, 1), (200, 0, 0, 0))
    picture.putpixel((1, 0), (200, 0, 0, 255))
    picture.putpixel((2, 0), (200, 0, 0, 51))
    shown = images.on_white(picture)
    assert [shown.getpixel((x, 0)) for x in range(3)] == [(255, 255, 255), (200, 0, 0), (244, 204, 204)]
    assert images.on_white(Image.new("L", (1, 1), 7)).getpixel((0, 0)) == (7, 7, 7)
