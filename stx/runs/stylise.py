"""One picture, from Python, in one call."""

import warnings
from collections.abc import Callable, Mapping, Sequence
from os import PathLike, fspath
from signal import SIGINT
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from stx.config.compose import HydraException, composition, key_of, override, quoted
from stx.config.effects import refuse_ineffective
from stx.config.paths import named
from stx.config.refusals import explain_hydra
from stx.config.schema import Config, style_names
from stx.errors import Diverged, UserError
from stx.loop.levels import coarse_to_fine
from stx.loop.listener import Listener, Row
from stx.loop.signals import Stop
from stx.model.prepare import prepare
from stx.model.reading import read
from stx.model.resized import resized
from stx.pictures import images
from stx.pictures.decode import readable
from stx.runs import describe
from stx.runs.divergence import diverged
from stx.runs.live.serving import page

Source = str | PathLike[str] | Image.Image | np.ndarray[Any, Any]
Callback = Callable[[int, Mapping[str, float]], object]

TAKEN = {
    "content": "it is the first picture",
    "style": "it is the second picture",
    "resume": "each call makes a picture of its own",
    "from_picture": "the pictures are given; `stx run` repeats a run",
    "output": "nothing is written; save the picture that is returned",
    "tracking": "nothing is kept; `stx run` tracks",
}
"""What overrides may not set, and why."""


def stylise(
    content: Source | None, style: Source | Sequence[Source], *overrides: str, callback: Callback | None = None
) -> Image.Image:
    """Make a picture of `content` in the style of `style`; if `content` is None, a texture of the style.

    Settings are the defaults, or what `overrides` ("style_stat=gram") set. Pictures are paths or names of bundled ones,
    Pillow images, or arrays: (H, W), (H, W, 3), or (H, W, 4) with alpha, of bytes, or of floats in [0, 1]. Several
    styles are a list, with "style_mix=[2,1]" as their weights. The result is as large as image_size says. `callback` is
    called with the number of each step and its metrics by name; if it returns a true value, the run ends with the
    picture so far. Nothing is written.

    Raises UserError for an invalid picture or option or for too little memory, and Diverged under guard.on_nan=raise.
    Other policies warn if the run diverges, and return the last finite picture.
    """
    for text in overrides:
        group = key_of(text).partition(".")[0]
        if group in TAKEN:
            raise UserError(f"{text}: {TAKEN[group]}")
    styles: list[Any] = [*style] if isinstance(style, list | tuple) else [style]
    names = style_names(len(styles))
    sources = {**({} if content is None else {"content": content}), **dict(zip(names, styles, strict=True))}
    given = {name: opened(name, source) for name, source in sources.items()}
    typed = ["content=null" if content is None else override("content", called("content", content))]
    if isinstance(style, list | tuple):
        typed.append(f"style=[{','.join(map(quoted, map(called, names, styles)))}]")
    else:
        typed.append(override("style", called("style", styles[0])))
    config, title = composed([*typed, "tracking=none", "guard.checkpoint_every=0", *map(named, overrides)])
    inputs = prepare(config, given)
    stop = Stop()
    with page(config, title, inputs, None, stop) as view:
        listeners = (*([Calls(callback, stop)] if callback else []), view)
        outcome = coarse_to_fine(config, inputs, None, listeners, stop)
        picture = resized(outcome.picture, inputs.initial.shape[1:], config.tile)
        view.end(outcome.status, "", picture)
    if outcome.diverged:
        said = diverged(outcome, config)
        if config.guard.on_nan == "raise":
            raise Diverged(said)
        warnings.warn(said, stacklevel=2)
    return images.to_picture(inputs.finish(picture))


def called(name: str, source: Source) -> str:
    """What a picture is called in the config: its path, or its role if it has none."""
    return fspath(source) if isinstance(source, str | PathLike) else name


def composed(overrides: list[str]) -> tuple[Config, str]:
    """The config and the run's title. Raises UserError."""
    try:
        config, choices, _ = composition(overrides)
    except HydraException as error:
        raise UserError(explain_hydra(error, overrides)) from None
    refuse_ineffective(config, overrides)
    return config, describe.title(config, choices)


def opened(name: str, source: Source) -> Image.Image:
    """The picture that a source stands for. Raises UserError."""
    if isinstance(source, str | PathLike):
        return read(fspath(source))
    if isinstance(source, list | tuple):
        raise UserError(f"{name}: one picture, not {len(source)}; several styles are a list, of pictures each")
    if isinstance(source, Image.Image):
        with readable(f"the {name} picture"):  # Pillow decodes late
            return images.to_srgb(ImageOps.exif_transpose(source), f"the {name} picture")
    values = np.asarray(source)
    grey, colours = values.ndim == 2, values.ndim == 3 and values.shape[2] in (3, 4)
    if not (grey or colours) or 0 in values.shape:
        raise UserError(f"{name}: an array of shape {values.shape}; give (H, W), (H, W, 3), or (H, W, 4) with alpha")
    if values.dtype == bool or values.dtype.kind not in "fu" or (values.dtype.kind == "u" and values.itemsize > 1):
        raise UserError(f"{name}: an array of {values.dtype}; give bytes (uint8), or floats in [0, 1]")
    if values.dtype.kind == "f":
        if not (np.isfinite(values).all() and values.min() >= 0 and values.max() <= 1):
            raise UserError(f"{name}: an array of floats outside [0, 1]; divide by the largest value there can be")
        values = (values * 255).round().astype(np.uint8)
    return images.to_srgb(Image.fromarray(values), f"the {name} picture")


class Calls(Listener):
    every = 1
    """So that the loop stops where the callback says. The price: each step waits for the numbers of the last one."""

    def __init__(self, callback: Callback, stop: Stop):
        self.callback, self.stop = callback, stop

    def rows(self, rows: list[Row]) -> None:
        for row in rows:
            if self.stop.signal is None and self.callback(row.step, row.values):
                self.stop.signal = SIGINT
