"""Optimisers, which change a picture, one per file; conf/optim/ names them.

Each is a class that optimises one picture (3, H, W). Its keywords, annotated with their ranges, are the settings that
its YAML may have.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from torch import Tensor

from stx.loop.optimisers.adam import Adam
from stx.loop.optimisers.lbfgs import LBFGS
from stx.loop.optimisers.lbfgs_plain import PlainLBFGS

__all__ = ["LBFGS", "Adam", "PlainLBFGS"]
"""The classes that a YAML may name."""


class Optimiser(Protocol):
    """What the loop asks of an optimiser."""

    stalled: bool
    """It has nothing left to try: the run ends."""
    rejected: bool
    """It did not accept the image that was measured last, so values that are not finite are no event."""
    measured: Mapping[str, Tensor]
    """Scalars of the last step, by metric name."""

    def step(self, closure: Callable[[], Tensor]) -> Any: ...
    def accepted(self) -> Tensor:
        """The picture to show, which is the last one accepted: the one to be tried next has not been judged."""

    def shorten(self, factor: float) -> None:
        """Shorten its steps by a factor of at most 1; called before the first one."""

    def renewed(self) -> None:
        """Take note that the loss is another one from here on: it cannot be compared with earlier values."""

    def state_dict(self) -> dict[str, Any]: ...
    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore a state. Raises ValueError if it is not one of such an optimiser over this picture."""

    def handed_on(self, size: Sequence[int]) -> dict[str, Any]:
        """A state for the same optimiser over a picture of another size (h, w); empty if that should begin anew."""

    @staticmethod
    def remembered(**settings: Any) -> int:
        """How many numbers it keeps per number of the picture, with such settings."""
