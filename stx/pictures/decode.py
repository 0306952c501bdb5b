"""Open files with Pillow: which formats and frames are accepted. Any failure becomes a UserError."""

import importlib
import os
import stat
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError, features
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from stx.errors import UserError, did_you_mean
from stx.pictures import bundled
from stx.pictures.sizes import Size

TYPES = "PNG, JPEG, WebP, TIFF or BMP file"
SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp", ".heic", ".heif")
"""Endings of files in a folder that are taken for pictures. A file that is named itself may have any ending."""
FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF", "PPM", "PSD")
"""Formats that are opened, whatever a file is called. Pillow reads more, but for an EPS it starts Ghostscript."""
AVIF = {b"avif", b"avis"}
HEIC = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"}
"""Brands, AVIF's and HEIC's, of files in the ISO base media format, which phones write."""
VIEWS = {"MPO", "PSD", "HEIF"}
"""Formats whose further frames are other views or layers of the picture, neither pages nor moments of a film."""
# PNG states its transparent colour at the file's depth, while Pillow's pixels have 8 bits for these.
KEY_SCALE = {"L;2": 85, "L;4": 17, "RGB;16B": 1 / 256}
NEW_SUBFILE_TYPE, SUBFILE_TYPE, TILE_WIDTH, TILE_LENGTH = 254, 255, 322, 323
"""Tags of TIFF."""
PLAIN, DEEP = 20, 30
"""Peak bytes a pixel while reading a picture: an opaque one of 8 bits, and any other. Measured."""


def upright_size(source: str) -> Size:
    """The size at which `images.load` returns the picture in a file, from its header. Raises UserError as `opened`."""
    with opened(source) as header:
        sideways = header.getexif().get(0x0112, 1) >= 5
        return (header.height, header.width) if sideways else header.size


@contextmanager
def opened(source: str) -> Iterator[Image.Image]:
    """Yield the picture in the file `source`, of which only the header has been read, at the frame that counts.

    Raises UserError for what is no picture, and for whatever goes wrong within the block.
    """
    path = Path(os.path.expanduser(source))
    check_file(path, source)
    with readable(source), open(path, "rb") as file:
        accepted = formats(file.read(64), source)
        # Given a path, Pillow maps uncompressed TIFFs into memory, and confuses width and height if they lie sideways.
        with Image.open(file, formats=accepted) as picture:
            if getattr(picture, "is_animated", False) and picture.format not in VIEWS:
                if picture.format != "TIFF":
                    raise UserError(f"{source!r} is an animation; save the frame you want as a picture")
                turn(picture, pages(file), source)
            yield picture


def decoded(picture: Image.Image) -> Image.Image:
    """Read all pixels of a picture, upright, in the file's own mode."""
    scale_transparent_colour(picture)
    picture.load()
    ImageOps.exif_transpose(picture, in_place=True)
    return picture


def memory(picture: Image.Image) -> float:
    """Peak bytes for decoding a picture and converting it to sRGB, by its header."""
    plain = picture.mode in ("1", "L", "P", "RGB", "CMYK", "YCbCr", "LAB") and not picture.has_transparency_data
    tags = getattr(picture, "tag_v2", {})
    tile = tags.get(TILE_WIDTH, 0) * tags.get(TILE_LENGTH, 0)  # decoded whole, even beyond the picture's edges
    return float(PLAIN if plain else DEEP) * (picture.width * picture.height + tile)


@contextmanager
def readable(source: str) -> Iterator[None]:
    """Raise UserError for whatever goes wrong with the picture `source` within the block."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # large, but still allowed
            yield
            return
    except UserError:
        raise
    except UnidentifiedImageError:
        problem = f"is not a picture that can be read; name a {TYPES}"
    except PermissionError:
        problem = "may not be read; give yourself permission to read it"
    except Image.DecompressionBombError:
        problem = f"has more than {2 * (Image.MAX_IMAGE_PIXELS or 0)} pixels; make it smaller first"
    except MemoryError:
        problem = "does not fit into the memory that there is; make it smaller first"
    except Exception as error:  # on a damaged file Pillow's decoders raise whatever they stumble on
        why = " ".join(str(error).split()) or type(error).__name__
        problem = f"is damaged or incomplete ({why}); fetch or save it anew"
    raise UserError(f"{source!r} {problem}")


def beside(path: Path) -> str:
    """A hint at a file beside a missing one with a similar name or another ending, or that the folder is missing."""
    try:
        names = os.listdir(path.parent)
    except OSError:
        return f"; there is no folder {path.parent}"
    return did_you_mean(path.name, names, 0.75)


def check_file(path: Path, source: str) -> None:
    if not source:
        raise UserError(f"the name of a picture is empty; give the path of a {TYPES}")
    try:
        status = os.stat(path)
    except FileNotFoundError:
        if "://" in source:
            raise UserError(f"{source!r} is an address; save the picture and give the path of its file") from None
        hint = beside(path) or (bundled.hint(source) if os.path.basename(source) == source else "")
        raise UserError(f"no picture {source!r}; give the path of a {TYPES}{hint}") from None
    except (OSError, ValueError) as error:
        raise UserError(f"cannot read picture {source!r}: {getattr(error, 'strerror', error)}") from error
    if stat.S_ISDIR(status.st_mode):
        raise UserError(f"{source!r} is a folder; name one picture in it")
    if not stat.S_ISREG(status.st_mode):  # opening a pipe or a device could wait for ever
        raise UserError(f"{source!r} is not a regular file; name a {TYPES}")
    if status.st_size == 0:
        raise UserError(f"picture {source!r} is an empty file (0 bytes); name a {TYPES}")


def formats(start: bytes, source: str) -> tuple[str, ...]:
    """Formats that a file may have, by its first bytes. Raises UserError if the library that reads it is missing."""
    if start[4:8] != b"ftyp":
        return FORMATS
    brands = {start[at : at + 4] for at in range(8, min(len(start), int.from_bytes(start[:4])), 4)}
    if brands & AVIF:
        if "avif" not in features.get_supported():
            raise UserError(f"{source!r} is an AVIF picture; to read it: pip install --upgrade pillow")
        return ("AVIF",)
    if brands & HEIC:
        try:
            importlib.import_module("pillow_heif").register_heif_opener()
        except ImportError:
            raise UserError(f"{source!r} is a HEIC picture; to read it: pip install pillow-heif") from None
        return ("HEIF",)
    return FORMATS


def pages(file: BinaryIO) -> list[int]:
    """The frames of a TIFF that are neither smaller versions of another one nor masks.

    They are found by the file's own tags, as Pillow may not know them.
    """
    file.seek(0)
    header = file.read(8)
    directory = ImageFileDirectory_v2(header + file.read(8) if 43 in header[2:4] else header)  # 43: for large files
    at, kinds = [], []
    while directory.next and directory.next not in at:
        at.append(directory.next)
        file.seek(directory.next)
        directory.load(file)
        kinds.append((directory.get(NEW_SUBFILE_TYPE, 0), directory.get(SUBFILE_TYPE)))
    return [frame for frame, (new, old) in enumerate(kinds) if not new & 0b101 and old != 2]


def turn(picture: Image.Image, pages: Sequence[int], source: str) -> None:
    """Go to the only page. Raises UserError if there are several."""
    if len(pages) > 1:
        raise UserError(f"{source!r} has {len(pages)} pages; save the one you want as a picture")
    if pages and pages[0] > 0:
        picture.info.clear()  # otherwise the first frame's metadata would stay
        picture.seek(pages[0])


def scale_transparent_colour(picture: Image.Image) -> None:
    tile = getattr(picture, "tile", None)
    scale = KEY_SCALE.get(str(tile[0].args)) if picture.format == "PNG" and tile else None
    if scale and "transparency" in picture.info:
        picture.info["transparency"] = (np.array(picture.info["transparency"]) * scale).astype(int).tolist()
