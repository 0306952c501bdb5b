"""What a run reports while it works, and the interface of those that it reports to."""

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
    """One step's metrics, on the host; some of them may not be finite."""

    step: int
    time: float
    """Seconds since the epoch."""
    values: dict[str, float]


class Start(NamedTuple):
    """The start of a level."""

    network: LossNetwork
    image: Tensor
    """The leaf that the loop will change in place."""
    done: int
    """Number of steps taken before."""
    graph: bool
    """Whether its step is a captured CUDA graph."""
    finish: Finish = unchanged
    """Applied to the level's pictures before they are shown."""


class Outcome(NamedTuple):
    steps: int
    picture: Tensor
    """The last picture, or the last finite one if the run diverged."""
    events: list[Event]
    stopped: bool = False
    """A signal ended it early."""
    diverged: bool = False
    converged: bool = False
    """It ended early because the loss no longer fell."""
    stalled: bool = False
    """It ended early because the optimiser had nothing left to try."""
    pruned: bool = False
    """It ended early because a listener had seen enough."""
    optimiser: "Optimiser | None" = None
    """The optimiser as it was at the end."""

    @property
    def status(self) -> str:
        """interrupted, diverged, pruned or finished; an interrupted run may have diverged too."""
        if self.stopped or self.diverged:
            return "interrupted" if self.stopped else "diverged"
        return "pruned" if self.pruned else "finished"

    @property
    def event(self) -> str | None:
        """The first value that was not finite: step, term and layer."""
        return f"step {self.events[0][0]}: {self.events[0][1]}" if self.events else None


class Listener:
    """Base class of listeners, which ignores everything that it is told.

    Pictures are (3, H, W), on the device, of the level's size, and as the loop has them: to show one, apply the level's
    `finish` to it.
    """

    every = 0
    """Steps between two pictures; 0: none."""
    enough = False
    """Whether the run should end; looked at after every batch, when its pictures have been handed out."""

    def begun(self, level: Start) -> None:
        """Called before the first step of each level."""

    def rows(self, rows: list[Row]) -> None:
        """Called with the rows of the steps since the last call, in order."""

    def picture(self, picture: Tensor, step: int) -> None:
        """Called with the picture after every `every`th step."""

    def seen(self, picture: Tensor, step: int) -> None:
        """Called after the rows of each batch, about once a second, with the newest picture known to be finite.

        The next step may change that picture. Listeners are free not to look at it.
        """

    def observed(self, measured: Mapping[str, float], step: int) -> None:
        """Called with held-out measures of the picture after a step, and their baselines, if taken during a run."""

    def kept(self, picture: Tensor) -> None:
        """Called every few seconds with the newest picture that is known to be finite."""

    def state(self, state: "Checkpoint") -> None:
        """Called with all it takes to resume: every guard.checkpoint_every steps, and after the last one."""

    def happened(self, events: Sequence[Event]) -> None:
        """Called with all events of the run so far, when there are new ones."""
