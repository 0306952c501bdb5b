"""What holds for any file and any features: pictures are read or refused, statistics stay what they are."""

import io
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from torch import Tensor

from stx import stats
from stx.errors import UserError
from stx.pictures import images

EXAMPLES = settings(derandomize=True, deadline=None, max_examples=200, database=None)
"""The same examples each time, so that a failure is somebody's doing."""


def encoded(kind: str, mode: str, **options: Any) -> bytes:
    bands = len(Image.new(mode, (1, 1)).getbands())
    pixels = np.random.default_rng(0).integers(0, 256, (9, 12, bands), np.uint8)
    if mode == "F":
        picture = Image.fromarray((pixels[..., 0] / 255).astype(np.float32))
    else:
        picture = Image.frombytes(mode, (12, 9), pixels.tobytes())
    if mode == "P":
        picture.putpalette(pixels.tobytes()[:96] * 8)
    file = io.BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def exif() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


def deep() -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.arange(108, dtype=np.uint16).reshape(9, 12) * 600).save(file, "PNG")
    return file.getvalue()


PNGS = (
    encoded("PNG", "RGB"),
    encoded("PNG", "RGBA", exif=exif()),
    encoded("PNG", "P", transparency=bytes(range(0, 256, 5))),
    encoded("PNG", "L", transparency=7),
    deep(),
)
JPEGS = (encoded("JPEG", "RGB", exif=exif()), encoded("JPEG", "L", progressive=True), encoded("JPEG", "CMYK"))
OTHERS = (
    encoded("TIFF", "RGB", exif=exif()),
    encoded("TIFF", "F"),
    encoded("TIFF", "CMYK", compression="tiff_lzw"),
    encoded("GIF", "P"),
    encoded("WEBP", "RGBA"),
    encoded("BMP", "RGB"),
)
STARTS = [
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff\xe0",
    b"II*\0",
    b"MM\0*",
    b"GIF89a",
    b"RIFF",
    b"BM",
    b"8BPS",
    b"P6 ",
    b"",
]


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Handing a few numbers to other threads takes longer than counting with them."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where the bytes go. Damage may claim any size: what Pillow allows would fill a small machine's memory."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Image, "MAX_IMAGE_PIXELS", 100_000)
        yield tmp_path_factory.mktemp("damaged") / "picture"


@st.composite
def damaged(draw: st.DrawFn, pictures: tuple[bytes, ...]) -> bytes:
    """A whole file with some bytes changed, some left out, or its end cut off."""
    whole = bytearray(draw(st.sampled_from(pictures)))
    for at, byte in draw(st.lists(st.tuples(st.integers(0, len(whole) - 1), st.integers(0, 255)), max_size=6)):
        whole[at] = byte
    first, last = sorted(draw(st.tuples(*[st.integers(0, len(whole))] * 2)))
    how = draw(st.sampled_from(("changed", "cut", "hole")))
    return bytes({"changed": whole, "cut": whole[:first], "hole": whole[:first] + whole[last:]}[how])


def resealed(png: bytes) -> bytes:
    """With the checksums set right, so that damage gets past them."""
    result, at = bytearray(png), 8
    while at + 12 <= len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        end = at + 8 + length
        if end + 4 > len(png):
            break
        result[end : end + 4] = struct.pack(">I", zlib.crc32(png[at + 4 : end]))
        at = end + 4
    return bytes(result)


def read_or_refused(file: Path, content: bytes) -> None:
    file.write_bytes(content)
    refusal = ""
    try:
        picture = images.load(str(file))
        assert picture.mode == "RGB"
        assert np.asarray(picture).shape == (picture.height, picture.width, 3)
        assert min(picture.size) >= 1
    except UserError as error:
        refusal = str(error)
    assert not refusal or file.name in refusal
    assert len(refusal.splitlines()) <= 2


@pytest.mark.filterwarnings("ignore")  # of Pillow's, about what it mends
@EXAMPLES
@given(start=st.sampled_from(STARTS), rest=st.binary(max_size=400))
def test_any_bytes_are_a_picture_or_refused_by_name(file: Path, start: bytes, rest: bytes) -> None:
    read_or_refused(file, start + rest)


@pytest.mark.filterwarnings("ignore")
@EXAMPLES
@given(content=damaged(PNGS), seal=st.booleans())
def test_a_damaged_png_is_a_picture_or_refused_by_name(file: Path, content: bytes, seal: bool) -> None:
    read_or_refused(file, resealed(content) if seal else content)


@pytest.mark.filterwarnings("ignore")
@EXAMPLES
@given(content=damaged(JPEGS))
def test_a_damaged_jpeg_is_a_picture_or_refused_by_name(file: Path, content: bytes) -> None:
    read_or_refused(file, content)


@pytest.mark.filterwarnings("ignore")
@EXAMPLES
@given(content=damaged(OTHERS))
def test_a_damaged_file_of_another_kind_is_a_picture_or_refused_by_name(file: Path, content: bytes) -> None:
    read_or_refused(file, content)


Side = st.integers(1, 100_000)
Asked = st.none() | st.integers(1, 16384)


@EXAMPLES
@given(picture=st.tuples(Side, Side), width=Asked, height=Asked, long_side=Asked)
def test_a_working_size_has_no_side_below_one_and_keeps_what_was_asked(
    picture: tuple[int, int], width: int | None, height: int | None, long_side: int | None
) -> None:
    size = images.working_size(picture, width, height, long_side)
    assert min(size) >= 1
    assert width in (None, size[0])
    assert height in (None, size[1])
    if width is None and height is None:
        assert max(size) == (long_side or max(picture))


@EXAMPLES
@given(picture=st.tuples(Side, Side), width=Asked, height=Asked, long_side=Asked)
def test_a_working_size_keeps_the_proportions_to_half_a_pixel(
    picture: tuple[int, int], width: int | None, height: int | None, long_side: int | None
) -> None:
    if width is not None:
        height = None  # with both given, they are what was asked
    size = images.working_size(picture, width, height, long_side)
    scales = [working / own for working, own in zip(size, picture, strict=True)]
    scale = scales[0] if width else scales[1] if height else scales[picture[1] > picture[0]]
    for working, own in zip(size, picture, strict=True):
        assert working == 1 or abs(working - own * scale) <= 0.5 + 1e-6 * working


@st.composite
def features(draw: st.DrawFn) -> Tensor:
    """Float features after a ReLU: many zeros, and anything up to what VGG19's layers give."""
    shape = draw(st.tuples(st.integers(2, 5), st.integers(1, 6), st.integers(1, 6)))
    values = st.just(0.0) | st.floats(0, 1e5, width=32)  # whose squares float64 has, as features are float32
    return torch.from_numpy(draw(arrays(np.float64, shape, elements=values, fill=st.just(0.0))))


@st.composite
def whole_features(draw: st.DrawFn) -> Tensor:
    """Whole numbers, whose sums are exact in any order: what is at the threshold is so after a permutation too."""
    shape = draw(st.tuples(st.integers(2, 5), st.integers(1, 6), st.integers(1, 6)))
    return torch.from_numpy(draw(arrays(np.float64, shape, elements=st.integers(0, 1000), fill=st.just(0))))


Options = st.fixed_dictionaries(
    {
        "radius": st.integers(0, 3),
        "threshold": st.just("mean") | st.floats(0, 10),
        "window": st.sampled_from(("mean", "sum")),
        "normalise": st.booleans(),
    }
)
FORMS = (stats.cooc_tensor, stats.cooc_matrix, stats.cooc_vector, stats.gram_cooc_matrix, stats.gram_cooc_vector)


def with_gradient(statistic: Callable[..., Tensor], maps: Tensor, **options: Any) -> tuple[Tensor, Tensor]:
    maps = maps.clone().requires_grad_()
    result = statistic(maps, **options)
    result.sum().backward()  # type: ignore[no-untyped-call]
    assert maps.grad is not None
    return result.detach(), maps.grad


@EXAMPLES
@given(maps=features())
def test_gram_is_finite_with_a_finite_gradient_and_symmetric(maps: Tensor) -> None:
    result, gradient = with_gradient(stats.gram, maps)
    assert torch.isfinite(result).all()
    assert torch.isfinite(gradient).all()
    torch.testing.assert_close(result, result.T)


@EXAMPLES
@given(maps=features(), form=st.sampled_from(FORMS), options=Options)
def test_cooccurrence_in_every_form_is_finite_with_a_finite_gradient(
    maps: Tensor, form: Callable[..., Tensor], options: dict[str, Any]
) -> None:
    result, gradient = with_gradient(form, maps, **options)
    assert torch.isfinite(result).all()
    assert torch.isfinite(gradient).all()


@EXAMPLES
@given(maps=features(), data=st.data())
def test_where_things_stand_does_not_change_gram(maps: Tensor, data: st.DataObject) -> None:
    flat = maps.flatten(1)
    order = data.draw(st.permutations(range(flat.shape[1])))
    torch.testing.assert_close(stats.gram(flat[:, order].reshape(maps.shape)), stats.gram(maps))


@EXAMPLES
@given(maps=whole_features(), data=st.data(), options=Options)
def test_the_order_of_channels_is_the_order_of_cooc_vector(
    maps: Tensor, data: st.DataObject, options: dict[str, Any]
) -> None:
    order = data.draw(st.permutations(range(len(maps))))
    torch.testing.assert_close(stats.cooc_vector(maps[order], **options), stats.cooc_vector(maps, **options)[order])


@EXAMPLES
@given(maps=features(), options=Options)
def test_a_normalised_cooccurrence_tensor_sums_to_one_or_is_zero_and_has_nothing_below_zero(
    maps: Tensor, options: dict[str, Any]
) -> None:
    result = stats.cooc_tensor(maps, **{**options, "normalise": True})
    assert float(result.sum()) == pytest.approx(1, abs=1e-6) or not result.any()
    assert result.min() >= -1e-6
