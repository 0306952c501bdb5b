"""Colour profiles: from a picture's own to sRGB, and back."""

import io
import warnings
from functools import cache

from PIL import Image, ImageCms

from stx.pictures import bundled
from stx.pictures.decode import opened

SRGB = ImageCms.createProfile("sRGB")
INTENT, FLAGS = ImageCms.Intent.RELATIVE_COLORIMETRIC, ImageCms.Flags.BLACKPOINTCOMPENSATION


def apply_profile(colours: Image.Image, profile: bytes, source: str) -> Image.Image:
    """Convert from a profile to sRGB of mode RGB. A profile that cannot be used is warned about and ignored."""
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if own.profile.xcolor_space.strip() == "RGB" and colours.mode == "L":
            colours = colours.convert("RGB")  # grey pictures often carry the profile of an RGB screen
        flags = FLAGS
        if colours.mode == "L":  # optimised, a grey curve is sampled so coarsely that darks are ten levels off
            flags |= ImageCms.Flags.NOOPTIMIZE
        return ImageCms.buildTransform(own, SRGB, colours.mode, "RGB", INTENT, flags).apply(colours)
    except (OSError, ValueError, ImageCms.PyCMSError) as error:
        warnings.warn(f"colour profile of {source!r} ignored, taken as sRGB: {error}", stacklevel=3)
        return colours.convert("RGB")


@cache
def srgb() -> bytes:
    """The profile to embed in a picture that is in sRGB."""
    return ImageCms.ImageCmsProfile(SRGB).tobytes()


def embedded(source: str) -> bytes:
    """The profile in the picture `source`, as `images.load` takes it; empty if it has none or is bundled."""
    if source in bundled.NAMES:
        return b""
    with opened(source) as picture:
        return bytes(picture.info.get("icc_profile") or b"")


def usable(profile: bytes) -> bool:
    """Whether pictures of mode RGB can be converted to a profile: not if it is grey, or only describes a camera."""
    try:
        converted(Image.new("RGB", (1, 1)), profile)
    except (OSError, ValueError, ImageCms.PyCMSError):
        return False
    return True


def converted(picture: Image.Image, profile: bytes) -> Image.Image:
    """Convert a picture, RGB or RGBA, from sRGB to `profile`. Raises ImageCms.PyCMSError, ValueError or OSError."""
    own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    # Not optimised: with Pillow's 8 bits, optimisation would make the curves in between less precise.
    flags = FLAGS | ImageCms.Flags.NOOPTIMIZE
    result = ImageCms.buildTransform(SRGB, own, "RGB", "RGB", INTENT, flags).apply(picture.convert("RGB"))
    if picture.mode == "RGBA":
        result.putalpha(picture.getchannel("A"))
    return result
