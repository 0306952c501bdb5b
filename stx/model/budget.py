"""How much of the device's memory a run needs, and the blocks for a picture that does not fit in one piece."""

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
"""Sides of a block's core in pixels. Smaller blocks would have more margin than core at VGG19's layers. Larger ones
gain next to nothing: at 1024 the margins are a quarter of what is computed."""


class Budget(NamedTuple):
    needed: float
    """Estimate of the bytes that the run takes at its peak."""
    side: int | None = None
    """Side of a block's core in pixels; None: the picture goes through the network in one piece."""
    judged: float = 1.0
    """Factor by which the sides of pictures are reduced when they are measured."""
    why: str = ""
    """Why the picture is cut into blocks."""


METHODS = ("step", "accepted", "shorten", "renewed", "state_dict", "load_state_dict", "handed_on", "remembered")
"""The methods of stx.loop.optimisers.Optimiser, all of which the loop calls."""


def remembered(optimiser: "partial[Any]") -> int:
    """How many numbers an optimiser keeps per number of the picture. Raises UserError if it lacks a method."""
    if lacking := [name for name in METHODS if not hasattr(optimiser.func, name)]:
        raise UserError(
            f"optim: {getattr(optimiser.func, '__name__', optimiser.func)} is no optimiser of a picture: it lacks "
            f"{', '.join(lacking)}; see CONTRIBUTING.md"
        )
    whole: Any = optimiser.func
    return int(whole.remembered(**optimiser.keywords))


class Asked(NamedTuple):
    """What the memory is needed for."""

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
        """Bytes per pixel that the optimiser and the average of the steps keep throughout."""
        return 12 * (remembered(self.optimiser) + (2 if self.config.optim.average else 0))

    @property
    def throughout(self) -> float:
        return memory.PROCESS + (12 * memory.PICTURES + self.kept) * self.area

    def of_a_step(self, pixels: int, checkpointing: bool, divided: bool = False) -> float:
        """Bytes of a step, for a picture or a block of so many pixels."""
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
        """Bytes with blocks of that side, without the measures, which are taken at whatever size then fits."""
        outer = [min(length, side + STRIDE + 2 * margin(self.terms)) for length in self.sides]
        step = self.of_a_step(outer[0] * outer[1], self.config.activation_checkpointing, divided=True)
        return self.throughout + self.targets + max(step + self.gradients, self.assembled)

    @property
    def targets(self) -> float:
        """Bytes of the targets that are compared position by position, and of terms that look at the picture itself."""
        maps = (layer for term in self.terms if local(term.statistic) for layer in term.layers if layer != PICTURE)
        features = sum(4.0 * LAYERS[layer] * math.prod(map_size(layer, self.size)) for layer in maps)
        return features + self.area * memory.by_the_picture(self.terms, self.area)

    @property
    def assembled(self) -> float:
        """Bytes of the largest layer that a reference is made from: its features, and a copy."""
        side = math.isqrt(self.style_area)
        terms = (term for term in self.terms if term.reference and term.toward)
        layers = (layer for term in terms for layer in term.layers if layer != PICTURE)
        return max((8.0 * LAYERS[layer] * math.prod(map_size(layer, (side, side))) for layer in layers), default=0.0)

    @property
    def gradients(self) -> float:
        """Bytes, beyond `kept`, of the gradients of all pulls at once.

        The calibration holds them before the optimiser keeps anything; a run that reports their norms holds both.
        """
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
    """The memory that a run needs, and the blocks that its pictures are cut into if they have to be.

    `guided` says whether there are guides of regions. Raises UserError if the memory does not suffice, if a side
    exceeds LONGEST_SIDE, or if blocks are asked for that the terms do not allow.
    """
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
        if max(asked.sides) <= config.blocks + 2 * margin(terms):  # one block and its margin cover any picture
            return whole(asked, available)
        return divided(asked, available, [config.blocks], "as asked")
    return divided(asked, available, SIDES, f"as the whole needs about {needed / 1e9:.0f} GB")


def refused(terms: Sequence[Term], guided: bool, tile: bool) -> str:
    """Why a picture cannot be divided; empty if it can."""
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
    """The budget with blocks of the largest of the sides that fits. Raises UserError if none does."""
    side = largest(sides, lambda side: asked.in_blocks(side) <= available)
    if side is None:
        more = f", in blocks too{shorter(asked, sides, available)}"
        raise too_large(asked, asked.in_blocks(sides[0]), available, more)
    judged_area, fixed = max(asked.area, asked.style_area), asked.throughout + asked.targets
    judged = min(1.0, math.sqrt((available - fixed) / memory.JUDGE / judged_area))
    needed = max(asked.in_blocks(side), fixed + memory.JUDGE * judged**2 * judged_area)
    return Budget(needed, side, judged, why)


def shorter(asked: Asked, sides: Sequence[int], available: float) -> str:
    """A hint for the error: the longest `optim.history` with which the picture would fit; empty if none does."""

    def fits(history: int) -> bool:
        shorter = partial(asked.optimiser, history=history)
        return asked._replace(optimiser=shorter).in_blocks(sides[0]) <= available

    history = largest(range(1, asked.optimiser.keywords.get("history", 1)), fits)
    return "" if history is None else f"; optim.history={history} would fit"


def largest(numbers: Sequence[int], fits: Callable[[int], bool]) -> int | None:
    """The largest of ascending `numbers` that fits, given that all smaller ones fit then; None if none fits."""
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
