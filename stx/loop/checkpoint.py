"""A run's state on disk: what it takes to go on as if nothing had happened."""

import io
from collections.abc import Collection
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from stx import atomic
from stx.errors import UserError

FORMAT = 2
READABLE = (1, 2)
"""The first had no number, and no optimiser that chose itself."""


class Checkpoint(NamedTuple):
    """After a step: with the same config, machine, versions and threads the next one comes out bit for bit."""

    step: int
    image: Tensor
    """As the loop goes on with it, (3, H, W); for L-BFGS not yet judged."""
    last_finite: Tensor
    optimiser: dict[str, Any]
    scales: dict[str, float]
    """Of each part's loss: measured once, at the start."""
    events: list[list[Any]]
    """Values that were not finite so far: [step, what]."""
    backoffs: int
    lowest: list[float] = []  # noqa: RUF012  # a NamedTuple's default, never changed
    """Losses that `stx.loop.convergence` has judged, of this level."""

    @classmethod
    def start(cls, image: Tensor) -> "Checkpoint":
        """Before the first step from an image."""
        return cls(0, image, image, optimiser={}, scales={}, events=[], backoffs=0)


def save(path: Path, checkpoint: Checkpoint) -> None:
    """Raises OSError; then what was there is still there."""
    state = io.BytesIO()  # torch turns a full disk's OSError into errors of its own
    torch.save({"format": FORMAT, **checkpoint._asdict()}, state)
    atomic.write(path, state.getvalue())


def load(path: Path, device: torch.device, shapes: Collection[torch.Size]) -> Checkpoint | None:
    """The state in a file, of a picture of one of these shapes; nothing where there is no file.

    Loads tensors and plain values only. Raises UserError where what is there is no state of such a run.
    """
    if not path.exists():
        return None
    try:
        fields = torch.load(path, map_location=device, weights_only=True)
        if fields.pop("format", 1) not in READABLE:
            raise ValueError("written by a later version of stx")
        state = Checkpoint(**fields)
        if state.image.shape not in shapes or state.last_finite.shape != state.image.shape:
            raise ValueError(f"pictures of the shape {tuple(state.image.shape)}")
        if "decided" in state.optimiser and any("slots" not in kept for kept in state.optimiser["state"].values()):
            raise ValueError("with the L-BFGS of an earlier version")
        return state
    except Exception as error:  # a damaged file may raise anything
        why = (str(error).strip() or type(error).__name__).splitlines()[0][:120]
        raise UserError(
            f"{path}: not a checkpoint of stx ({why})\ndelete it to begin that run anew in its folder"
        ) from None
