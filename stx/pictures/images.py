"""Convert pictures between files, Pillow and tensors. Inside stx, all of them are 8-bit sRGB of mode "RGB"."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from stx import atomic
from stx.errors import UserError
from stx.pictures import bundled
from stx.pictures.decode import decoded, memory, opened
from stx.pictures.profile import apply_profile

# The modes a colour profile can describe are L, RGB and CMYK; whatever is not named here becomes RGB.
PROFILED = {"1": "L", "L": "L", "LA": "L", "CMYK": "CMYK"}
ALPHA = "what was transparent"
"""The key in `Image.info` of a loaded picture's alpha channel. The picture itself is laid on white."""
JPEG = {"format": "JPEG", "quality": 95, "subsampling": 0}  # 4:4:4, as strokes differ most in colour
WRITTEN: Mapping[str, Mapping[str, Any]] = {
    ".png": {"format": "PNG"},
    ".jpg": JPEG,
    ".jpeg": JPEG,
    ".webp": {"format": "WEBP", "quality": 95},
    ".tif": {"format": "TIFF"},
    ".tiff": {"format": "TIFF"},
    ".bmp": {"format": "BMP"},
}
"""The formats in which a picture can be saved, by the file's ending, with Pillow's options."""
NO_ALPHA = (".jpg", ".jpeg", ".bmp")
"""Those without alpha, for which pictures are laid on white."""


def load(source: str) -> Image.Image:
    """The picture `source` as 8-bit sRGB of mode "RGB", upright, with transparency laid on white.

    `source` is a name in `bundled.NAMES` or the path of a file ("./china" for a file called like a
    bundled picture). An unusable colour profile is warned about and ignored.

    Raises UserError for what is missing, unreadable, truncated, animated, of several pages, too large or no picture.
    """
    if source in bundled.NAMES:
        return to_srgb(bundled.open_picture(source), source)
    with opened(source) as picture:
        return to_srgb(decoded(picture), source)


def memory_to_load(source: str) -> float:
    """Most bytes that `load` takes, by the file's header; 0 for bundled pictures, which take next to nothing.

    Raises UserError as `load` does, for what the header shows.
    """
    if source in bundled.NAMES:
        return 0.0
    with opened(source) as picture:
        return memory(picture)


def working_size(
    picture: tuple[int, int], width: int | None, height: int | None, long_side: int | None
) -> tuple[int, int]:
    """(width, height) in pixels to work at, for a picture of `picture` = (width, height) pixels.

    A missing side follows the picture's proportions; with both missing the picture is scaled until its
    longer side is `long_side`, or left alone if that is missing too. No side is below 1 pixel.
    """
    own_width, own_height = picture
    scale = 1.0
    if width is not None:
        scale = width / own_width
    elif height is not None:
        scale = height / own_height
    elif long_side is not None:
        scale = long_side / max(picture)
    return width or max(1, round(own_width * scale)), height or max(1, round(own_height * scale))


def to_tensor(picture: Image.Image, size: tuple[int, int]) -> torch.Tensor:
    """Float32 tensor (3, H, W) in [0, 1]: the whole picture resized (Lanczos) to `size` = (W, H)."""
    resized = picture.convert("RGB").resize(size, Image.Resampling.LANCZOS)
    return torch.from_numpy(np.array(resized)).permute(2, 0, 1).contiguous().float() / 255


def to_picture(tensor: torch.Tensor) -> Image.Image:
    """The picture of a tensor (3, H, W), or (4, H, W) with alpha, on any device: clamped to [0, 1], rounded to 8 bit,
    NaN black.

    Raises ValueError for any other shape.
    """
    if tensor.ndim != 3 or tensor.shape[0] not in (3, 4):
        raise ValueError(f"a picture is a tensor (3, H, W), not {tuple(tensor.shape)}")
    unit = tensor.detach().to("cpu", torch.float32).nan_to_num(nan=0.0).clamp(0, 1)
    return Image.fromarray((unit * 255).round().to(torch.uint8).permute(1, 2, 0).contiguous().numpy())


def save(picture: Image.Image, path: str | os.PathLike[str], comment: bytes = b"", **options: Any) -> None:
    """Write `picture` so that `path` never holds half a file, whatever interrupts the writing.

    The ending of `path`, a key of WRITTEN in upper or lower case, chooses the format; of those, JPEG has a place for a
    comment. `options` are Pillow's, and add to or replace those in WRITTEN. Raises OSError, which names the file, if it
    cannot be written, and UserError for a size that the format does not allow.
    """
    path = Path(path)
    if picture.mode == "RGBA" and path.suffix.lower() in NO_ALPHA:
        picture = on_white(picture)
    try:
        with atomic.replacing(path) as part:
            picture.save(part, comment=comment, **{**WRITTEN[path.suffix.lower()], **options})
    except ValueError as error:  # WebP has 16383 pixels a side at most
        raise UserError(f"cannot write {path} with {picture.width} x {picture.height} pixels; choose a .png") from error


def on_white(picture: Image.Image) -> Image.Image:
    """A picture as it looks on white, in RGB: the colours of transparent pixels are not meant to be seen."""
    if "A" not in picture.getbands():
        return picture.convert("RGB")
    picture = picture.convert("RGBA")
    return Image.composite(picture, Image.new("RGBA", picture.size, "white"), picture).convert("RGB")


def written(path: Path) -> Image.Image | None:
    """A picture that a run has written, on white; None if it is gone or damaged."""
    try:
        with opened(str(path)) as picture:
            return on_white(decoded(picture))
    except (UserError, OSError):
        return None


def to_srgb(picture: Image.Image, source: str) -> Image.Image:
    """Convert a picture to sRGB of mode RGB, laid on white, without metadata other than what `alpha_of` reads.

    Colours are converted before they are mixed with white, as profiles require.
    """
    alpha = opacity(picture)
    if picture.mode in ("I", "F") or picture.mode.startswith("I;16"):
        colours = eight_bit_grey(picture, source)
    else:
        mode = PROFILED.get(picture.mode, "RGB")
        # By way of RGBA: Pillow drops a palette's transparency with a warning, or not at all.
        colours = (picture.convert("RGBA") if mode == "RGB" else picture).convert(mode)
    profile = None if picture.mode == "LAB" else picture.info.get("icc_profile")  # Lab needs none
    result = apply_profile(colours, profile, source) if profile else colours.convert("RGB")
    if alpha is not None:
        result = Image.composite(result, Image.new("RGB", result.size, "white"), alpha)
    result.info.clear()
    if alpha is not None and np.asarray(alpha).min() < 255:
        result.info[ALPHA] = alpha
    return result


def alpha_of(picture: Image.Image) -> Image.Image | None:
    """The alpha channel of a picture before it was laid on white, mode L; None if nothing was transparent."""
    alpha = picture.info.get(ALPHA)
    return alpha if isinstance(alpha, Image.Image) else None


def opacity(picture: Image.Image) -> Image.Image | None:
    """The alpha channel of a picture, mode L, 255 where opaque; None if it has no transparency."""
    if not picture.has_transparency_data:
        return None
    key = picture.info.get("transparency")
    if key is None or picture.mode not in ("L", "RGB", "I;16"):
        return picture.convert("RGBA").getchannel("A")
    pixels = np.asarray(picture).reshape(picture.height, picture.width, -1)
    return Image.fromarray((pixels != key).any(axis=2).astype(np.uint8) * np.uint8(255))


def eight_bit_grey(picture: Image.Image, source: str) -> Image.Image:
    """Convert deeper grey values to mode L. Pillow's own conversion clips at 255 instead of scaling."""
    values = np.asarray(picture).astype(np.float64)
    top = 1 if picture.mode == "F" else 65535
    if not (np.isfinite(values).all() and values.min() >= 0 and values.max() <= top):
        raise UserError(f"{source!r} has grey values outside 0..{top}; rescale it or save it as 8-bit PNG")
    if picture.mode == "I" and picture.format != "PPM":  # 32 bits; a PPM has been scaled to 16
        top = scale_of(values.max(), source)
    if picture.mode == "I;16" and getattr(picture, "tag_v2", {}).get(262) == 0:
        values = top - values  # a TIFF whose zero is white (tag 262), which Pillow heeds at 8 bits only
    return Image.fromarray((values * (255 / top)).round().astype(np.uint8))


def scale_of(brightest: float, source: str) -> int:
    """The value of white in a 32-bit picture whose values are really of 8 or of 16 bits.

    Raises UserError if neither is likely: taken as either, the picture would be white or nearly black.
    """
    if brightest <= 255:
        return 255
    if brightest <= 32767:
        raise UserError(
            f"{source!r} has 32-bit grey values to {brightest:.0f}, which is neither an 8-bit nor a 16-bit range; "
            "rescale it or "
            "save it as 8-bit PNG"
        )
    return 65535
