"""How a picture is changed, one optimiser a file; conf/optim/ names them.

Each is a class over one picture (3, H, W) whose keywords are the settings that its YAML may have, with their ranges.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from torch import Tensor

from stx.loop.optimisers.adam import Adam
from stx.loop.optimisers.lbfgs import LBFGS
from stx.loop.optimisers.lbfgs_plain import PlainLBFGS

__all__ = ["LBFGS", "Adam", "PlainLBFGS"]
"""What a YAML may name."""


class Optimiser(Protocol):
    """What the loop asks of an optimiser."""

    stalled: bool
    """It has nothing left to try: the run ends."""
    rejected: bool
    """It did not accept the image that was measured last, so that values that are not finite are no event."""
    measured: Mapping[str, Tensor]
    """Of the last step, scalars by metric name."""

    def step(self, closure: Callable[[], Tensor]) -> Any: ...
    def accepted(self) -> Tensor:
        """The picture to show: what it tries next has not been judged."""

    def shorten(self, factor: float) -> None:
        """Make its steps shorter by a factor below 1, before the first one."""

    def renewed(self) -> None:
        """From here on the loss is another one: what it was before is nothing to compare with."""

    def state_dict(self) -> dict[str, Any]: ...
    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Raises ValueError for what is no state of such an optimiser, of this picture."""

    def handed_on(self, size: Sequence[int]) -> dict[str, Any]:
        """A state for one over a picture of another size (h, w); empty where that is to begin anew."""

    @staticmethod
    def remembered(**settings: Any) -> int:
        """How many numbers it keeps for each of the picture's, with such settings."""
