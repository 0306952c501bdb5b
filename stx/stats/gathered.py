"""Statistics that are made of sums over positions, which can be computed block by block.

Galerne et al. 2024 ("Scaling painting style transfer", EGSR, arXiv 2212.13459): a picture too large for the network
goes through it in blocks with a margin. The blocks' sums are added, the loss and its gradient with respect to the sums
follow from these, and each block hands that gradient on to its pixels. Nothing is approximated.
"""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple, TypeVar

import torch
from torch import Tensor

from stx.stats.precision import wide
from stx.stats.products import mean_products

Size = tuple[int, int]
"""(H, W) of the whole map."""
Sums = tuple[Tensor, ...]
"""Sums over positions, float64 where the device has it; those of all blocks are added up."""


class Core(NamedTuple):
    """The positions of a block's map that count; the others are there because these depend on them."""

    rows: slice
    columns: slice
    start: tuple[int, int] = (0, 0)
    """Row and column at which the block's map begins in the whole one."""

    def of(self, maps: Tensor) -> Tensor:
        """The core (D, h, w) of maps (D, H, W)."""
        return maps[:, self.rows, self.columns]

    @property
    def whole(self) -> "Core":
        """The same positions within the whole map."""
        rows, columns = (
            slice(each.start + start, each.stop + start)
            for each, start in zip((self.rows, self.columns), self.start, strict=True)
        )
        return Core(rows, columns)


class Gathered(NamedTuple):
    """How a statistic follows from sums. All functions also get its settings by keyword, its reference included."""

    sums: Callable[..., Sums]
    """(features, core, size) -> the sums over a block's core, from its features (D, h, w). A joint statistic gets lists
    of all three."""
    value: Callable[..., Tensor]
    """(sums, size) -> the value of the statistic for the whole map, or maps."""
    reach: Callable[..., int] = lambda **_: 0
    """How many positions beyond the core the statistic looks at."""
    before: Callable[..., Sums] = lambda features, core, **_: ()
    """(features, core) -> sums that must be known of the whole map before `sums`, which gets them as `before`. Empty if
    the settings need none."""


Function = TypeVar("Function", bound=Callable[..., Any])


def gathers(
    sums: Callable[..., Sums],
    value: Callable[..., Tensor],
    reach: Callable[..., int] = lambda **_: 0,
    before: Callable[..., Sums] = lambda features, core, **_: (),
) -> Callable[[Function], Function]:
    """Decorator: say how a statistic is made of sums over positions, by the fields of `Gathered`.

    A picture larger than the memory can then be optimised in blocks.
    """

    def said(function: Function) -> Function:
        function.gathered = Gathered(sums, value, reach, before)  # type: ignore[attr-defined]
        return function

    return said


def at_each_position(function: Function) -> Function:
    """Decorator: say that the value of a statistic at a position depends on the features there alone."""
    function.at_each_position = True  # type: ignore[attr-defined]
    return function


def over_positions(kind: Literal["sum", "mean"]) -> Callable[[Function], Function]:
    """Decorator: say whether a distance is the sum or the mean of the distances at all positions."""

    def said(function: Function) -> Function:
        function.over_positions = kind  # type: ignore[attr-defined]
        return function

    return said


def count(size: Size) -> int:
    return size[0] * size[1]


def products(features: Tensor, core: Core, size: Size, **_: object) -> Sums:
    """Sum of `f f^T` (D, D)."""
    flat = core.of(features).flatten(1)
    return (wide(mean_products(flat, flat)) * flat.shape[1],)


def channel_moments(features: Tensor, core: Core, size: Size, **_: object) -> Sums:
    """Sums of features and of their squares, (D,) each."""
    flat = core.of(features).flatten(1)
    middle, apart = about_middle(flat)
    total = wide(apart.sum(1))
    squares = wide(apart.square().sum(1))
    return total + flat.shape[1] * middle, squares + 2 * middle * total + flat.shape[1] * middle.square()


def moments(features: Tensor, core: Core, size: Size, **_: object) -> Sums:
    """Sums of features (D,) and of `f f^T` (D, D)."""
    flat = core.of(features).flatten(1)
    number = flat.shape[1]
    middle, apart = about_middle(flat)
    total = wide(apart.sum(1))
    outer = wide(mean_products(apart, apart)) * number + torch.outer(middle, total) + torch.outer(total, middle)
    return total + number * middle, outer + number * torch.outer(middle, middle)


def about_middle(flat: Tensor) -> tuple[Tensor, Tensor]:
    """The block's own means (D,), detached, and the differences from them.

    Squares of the differences keep the digits that float32 would lose if a channel varies little about a large mean.
    """
    middle = flat.detach().mean(1)
    return wide(middle), flat - middle[:, None]


def mean_and_covariance(sums: Sums, size: Size) -> tuple[Tensor, Tensor]:
    """Mean (D,) and covariance (D, D), from the sums of `moments`."""
    total, outer = sums
    mean = total / count(size)
    return mean, outer / count(size) - torch.outer(mean, mean)


def mean_and_variance(sums: Sums, size: Size) -> tuple[Tensor, Tensor]:
    """Mean and variance (D,) each, from the sums of `channel_moments`."""
    total, squares = sums
    mean = total / count(size)
    return mean, (squares / count(size) - mean.square()).clamp(min=0)
