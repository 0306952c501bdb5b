"""Pictures of 16 bits a channel, which Pillow does not write in colour."""

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from stx import atomic
from stx.pictures.description import exif

Deep = npt.NDArray[np.uint16]
SIGNATURE = b"\x89PNG\r\n\x1a\n"
COLOUR_TYPE = {3: 2, 4: 6}
"""PNG's colour type, by the number of channels."""
UP = 2
"""PNG's filter that subtracts from each row the one above it."""


def sixteen_bits(tensor: torch.Tensor) -> Deep:
    """(H, W, C) of a tensor (C, H, W), RGB or RGBA, on any device: clamped to [0, 1], rounded to 16 bits, NaN black."""
    unit = tensor.detach().to("cpu", torch.float64).nan_to_num(nan=0.0).clamp(0, 1)
    values: Deep = (unit * 65535).round().permute(1, 2, 0).numpy().astype(np.uint16)
    return values


def save(pixels: Deep, path: Path, profile: bytes, description: str) -> None:
    """Write (H, W, 3), or (H, W, 4) with alpha, as PNG or TIFF, by the ending of `path`, with a colour profile and,
    unless it is empty, an ImageDescription. Raises OSError.
    """
    with atomic.replacing(path) as part:
        if path.suffix.lower() == ".png":
            part.write_bytes(SIGNATURE + b"".join(chunks(pixels, profile, description)))
        else:
            import tifffile  # late: for a TIFF alone

            text, extra = description or None, ["unassalpha"] if pixels.shape[2] == 4 else None
            tifffile.imwrite(
                part, pixels, photometric="rgb", extrasamples=extra, iccprofile=profile, description=text,
                metadata=None, software=False,
            )  # fmt: skip


def chunks(pixels: Deep, profile: bytes, description: str) -> Iterator[bytes]:
    """The chunks of a PNG (ISO/IEC 15948)."""
    height, width, channels = pixels.shape
    yield chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, COLOUR_TYPE[channels], 0, 0, 0))
    yield chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(profile))
    if description:
        yield chunk(b"eXIf", exif(description).removeprefix(b"Exif\0\0"))
    rows = np.ascontiguousarray(pixels, ">u2").view(np.uint8).reshape(height, -1)
    filtered = np.diff(rows, axis=0, prepend=np.zeros_like(rows[:1]))  # modulo 256
    yield chunk(b"IDAT", zlib.compress(np.insert(filtered, 0, UP, axis=1).tobytes()))
    yield chunk(b"IEND", b"")


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
