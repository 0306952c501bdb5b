"""What a run tells while it works, and whom."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from torch import Tensor

from stx.model.losses import LossNetwork
from stx.pictures.colour import Finish, unchanged

if TYPE_CHECKING:
    from stx.loop.checkpoint import Checkpoint
    from stx.loop.optimisers import Optimiser

Event = list[Any]
"""[step, what]: a value that was not finite; a list, as it is stored."""


class Row(NamedTuple):
    """One step's metrics, on the host; some may be not finite."""

    step: int
    time: float
    """Seconds since the epoch."""
    values: dict[str, float]


class Start(NamedTuple):
    """Of a level."""

    network: LossNetwork
    image: Tensor
    """The leaf that the loop goes on to change."""
    done: int
    """Steps before."""
    graph: bool
    """Whether its step is a captured CUDA graph."""
    finish: Finish = unchanged
    """What its pictures go through before anybody sees them."""


class Outcome(NamedTuple):
    steps: int
    picture: Tensor
    """The last one, or the last finite one of a run that diverged."""
    events: list[Event]
    stopped: bool = False
    """By a signal, before its end."""
    diverged: bool = False
    converged: bool = False
    """It ended before its last step, as the loss fell no more."""
    stalled: bool = False
    """Likewise, as the optimiser had nothing left to try."""
    pruned: bool = False
    """Likewise, as a listener had enough."""
    optimiser: "Optimiser | None" = None
    """As it ended."""

    @property
    def status(self) -> str:
        """interrupted, diverged, pruned or finished; what was interrupted may have diverged too."""
        if self.stopped or self.diverged:
            return "interrupted" if self.stopped else "diverged"
        return "pruned" if self.pruned else "finished"

    @property
    def event(self) -> str | None:
        """The first value that was not finite: step, term and layer."""
        return f"step {self.events[0][0]}: {self.events[0][1]}" if self.events else None


class Listener:
    """Does nothing about what it is told. Pictures are (3, H, W), on the device, as large as the level is, and as the
    loop has them: who shows them puts them through the level's `finish`."""

    every = 0
    """Steps between two pictures; 0: none."""
    enough = False
    """Looked at behind each picture that anybody gets: whether the run is to end here."""

    def begun(self, level: Start) -> None:
        """Before the first step of each level."""

    def rows(self, rows: list[Row]) -> None:
        """Of the steps since the last time, in order."""

    def picture(self, picture: Tensor, step: int) -> None:
        """After every `every`th step."""

    def seen(self, picture: Tensor, step: int) -> None:
        """Behind the rows of each batch, a second apart or so: the newest picture that is known to be finite, which the
        next step may change. Nobody has to look."""

    def observed(self, measured: Mapping[str, float], step: int) -> None:
        """Held-out measures of the picture after a step, and their baselines, where they are taken along the way."""

    def kept(self, picture: Tensor) -> None:
        """Every few seconds, the newest picture that is known to be finite."""

    def state(self, state: "Checkpoint") -> None:
        """What it takes to go on: every guard.checkpoint_every steps, and behind the last."""

    def happened(self, events: Sequence[Event]) -> None:
        """All events of the run so far, when there are new ones."""
