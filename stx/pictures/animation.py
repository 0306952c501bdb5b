"""Films of pictures: MP4 by PyAV, an extra of stx; GIF and WebP by Pillow."""

import importlib.util
from collections.abc import Iterable, Sequence
from fractions import Fraction
from pathlib import Path

from PIL import Image

from stx import atomic
from stx.config.regular import regular
from stx.errors import UserError
from stx.pictures.description import exif

FRAME, HELD = 50, 1500
"""Milliseconds for which each picture is shown, and the last one."""
LARGEST = {"mp4": 1280, "webp": 1280, "gif": 640}
"""Most pixels of a film's longer side. A GIF is twice the size of a WebP, and has only 256 colours."""


def refuse_missing(kind: str) -> None:
    """Raise UserError if the package that writes such a film is not installed."""
    if kind == "mp4" and importlib.util.find_spec("av") is None:
        raise UserError("output.timelapse=mp4 is not installed: pip install 'stx[video]'; gif and webp need nothing")


def film_size(size: tuple[int, int], kind: str) -> tuple[int, int]:
    """(width, height) of a film of pictures of that size: both even, as MP4 requires, and at most LARGEST."""
    scale = min(1.0, LARGEST[kind] / max(size))
    width, height = (max(2, 2 * round(side * scale / 2)) for side in size)
    return width, height


def write(path: Path, frames: Sequence[Path], size: tuple[int, int], mark: bytes) -> None:
    """Write a film of pictures at (width, height) = `size` in the format of its ending, with `mark` in its metadata.

    Raises OSError.
    """
    with atomic.replacing(path) as part:
        if path.suffix == ".mp4":
            held = [frames[-1]] * (HELD // FRAME - 1)
            shown = (read(frame, size) for frame in (*frames, *held))
            write_mp4(part, shown, size, Fraction(1000, FRAME), mark.decode())
        else:
            still = [FRAME] * (len(frames) - 1) + [HELD]
            own = {"comment": mark} if path.suffix == ".gif" else {"exif": exif(mark.decode()), "quality": 80}
            first, *rest = (read(frame, size) for frame in frames)  # all at once: 330 MB for a hundred of the largest
            first.save(part, save_all=True, append_images=rest, duration=still, loop=0, **own)


def read(frame: Path, size: tuple[int, int]) -> Image.Image:
    with Image.open(regular(frame), formats=("JPEG", "PNG")) as picture:
        return picture.convert("RGB").resize(size, Image.Resampling.LANCZOS)  # a copy, even at the same size


def write_mp4(path: Path, frames: Iterable[Image.Image], size: tuple[int, int], rate: Fraction, mark: str) -> None:
    """Write a film in H.264, at `rate` frames a second of (width, height) = `size`, both even.

    Its colours are in BT.709, which players assume for such a film. Raises OSError.
    """
    import av  # an extra
    from av.video.reformatter import ColorRange, Colorspace

    with av.open(str(path), "w", format="mp4", options={"movflags": "faststart"}) as film:
        film.metadata["comment"] = mark
        stream = film.add_stream("libx264", rate=rate, options={"crf": "18"})
        stream.width, stream.height = size
        stream.pix_fmt, stream.time_base = "yuv420p", 1 / rate
        context = stream.codec_context
        context.colorspace = context.color_primaries = context.color_trc = int(Colorspace.ITU709)
        for frame in frames:
            shown = av.VideoFrame.from_image(frame).reformat(
                format="yuv420p", dst_colorspace=Colorspace.ITU709, dst_color_range=ColorRange.MPEG
            )
            film.mux(stream.encode(shown))
        film.mux(stream.encode())
