"""What a run will need of the device's memory, and where that is too little for a picture in one piece, its blocks."""

import math
from bisect import bisect_left
from collections.abc import Callable, Sequence
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
from stx.model.terms import PICTURE, Term
from stx.pictures.sizes import Size

SIDES = range(128, 1024 + 1, STRIDE)
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
    style_sizes: Sequence[Size]
    terms: Sequence[Term]
    optimiser: "partial[Any]"

    @property
    def area(self) -> int:
        return self.size[0] * self.size[1]

    @property
    def style_area(self) -> int:
        return max(width * height for width, height in self.style_sizes)

    @property
    def sides(self) -> tuple[int, int]:
        """Width and height that no picture exceeds."""
        widths, heights = zip(self.size, *self.style_sizes, strict=True)
        return max(widths), max(heights)

    @property
    def kept(self) -> int:
        """Bytes a pixel that stay throughout."""
        return 12 * (remembered(self.optimiser) + (2 if self.config.optim.average else 0))

    @property
    def throughout(self) -> float:
        return memory.PROCESS + (12 * memory.PICTURES + self.kept) * self.area

    def of_a_step(self, pixels: int, checkpointing: bool, divided: bool = False) -> float:
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
            divided=divided,
        )

    def whole(self, checkpointing: bool) -> float:
        judged = memory.JUDGE * max(self.area, self.style_area)
        return self.throughout + max(self.of_a_step(self.area, checkpointing), judged)

    def in_blocks(self, side: int) -> float:
        """The measures aside, which are taken at the size that is left for them."""
        outer = [min(length, side + STRIDE + 2 * margin(self.terms)) for length in self.sides]
        step = self.of_a_step(outer[0] * outer[1], self.config.activation_checkpointing, divided=True)
        return self.throughout + self.targets + max(step + self.gradients, self.assembled)

    @property
    def targets(self) -> float:
        """Bytes of what is compared position by position, and of what looks at the picture itself."""
        maps = (layer for term in self.terms if local(term.statistic) for layer in term.layers if layer != PICTURE)
        features = sum(4.0 * LAYERS[layer] * math.prod(map_size(layer, self.size)) for layer in maps)
        return features + self.area * memory.by_the_picture(self.terms, self.area)

    @property
    def assembled(self) -> float:
        """Of the largest layer that a reference is made of: its features, and a copy."""
        side = math.isqrt(self.style_area)
        terms = (term for term in self.terms if term.reference and term.toward)
        layers = (layer for term in terms for layer in term.layers if layer != PICTURE)
        return max((8.0 * LAYERS[layer] * math.prod(map_size(layer, (side, side))) for layer in layers), default=0.0)

    @property
    def gradients(self) -> float:
        """Of the gradients of all pulls at once: of the calibration, before the optimiser remembers anything, and where
        they are told along the way."""
        pulls = 12.0 * (1 + sum(len(term.places) for term in self.terms if term.group != "content"))
        calibrated = 0.0 if self.config.loss_weights.calibrate == "none" else max(0.0, pulls - self.kept)
        return self.area * (pulls if self.config.tracking.grad_norms_every else calibrated)


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
    painting = max(style_sizes, key=lambda each: each[0] * each[1])
    scaled = {"style_scale": painting} if config.style_scale > 1 else {}
    for option, (width, height) in {"image_size": size, **scaled}.items():
        if max(width, height) > LONGEST_SIDE:
            raise UserError(f"{option}: {width} x {height}: a side may have {LONGEST_SIDE} pixels at most")
    dtype, device = hardware.dtype, hardware.device
    asked = Asked(config, device, dtype.itemsize, size, style_sizes, terms, optimiser)
    needed, available = asked.whole(config.activation_checkpointing), memory.available(device)
    if config.blocks is None or (config.blocks == "auto" and needed <= available):
        return whole(asked, available)
    why_not = refused(terms, guided, config.tile)
    if why_not and config.blocks == "auto":
        return whole(asked, available, f"; {why_not}, so that blocks do not help")
    if why_not:
        raise UserError(f"blocks={config.blocks}: {why_not}; leave it out")
    if isinstance(config.blocks, int):
        if max(asked.sides) <= config.blocks + 2 * margin(terms):  # with its margin a block has all of it
            return whole(asked, available)
        return divided(asked, available, [config.blocks], "as asked")
    return divided(asked, available, SIDES, f"as the whole needs about {needed / 1e9:.0f} GB")


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


def divided(asked: Asked, available: float, sides: Sequence[int], why: str) -> Budget:
    """In blocks of the largest of the sides that fits."""
    side = largest(sides, lambda side: asked.in_blocks(side) <= available)
    if side is None:
        more = f", in blocks too{shorter(asked, sides, available)}"
        raise too_large(asked, asked.in_blocks(sides[0]), available, more)
    judged_area, fixed = max(asked.area, asked.style_area), asked.throughout + asked.targets
    judged = min(1.0, math.sqrt((available - fixed) / memory.JUDGE / judged_area))
    needed = max(asked.in_blocks(side), fixed + memory.JUDGE * judged**2 * judged_area)
    return Budget(needed, side, judged, why)


def shorter(asked: Asked, sides: Sequence[int], available: float) -> str:
    """The longest memory of an optimiser that has one, with which a picture would fit."""

    def fits(history: int) -> bool:
        shorter = partial(asked.optimiser, history=history)
        return asked._replace(optimiser=shorter).in_blocks(sides[0]) <= available

    history = largest(range(1, asked.optimiser.keywords.get("history", 1)), fits)
    return "" if history is None else f"; optim.history={history} would fit"


def largest(numbers: Sequence[int], fits: Callable[[int], bool]) -> int | None:
    """Of rising ones, of which all up to it fit."""
    count = bisect_left(numbers, True, key=lambda number: not fits(number))
    return numbers[count - 1] if count else None


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
