"""Sixteen bits a channel, read back by others: tifffile, FFmpeg, and a PNG's rows undone one by one."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
import torch
from PIL import Image

from stx.pictures import deep, profile
from stx.pictures.description import described


def picture() -> torch.Tensor:
    values = torch.rand(3, 20, 31, generator=torch.Generator().manual_seed(0))
    values[:, 0, :5] = torch.tensor([-1.0, 2.0, float("nan"), 0.5, 1 / 65535])
    return values


def expected() -> np.ndarray:
    values = np.nan_to_num(picture().double().numpy()).clip(0, 1).transpose(1, 2, 0)
    return np.rint(values * 65535).astype(np.uint16)


def unpacked(content: bytes) -> np.ndarray:
    """The pixels of a PNG, by the letter of its specification, for filters 0 and 2."""
    at, data, (width, height) = 8, b"", struct.unpack(">II", content[16:24])
    while at < len(content):
        length, kind = struct.unpack(">I4s", content[at : at + 8])
        body = content[at + 8 : at + 8 + length]
        assert struct.unpack(">I", content[at + 8 + length :][:4])[0] == zlib.crc32(kind + body)
        data += body if kind == b"IDAT" else b""
        at += 12 + length
    stream, before, rows = zlib.decompress(data), [0] * (6 * width), []
    for row in range(height):
        kind, *line = stream[row * (6 * width + 1) : (row + 1) * (6 * width + 1)]
        before = [(value + above * (kind == 2)) % 256 for value, above in zip(line, before, strict=True)]
        rows.append(before)
    high, low = np.array(rows).reshape(height, width, 3, 2).transpose(3, 0, 1, 2)
    return 256 * high + low


def test_numbers_are_rounded_to_sixteen_bits() -> None:
    np.testing.assert_array_equal(deep.sixteen_bits(picture()), expected())
    assert deep.sixteen_bits(picture())[0, :5, 0].tolist() == [0, 65535, 0, 32768, 1]


@pytest.mark.parametrize("name", ["a.png", "a.tif", "A.TIFF"])
def test_every_number_profile_and_text_comes_back(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    deep.save(deep.sixteen_bits(picture()), path, profile.srgb(), '{"a": 1}')
    with Image.open(path) as opened:
        opened.load()
        assert (opened.size, opened.info["icc_profile"]) == ((31, 20), profile.srgb())
        shown = np.asarray(opened)
    np.testing.assert_array_equal(shown, expected() >> 8)  # Pillow keeps the upper half
    assert described(str(path)) == '{"a": 1}'
    if name == "a.png":
        np.testing.assert_array_equal(unpacked(path.read_bytes()), expected())
    else:
        np.testing.assert_array_equal(tifffile.imread(path), expected())


def test_ffmpeg_reads_the_same_numbers(tmp_path: Path) -> None:
    av = pytest.importorskip("av", reason="PyAV (stx[video]) is not installed")
    deep.save(deep.sixteen_bits(picture()), tmp_path / "a.png", profile.srgb(), "")
    with av.open(str(tmp_path / "a.png")) as opened:
        (frame,) = opened.decode(video=0)
    assert frame.format.name == "rgb48be"
    np.testing.assert_array_equal(frame.to_ndarray(), expected())


def test_without_a_text_there_is_none(tmp_path: Path) -> None:
    for name in ("a.png", "a.tif"):
        deep.save(deep.sixteen_bits(picture()), tmp_path / name, profile.srgb(), "")
        assert described(str(tmp_path / name)) == ""


def test_what_cannot_be_written_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"gone/a\.png"):
        deep.save(deep.sixteen_bits(picture()), tmp_path / "gone" / "a.png", profile.srgb(), "")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["a.png", "a.tif"])
def test_an_alpha_channel_has_sixteen_bits_too(tmp_path: Path, name: str) -> None:
    values = torch.cat([picture(), torch.linspace(0, 1, 31).expand(1, 20, 31)])
    pixels = deep.sixteen_bits(values)
    assert pixels[0, :, 3].tolist() == (values[3, 0].double() * 65535).round().int().tolist()
    deep.save(pixels, tmp_path / name, profile.srgb(), "")
    if name.endswith("tif"):
        np.testing.assert_array_equal(tifffile.imread(tmp_path / name), pixels)
        return
    with Image.open(tmp_path / name) as opened:
        assert opened.mode == "RGBA"
        np.testing.assert_array_equal(np.asarray(opened), pixels >> 8)
