"""Each distinct picture stands on the page once, and no larger than its place."""

import io
from base64 import b64decode
from pathlib import Path

import numpy as np
from PIL import Image

from stx.studies.gallery.album import Album


def painted(path: Path, size: tuple[int, int], seed: int = 0) -> Path:
    pixels = np.random.default_rng(seed).integers(0, 256, (3, 4, 3), np.uint8)
    Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC).save(path)
    return path


def size(album: Album, key: str) -> tuple[int, int]:
    return Image.open(io.BytesIO(b64decode(album.texts[key]))).size


def test_a_picture_is_kept_at_each_of_its_sides_and_looks_like_itself(tmp_path: Path) -> None:
    album, path = Album(), painted(tmp_path / "a.png", (400, 300))
    small, large = album.add(path, 100, 200)
    assert (size(album, small), size(album, large)) == ((100, 75), (200, 150))
    kept = np.asarray(Image.open(io.BytesIO(b64decode(album.texts[large]))), float)
    with Image.open(path) as whole:
        expected = np.asarray(whole.convert("RGB").resize((200, 150), Image.Resampling.LANCZOS), float)
    assert np.abs(kept - expected).mean() < 4


def test_the_same_pixels_stand_there_once_whatever_file_they_are_in(tmp_path: Path) -> None:
    album, path = Album(), painted(tmp_path / "a.png", (80, 60))
    with Image.open(path) as picture:
        picture.save(tmp_path / "b.png", compress_level=0)
    assert path.read_bytes() != (tmp_path / "b.png").read_bytes()
    assert album.add(path, 50) == album.add(tmp_path / "b.png", 50)
    assert album.add(path, 100, 1000) == album.add(path, 80, 80)  # smaller than its place
    album.add(painted(tmp_path / "c.png", (80, 60), seed=1), 50)
    assert len(album.texts) == 3


def test_what_is_no_picture_has_no_key(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("no picture")
    whole = painted(tmp_path / "a.png", (80, 60)).read_bytes()
    (tmp_path / "half.png").write_bytes(whole[: len(whole) // 2])
    album = Album()
    for path in (None, tmp_path / "none.png", tmp_path / "text.png", tmp_path / "half.png", tmp_path):
        assert album.add(path, 50) == []
    assert album.texts == {}


def test_transparent_and_grey_pictures_are_shown_in_colour(tmp_path: Path) -> None:
    Image.new("LA", (8, 8), (100, 128)).save(tmp_path / "grey.png")
    album = Album()
    (key,) = album.add(tmp_path / "grey.png", 8)
    assert Image.open(io.BytesIO(b64decode(album.texts[key]))).mode == "RGB"
