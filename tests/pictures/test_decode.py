"""Which files are opened and which frame of them, and that nothing that fails is anything but a message."""

import ast
import io
import struct
import sys
import types
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import AvifImagePlugin, EpsImagePlugin, Image, ImageFile, features

from stx.errors import UserError
from stx.pictures import images
from stx.pictures.decode import memory, opened


def colours(seed: int = 0, height: int = 16, width: int = 24) -> Any:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def refusal(path: Path) -> str:
    with pytest.raises(UserError) as caught:
        images.load(str(path))
    assert len(str(caught.value).splitlines()) == 1
    assert path.name in str(caught.value)
    return str(caught.value)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The times that Pillow would have started Ghostscript."""
    times: list[str] = []

    def interpreter(*arguments: Any, **options: Any) -> Any:
        times.append("ghostscript")
        return Image.new("RGB", (8, 8)).im

    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", interpreter)
    return times


def test_an_eps_that_is_called_a_png_starts_no_interpreter(tmp_path: Path, started: list[str]) -> None:
    Image.fromarray(colours()).save(tmp_path / "photo.png", "EPS")
    assert "is not a picture that can be read" in refusal(tmp_path / "photo.png")
    assert not started
    with Image.open(tmp_path / "photo.png") as picture:  # Pillow by itself does
        picture.load()
    assert started


@pytest.mark.parametrize("format_", ["ICNS", "ICO", "TGA", "PCX", "SGI", "JPEG2000", "DDS"])
def test_formats_that_are_not_named_are_refused(tmp_path: Path, format_: str) -> None:
    Image.fromarray(colours(height=32, width=32)).save(tmp_path / "photo.png", format_)
    assert "is not a picture that can be read; name a PNG, JPEG" in refusal(tmp_path / "photo.png")


@pytest.mark.parametrize("format_", ["PNG", "WEBP", "TIFF", "BMP", "GIF", "PPM"])
def test_formats_that_are_named_are_read_whatever_the_file_is_called(tmp_path: Path, format_: str) -> None:
    options = {"lossless": True} if format_ == "WEBP" else {}
    grey = Image.fromarray(colours()).convert("L").convert("RGB")
    grey.save(tmp_path / "picture", format_, **options)
    assert (np.asarray(images.load(str(tmp_path / "picture"))) == np.asarray(grey)).all()


def test_nothing_in_stx_opens_a_picture_without_saying_of_which_formats() -> None:
    files = sorted((Path(__file__).parents[2] / "stx").rglob("*.py"))
    calls = [
        call
        for file in files
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and ast.unparse(call.func) == "Image.open"
    ]
    assert len(calls) >= 5
    assert all("formats" in {keyword.arg for keyword in call.keywords} for call in calls)


@pytest.mark.parametrize("error", [AssertionError(), AssertionError("palette"), RecursionError("deep"), KeyError(1)])
@pytest.mark.parametrize("method", ["load", "convert", "getexif"])
def test_whatever_a_decoder_raises_is_a_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str, error: Exception
) -> None:
    def broken(self: Image.Image, *arguments: Any, **options: Any) -> None:
        raise error

    Image.fromarray(colours()).save(tmp_path / "a.png")
    monkeypatch.setattr(Image.Image, method, broken)
    monkeypatch.setattr(ImageFile.ImageFile, method, broken)
    assert "is damaged or incomplete (" in refusal(tmp_path / "a.png")


def test_a_picture_that_does_not_fit_into_memory_is_a_message(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Image.Image, *arguments: Any, **options: Any) -> None:
        raise MemoryError

    Image.fromarray(colours()).save(tmp_path / "a.png")
    monkeypatch.setattr(Image.Image, "convert", full)
    assert "does not fit into the memory" in refusal(tmp_path / "a.png")


def test_an_interruption_is_not_taken_for_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(self: Image.Image, *arguments: Any, **options: Any) -> None:
        raise KeyboardInterrupt

    Image.fromarray(colours()).save(tmp_path / "a.png")
    monkeypatch.setattr(Image.Image, "convert", interrupted)
    with pytest.raises(KeyboardInterrupt):
        images.load(str(tmp_path / "a.png"))


def tiff(path: Path, *frames: tuple[int, int | None, int | None], compression: str | None = None, **file: Any) -> None:
    """Frames of random colours, by their seed and the tags NewSubfileType and SubfileType: whole ones, smaller ones of
    three channels, and masks of one bit."""
    with tifffile.TiffWriter(path, **file) as writer:
        for seed, new, old in frames:
            pixels = colours(seed, *((8, 12) if new else ()))
            mask = bool(new and new & 4)
            writer.write(
                pixels[..., 0] > 127 if mask else pixels,
                photometric=4 if mask else "rgb",
                subfiletype=new or 0,
                extratags=[] if old is None else [(255, "H", 1, old, True)],
                metadata=None,
                compression=compression,
            )


@pytest.mark.parametrize(
    "frames",
    [[(0, None, None), (1, None, None)], [(0, 2, None), (1, 2, None), (2, 2, None)], [(0, None, 3), (1, None, 3)]],
)
def test_a_tiff_of_several_pages_is_refused(tmp_path: Path, frames: list[tuple[int, int | None, int | None]]) -> None:
    tiff(tmp_path / "a.tif", *frames)
    assert f"has {len(frames)} pages; save the one you want" in refusal(tmp_path / "a.tif")


@pytest.mark.parametrize("further", [(1, 1, None), (1, 4, None), (1, 5, None), (1, None, 2), (1, 1, 1)])
def test_of_a_tiff_with_a_thumbnail_or_a_mask_the_picture_is_taken(
    tmp_path: Path, further: tuple[int, int | None, int | None]
) -> None:
    tiff(tmp_path / "a.tif", (0, None, None), further)
    assert (np.asarray(images.load(str(tmp_path / "a.tif"))) == colours(0)).all()


@pytest.mark.parametrize("options", [{}, {"compression": "zlib"}, {"bigtiff": True}, {"byteorder": ">"}])
def test_a_thumbnail_may_come_first(tmp_path: Path, options: dict[str, Any]) -> None:
    tiff(tmp_path / "a.tif", (1, 1, None), (0, None, None), (2, 1, None), **options)
    assert (np.asarray(images.load(str(tmp_path / "a.tif"))) == colours(0)).all()


def test_the_profile_of_a_thumbnail_is_not_that_of_the_picture(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif") as writer:
        writer.write(colours(1), photometric="rgb", subfiletype=1, iccprofile=b"no profile at all", metadata=None)
        writer.write(colours(0), photometric="rgb", metadata=None)
    assert (np.asarray(images.load(str(tmp_path / "a.tif"))) == colours(0)).all()


def avif() -> bytes:
    if not features.check("avif"):
        pytest.skip("this Pillow reads no AVIF")
    file = io.BytesIO()
    Image.new("RGB", (24, 16), (200, 40, 90)).save(file, "AVIF", quality=95)
    return file.getvalue()


def test_an_avif_shows_its_colour(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(avif())
    picture = images.load(str(tmp_path / "a.jpg"))
    assert picture.size == (24, 16)
    assert np.abs(np.asarray(picture).astype(int) - [200, 40, 90]).max() <= 4


def test_an_avif_without_its_library_is_answered_with_how_to_have_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.avif").write_bytes(b"\0\0\0\x18ftypavif\0\0\0\0mif1miaf" + bytes(40))
    monkeypatch.setattr(features, "get_supported", lambda: ["jpg"])
    monkeypatch.setattr(AvifImagePlugin, "SUPPORTED", False)
    assert "is an AVIF picture; to read it: pip install --upgrade pillow" in refusal(tmp_path / "a.avif")


def test_an_animated_avif_is_refused(tmp_path: Path) -> None:
    avif()
    frames = [Image.fromarray(colours(seed)) for seed in (0, 1)]
    frames[0].save(tmp_path / "a.avif", save_all=True, append_images=frames[1:])
    assert "animation" in refusal(tmp_path / "a.avif")


HEIC = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"


@pytest.mark.parametrize("brands", [b"heic\0\0\0\0mif1heic", b"mif1\0\0\0\0mif1miaf", b"heix\0\0\0\0heixmif1"])
def test_a_heic_without_its_library_is_answered_with_how_to_have_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, brands: bytes
) -> None:
    (tmp_path / "IMG_1.HEIC").write_bytes(b"\0\0\0\x18ftyp" + brands + bytes(40))
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    assert "is a HEIC picture; to read it: pip install pillow-heif" in refusal(tmp_path / "IMG_1.HEIC")


@pytest.fixture
def heif_plugin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """In place of pillow_heif: what follows the brands is width, height and the pixels as they are."""

    class Heif(ImageFile.ImageFile):
        format = "HEIF"
        n_frames, is_animated = 2, True

        def _open(self) -> None:
            assert self.fp
            self.fp.seek(len(HEIC))
            self._mode, self._size = "RGB", struct.unpack("<HH", self.fp.read(4))
            self.tile = [ImageFile._Tile("raw", (0, 0, *self.size), len(HEIC) + 4, ("RGB", 0, 1))]

    library = types.ModuleType("pillow_heif")
    library.register_heif_opener = lambda: Image.register_open("HEIF", Heif)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "pillow_heif", library)
    yield
    Image.OPEN.pop("HEIF", None)
    Image.ID[:] = [name for name in Image.ID if name != "HEIF"]


@pytest.mark.usefixtures("heif_plugin")
def test_a_heic_is_read_where_its_library_is_there_with_whatever_other_views_it_has(tmp_path: Path) -> None:
    (tmp_path / "a.heic").write_bytes(HEIC + struct.pack("<HH", 24, 16) + colours().tobytes())
    assert (np.asarray(images.load(str(tmp_path / "a.heic"))) == colours()).all()


def test_a_phones_heic_shows_its_colour(tmp_path: Path) -> None:
    pytest.importorskip("pillow_heif").register_heif_opener()
    Image.new("RGB", (64, 48), (200, 40, 90)).save(tmp_path / "a.heic", quality=95)
    assert np.abs(np.asarray(images.load(str(tmp_path / "a.heic"))).astype(int) - [200, 40, 90]).max() <= 6


def test_a_film_in_the_same_box_is_no_picture(tmp_path: Path) -> None:
    (tmp_path / "a.heic").write_bytes(b"\0\0\0\x18ftypisom\0\0\2\0isommp41" + bytes(200))
    assert "is not a picture that can be read" in refusal(tmp_path / "a.heic")


@pytest.mark.parametrize(
    ("mode", "bytes_a_pixel"), [("1", 20), ("L", 20), ("RGB", 20), ("CMYK", 20), ("RGBA", 30), ("LA", 30), ("F", 30)]
)
def test_memory_is_told_by_the_header(tmp_path: Path, mode: str, bytes_a_pixel: int) -> None:
    Image.new(mode, (40, 30)).save(tmp_path / "a.tif")
    with opened(str(tmp_path / "a.tif")) as picture:
        assert memory(picture) == bytes_a_pixel * 40 * 30


def test_a_tile_larger_than_its_picture_counts(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", colours(), photometric="rgb", tile=(256, 512))
    with opened(str(tmp_path / "a.tif")) as picture:
        assert memory(picture) == 20 * (24 * 16 + 256 * 512)


def test_memory_is_told_without_decoding(tmp_path: Path) -> None:
    """The header says 9000 x 9000, and there is no pixel behind it."""
    header = struct.pack(">IIBBBBB", 9000, 9000, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(b"\0")))
    data = b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in chunks
    )
    (tmp_path / "a.png").write_bytes(b"\x89PNG\r\n\x1a\n" + data)
    assert images.memory_to_load(str(tmp_path / "a.png")) == 20 * 9000 * 9000


def test_what_comes_with_stx_takes_next_to_nothing() -> None:
    assert images.memory_to_load("china") == 0
