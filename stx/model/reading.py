"""Pictures from their files, unless that takes more memory than there is: known before they are decoded."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import torch
from PIL.Image import Image

from stx.config.schema import Config
from stx.errors import UserError
from stx.model import memory
from stx.pictures import images

HELD = 4
"""Bytes a pixel of a picture that has been read: Pillow keeps three channels in four."""


class Given(NamedTuple):
    content: Image | None
    styles: dict[str, Image]
    memory: float
    """Bytes that the process took at its worst while they were read; 0 if no file was."""


def given(config: Config, instead: Mapping[str, Image]) -> Given:
    """Photograph, if any, and style pictures; what is there `instead`, by name ("content", "style", "style_2"), is not
    read. Raises UserError.
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
    """Raises UserError for a picture that does not fit into memory, before it is decoded, and as `images.load`."""
    fitting(source)
    return images.load(source)


def fitting(source: str, held: Sequence[Image] = ()) -> float:
    """Bytes that the process takes at its worst while it reads `source` beside pictures that it holds already.

    0 for a picture that comes with stx. Raises UserError where the machine has less.
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
