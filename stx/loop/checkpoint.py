"""A run's state on disk: all it takes to resume as if the run had never been interrupted."""

import io
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from textwrap import shorten
from typing import Any, NamedTuple

import torch
from torch import Tensor

from stx import atomic
from stx.config.formats import version_of
from stx.config.regular import regular
from stx.errors import UserError, first_line
from stx.loop.optimisers import Optimiser
from stx.model.memory import ran_out

FORMAT = 5
READABLE = (1, 2, 3, 4, 5)
"""The first had no number, and no optimiser that a config names by its class; the first two did not record their run;
none but the last had an average."""


class Checkpoint(NamedTuple):
    """The state after a step.

    With the same config, machine, versions and threads, the next step comes out the same bit for bit.
    """

    step: int
    image: Tensor
    """The image (3, H, W) that the loop goes on with; for L-BFGS it has not been judged yet."""
    last_finite: Tensor
    optimiser: dict[str, Any]
    scales: dict[str, float]
    """The scale of each part's loss, measured once at the start."""
    events: list[list[Any]]
    """The values that were not finite so far: [step, what]."""
    backoffs: int
    lowest: list[float] = []  # noqa: RUF012  # a NamedTuple's default, never changed
    """The losses of this level by which `stx.loop.convergence` judges: the lowest of each window."""
    renewed: dict[str, list[Tensor]] = {}  # noqa: RUF012  # likewise
    """References and targets that were made during the run, by part."""
    run: str = ""
    """The id of the run that the state belongs to; empty if an older version saved it."""
    average: Tensor | None = None
    """The average of this level's images so far, if the run takes one."""
    averaged: int = 0
    """The number of images in the average."""

    @classmethod
    def start(cls, image: Tensor) -> "Checkpoint":
        """The state before the first step from an image."""
        return cls(0, image, image, optimiser={}, scales={}, events=[], backoffs=0)


def save(path: Path, checkpoint: Checkpoint) -> None:
    """Write a state to a file. Raises OSError, which leaves an earlier file as it was."""
    atomic_save(path, {"format": FORMAT, **checkpoint._asdict()})


def atomic_save(path: Path, fields: Mapping[str, Any]) -> None:
    state = io.BytesIO()  # if torch wrote the file, a full disk would raise errors of its own and not OSError
    torch.save(dict(fields), state)
    atomic.write(path, state.getvalue())


def load(path: Path, device: torch.device, shapes: Collection[torch.Size], run: str = "") -> Checkpoint | None:
    """The state in a file, for a picture of one of the `shapes` and the run with that id; None if there is no file.

    Loads tensors and plain values only. Raises UserError if the file does not hold the state of such a run.
    """
    if not path.exists():
        return None
    with refused(path):
        fields = torch.load(regular(path), map_location=device, weights_only=True)
        if version_of(fields.pop("format", 1)) not in READABLE:
            raise ValueError("written by a later version of stx")
        state = Checkpoint(**fields)
        check_values(state)
        others = [each for each in (state.last_finite, state.average) if each is not None]
        if state.image.shape not in shapes or any(each.shape != state.image.shape for each in others):
            raise ValueError(f"pictures of the shape {tuple(state.image.shape)}")
        if state.run and run and state.run != run:
            raise ValueError("it is another run's")
        return state


def check_values(state: Checkpoint) -> None:
    """Raise ValueError for fields that only look like a state."""
    counts = {"step": state.step, "backoffs": state.backoffs, "averaged": state.averaged}
    for name, value in counts.items():
        if type(value) is not int or value < 0:
            raise ValueError(f"{name} is {value!r}")
    if state.average is None and state.averaged:
        raise ValueError(f"an average of {state.averaged} pictures")
    average = {} if state.average is None else {"average": state.average}
    for name, picture in {"image": state.image, "last_finite": state.last_finite, **average}.items():
        if not isinstance(picture, Tensor) or picture.dtype != torch.float32:
            raise ValueError(f"{name} is no picture in float32")
    if not isinstance(state.optimiser, dict) or not isinstance(state.run, str):
        raise ValueError("the optimiser's state or the run's id is something else")
    if not all(isinstance(name, str) and type(scale) is float for name, scale in state.scales.items()):
        raise ValueError("scales are no numbers by name")
    if not all(type(event[0]) is int and isinstance(event[1], str) and len(event) == 2 for event in state.events):
        raise ValueError("events are not [step, what]")
    if not all(isinstance(each, Tensor) for several in state.renewed.values() for each in several):
        raise ValueError("what was renewed is no tensors by name")
    if not all(type(loss) is float for loss in state.lowest):
        raise ValueError("lowest are no numbers")


def tried(path: Path, state: Checkpoint, new_optimiser: Callable[[list[Tensor]], Optimiser]) -> None:
    """Raise UserError if a file's state of the optimiser does not fit such an optimiser over this picture."""
    with refused(path):
        new_optimiser([state.image.clone().requires_grad_()]).load_state_dict(state.optimiser)


def lighten(path: Path, picture: Tensor) -> None:
    """Drop what the optimiser remembers from a state on disk, and go on from `picture`. Does nothing without a file."""
    if path.exists():
        fields = torch.load(regular(path), map_location="cpu", weights_only=True)
        picture = picture.detach().cpu()
        pictures = {"image": picture, "last_finite": picture, "average": None, "averaged": 0}
        atomic_save(path, {**fields, **pictures, "optimiser": {}})


@contextmanager
def refused(path: Path) -> Iterator[None]:
    """Raise UserError for a damaged file; what says nothing about the file, such as a full memory, is raised on."""
    try:
        yield
    except OSError:  # the file cannot be read, which does not say that it is damaged
        raise
    except Exception as error:  # a damaged file may raise anything
        if ran_out(error):
            raise
        why = shorten(first_line(error), 120, placeholder=" ...")
        raise UserError(
            f"{path}: not a checkpoint of stx ({why})\ndelete it to start that run again in its folder"
        ) from None
