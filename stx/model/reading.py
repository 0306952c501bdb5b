"""Reading of pictures, refused before they are decoded if that would take more memory than there is."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from PIL.Image import Image

from stx.config.schema import Config
from stx.errors import UserError
from stx.model import memory
from stx.pictures import images

HELD = 4
"""Bytes per pixel of a picture that has been read: Pillow keeps three channels in four bytes."""


class Given(NamedTuple):
    content: Image | None
    styles: dict[str, Image]
    memory: float
    """Estimate of the bytes that the process took at its peak while reading; 0 if no file was read."""


def given(config: Config, instead: Mapping[str, Image]) -> Given:
    """The photograph, if any, and the style pictures that a config names.

    Pictures in `instead`, by name ("content", "style", "style_2"), are taken from there and not read. Raises UserError
    as `read` does.
    """
    pictures: dict[str, Image] = {}
    needed = 0.0
    photograph = {} if config.content is None else {"content": config.content}
    for name, source in {**photograph, **config.styles}.items():
        if name not in instead:
            needed = max(needed, fitting(source, [*pictures.values()]))
        pictures[name] = instead.get(name) or images.load(source)
    content = pictures.pop("content", None)
    return Given(content, pictures, needed)


def read(source: str) -> Image:
    """Read a picture. Raises UserError if it would not fit into memory, before decoding, and as `images.load` does."""
    fitting(source)
    return images.load(source)


def fitting(source: str, held: Sequence[Image] = ()) -> float:
    """Bytes that the process takes at its peak while it reads `source`, with the pictures in `held` in memory already.

    0 for a picture that comes with stx. Raises UserError if the machine has less.
    """
    own = images.memory_to_load(source)
    if not own:
        return 0.0
    needed = memory.PROCESS + own + HELD * sum(picture.width * picture.height for picture in held)
    available = memory.available(torch.device("cpu"))
    if needed > available:
        raise UserError(
            f"{source!r} takes about {needed / 1e9:.1f} GB of memory to be read, and this machine has "
            f"{available / 1e9:.1f} GB; make it smaller first"
        )
    return needed
