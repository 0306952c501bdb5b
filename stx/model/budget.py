"""What a run will need of the device's memory, and where that is too little for a picture in one piece, its blocks."""

import math
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import torch

from stx.config.layers import LAYERS
from stx.config.schema import LONGEST_SIDE, Config
from stx.errors import UserError
from stx.model import memory
from stx.model.blocks import STRIDE, indivisible, local, map_size, margin
from stx.model.hardware import Hardware
from stx.model.padding import CIRCULAR
from stx.model.terms import Term
from stx.pictures.sizes import Size

LARGEST_SIDE, SMALLEST_SIDE = 1024, 128
"""Pixels of a block's core. Smaller ones have more margin than core, at VGG19's layers; larger ones gain next to
nothing: at 1024 the margins are a quarter of what is computed."""


class Budget(NamedTuple):
    needed: float
    """Bytes that the run takes at its worst, about."""
    side: int | None = None
    """Pixels of a block's side; none: the picture goes through the network in one piece."""
    judged: float = 1.0
    """Part of their sides at which pictures are measured."""
    why: str = ""
    """The choice of blocks."""


def remembered(optimiser: "partial[Any]") -> int:
    """Numbers that an optimiser keeps for each of the picture's. Raises UserError for a function that is none."""
    if not hasattr(optimiser.func, "remembered"):
        raise UserError(
            f"optim: {getattr(optimiser.func, '__name__', optimiser.func)} is no optimiser of a picture, which says "
            "how much it keeps (remembered); see CONTRIBUTING.md"
        )
    return int(optimiser.func.remembered(**optimiser.keywords))


class Asked(NamedTuple):
    """What memory is needed for."""

    config: Config
    device: torch.device
    itemsize: int
    size: Size
    style_area: int
    terms: Sequence[Term]
    optimiser: "partial[Any]"

    @property
    def area(self) -> int:
        return self.size[0] * self.size[1]

    @property
    def kept(self) -> int:
        """Bytes a pixel that stay throughout."""
        return 12 * (remembered(self.optimiser) + (2 if self.config.optim.average else 0))

    @property
    def throughout(self) -> float:
        return memory.PROCESS + (12 * memory.PICTURES + self.kept) * self.area

    def of_a_step(self, pixels: int, checkpointing: bool) -> float:
        """Bytes for a picture, or a block, of so many pixels."""
        return pixels * memory.of_a_step(
            list(LAYERS),
            self.terms,
            pooling=self.config.pooling.name,
            padding=CIRCULAR if self.config.tile else self.config.given_padding,
            itemsize=self.itemsize,
            checkpointing=checkpointing,
            calibrated=self.config.loss_weights.calibrate == "gradient",
            pixels=pixels,
        )

    def whole(self, checkpointing: bool) -> float:
        judged = memory.JUDGE * max(self.area, self.style_area)
        return self.throughout + max(self.of_a_step(self.area, checkpointing), judged)

    def in_blocks(self, side: int) -> float:
        """The measures aside, which are taken at the size that is left for them."""
        outer = [min(length, side + 2 * margin(self.terms)) for length in self.size]
        step = self.of_a_step(outer[0] * outer[1], self.config.activation_checkpointing)
        return self.throughout + self.targets + max(step, self.assembled, self.calibrated)

    @property
    def targets(self) -> float:
        """Bytes of what is compared position by position."""
        maps = (layer for term in self.terms if local(term.statistic) for layer in term.layers)
        return sum(4 * LAYERS[layer] * math.prod(map_size(layer, self.size)) for layer in maps)

    @property
    def assembled(self) -> float:
        """Of the largest layer that a reference is made of: its features, and a copy."""
        side = math.isqrt(self.style_area)
        layers = (layer for term in self.terms if term.reference and term.toward for layer in term.layers)
        return max((8.0 * LAYERS[layer] * math.prod(map_size(layer, (side, side))) for layer in layers), default=0.0)

    @property
    def calibrated(self) -> float:
        """Of the gradients that are there at once, before the optimiser remembers anything."""
        if self.config.loss_weights.calibrate == "none":
            return 0.0
        pulls = 1 + sum(len(term.places) for term in self.terms if term.group != "content")
        return max(0.0, 12.0 * pulls - self.kept) * self.area


def budget(
    config: Config,
    hardware: Hardware,
    size: Size,
    style_sizes: Sequence[Size],
    terms: Sequence[Term],
    optimiser: "partial[Any]",
    guided: bool = False,
) -> Budget:
    """Raises UserError where the machine has too little. `guided`: there are guides of regions."""
    largest = max(style_sizes, key=lambda each: each[0] * each[1])
    scaled = {"style_scale": largest} if config.style_scale > 1 else {}
    for option, (width, height) in {"image_size": size, **scaled}.items():
        if max(width, height) > LONGEST_SIDE:
            raise UserError(f"{option}: {width} x {height}: a side may have {LONGEST_SIDE} pixels at most")
    dtype, device = hardware.dtype, hardware.device
    asked = Asked(config, device, dtype.itemsize, size, largest[0] * largest[1], terms, optimiser)
    needed, available = asked.whole(config.activation_checkpointing), memory.available(device)
    if config.blocks is None or (config.blocks == "auto" and needed <= available):
        return whole(asked, available)
    why_not = refused(terms, guided, config.tile)
    if why_not and config.blocks == "auto":
        return whole(asked, available, f"; {why_not}, so that blocks do not help")
    if why_not:
        raise UserError(f"blocks={config.blocks}: {why_not}; leave it out")
    return divided(asked, available, f"the whole needs about {needed / 1e9:.0f} GB")


def refused(terms: Sequence[Term], guided: bool, tile: bool) -> str:
    """Why a picture cannot be divided; empty where it can."""
    if tile:
        return "a tile, whose edges are neighbours, needs all of a picture at once"
    if guided:
        return "masks and transparent pictures need all of a picture at once"
    names = list(dict.fromkeys(indivisible(terms)))
    return f"{', '.join(names)} need{'s' * (len(names) == 1)} all of a picture at once" if names else ""


def whole(asked: Asked, available: float, why: str = "") -> Budget:
    needed = asked.whole(asked.config.activation_checkpointing)
    if needed <= available:
        return Budget(needed)
    least = asked.whole(checkpointing=True)
    saved = f"; activation_checkpointing=true takes {least / 1e9:.0f} GB" if least <= available else ""
    raise too_large(asked, needed, available, why + saved)


def divided(asked: Asked, available: float, why: str) -> Budget:
    """In blocks of the side that is asked for, or the largest that fits."""
    sides = [asked.config.blocks] if isinstance(asked.config.blocks, int) else candidates()
    for side in sides:
        needed = asked.in_blocks(side)
        if needed <= available:
            room = (available - asked.throughout - asked.targets) / memory.JUDGE
            judged = min(1.0, math.sqrt(room / max(asked.area, asked.style_area)))
            return Budget(needed, side, judged, why)
    raise too_large(asked, asked.in_blocks(sides[-1]), available, f", in blocks too{shorter(asked, sides, available)}")


def shorter(asked: Asked, sides: Sequence[int], available: float) -> str:
    """The longest memory of an optimiser that has one, with which a picture would fit."""
    for history in range(asked.optimiser.keywords.get("history", 1) - 1, 0, -1):
        if asked._replace(optimiser=partial(asked.optimiser, history=history)).in_blocks(sides[-1]) <= available:
            return f"; optim.history={history} would fit"
    return ""


def candidates() -> list[int]:
    return list(range(LARGEST_SIDE, SMALLEST_SIDE - 1, -STRIDE))


def too_large(asked: Asked, needed: float, available: float, more: str) -> UserError:
    width, height = asked.size
    remembered = asked.kept * asked.area
    return UserError(
        f"image_size: {width} x {height} pixels need about {needed / 1e9:.0f} GB of memory, and "
        f"{asked.device} has {available / 1e9:.0f} GB"
        + (
            f"; what the optimiser remembers (optim.history) takes {remembered / 1e9:.0f} of them"
            if 2 * remembered > needed
            else ""
        )
        + f"{more}; take a smaller image_size"
    )
