"""The average of iterates against the sum that defines it, and in runs: taken up again, diverged, coarse to fine."""

from pathlib import Path

import pytest
import torch
from torch import Tensor

from conftest import SHALLOW
from stx.config.compose import composition
from stx.config.schema import Config
from stx.loop import checkpoint
from stx.loop.average import Average
from stx.loop.checkpoint import Checkpoint
from stx.loop.levels import coarse_to_fine
from stx.loop.listener import Listener, Outcome, Row, Start
from stx.loop.signals import Stop
from stx.model.prepare import prepare
from stx.runs.files import CHECKPOINT
from stx.runs.folder import Folder
from stx.runs.identity import Identity

RECORD = Identity("f" * 32, [], {}, {}, {}, {})


def iterates(count: int) -> list[Tensor]:
    return [*torch.rand(count, 3, 4, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)]


@pytest.mark.parametrize("decay", [0.1, 0.9, 0.999])
def test_it_is_the_weighted_sum_over_the_sum_of_the_weights(decay: float) -> None:
    pictures = iterates(12)
    average = Average(decay, torch.full((3, 4, 5), 7.0, dtype=torch.float64))
    for count, picture in enumerate(pictures, 1):
        average.add(picture)
        weights = [decay ** (count - place) for place in range(1, count + 1)]
        weighted = sum(weight * each for weight, each in zip(weights, pictures, strict=False)) / sum(weights)
        torch.testing.assert_close(average.of(picture), weighted)


def test_before_there_is_one_the_start_is_shown_and_later_changed_in_place_by_nobody() -> None:
    start, (first, *_) = torch.zeros(3, 4, 5, dtype=torch.float64), iterates(1)
    average = Average(0.9, start)
    assert torch.equal(average.of(first), start)
    start.add_(1)
    shown = average.of(first)
    average.add(first)
    assert shown.abs().max() == 0
    assert torch.equal(average.of(start), first)


def test_without_decay_it_is_the_picture_itself() -> None:
    (first, second) = iterates(2)
    average = Average(0, first)
    average.add(second)
    assert average.of(second) is second
    assert (average.mean, average.count) == (None, 0)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_not_finite_leaves_it_as_it_was(value: float) -> None:
    pictures = iterates(3)
    average = Average(0.9, pictures[0])
    average.add(pictures[1])
    pictures[2][0, 0, 0] = value
    average.add(pictures[2])
    assert torch.equal(average.of(pictures[2]), pictures[1])


def test_nothing_waits_for_the_device() -> None:
    """Tensors without values, which raise where one is asked for."""
    picture = torch.empty(3, 4, 5, device="meta")
    average = Average(0.9, picture)
    average.add(picture)
    assert average.of(picture).shape == picture.shape


def config(*overrides: str) -> Config:
    small = ("model=vgg19_random", "image_size.width=48", "image_size.height=32", "precision=fp32")
    return composition([*small, *SHALLOW, "optim.steps=7", "guard.checkpoint_every=1", *overrides]).config


class Reader(Listener):
    """Notes pictures by step and where levels begin, and stops behind a step."""

    every = 1

    def __init__(self, stop_after: int = 99):
        self.stop, self.stop_after = Stop(), stop_after
        self.pictures: dict[int, Tensor] = {}
        self.starts: list[Tensor] = []

    def begun(self, level: Start) -> None:
        self.starts.append(level.image.detach().clone())

    def rows(self, rows: list[Row]) -> None:
        self.stop.signal = 2 if rows[-1].step >= self.stop_after else None

    def picture(self, picture: Tensor, step: int) -> None:
        self.pictures[step] = picture.clone()


def descended(
    asked: Config, folder: Path, resumed: Checkpoint | None = None, stop_after: int = 99
) -> tuple[Outcome, Reader]:
    reader = Reader(stop_after)
    listeners = (Folder(folder, RECORD, wrote=lambda path: None), reader)
    return coarse_to_fine(asked, prepare(asked), resumed, listeners, reader.stop), reader


@pytest.mark.parametrize("method", ["adam", "lbfgs", "lbfgs_plain"])
def test_the_pictures_of_a_run_are_averages_of_those_of_one_without(tmp_path: Path, method: str) -> None:
    """An evaluation of L-BFGS that is taken back, where the picture stays, enters none."""
    plain, pictures = descended(config(f"optim={method}", "optim.pyramid=[]"), tmp_path)
    averaged, means = descended(config(f"optim={method}", "optim.pyramid=[]", "optim.average=0.5"), tmp_path)
    expected = Average(0.5, pictures.starts[0])
    for step, picture in pictures.pictures.items():
        if step == 1 or method != "lbfgs" or not torch.equal(picture, pictures.pictures[step - 1]):
            expected.add(picture)
        torch.testing.assert_close(means.pictures[step], expected.of(picture))
    assert torch.equal(averaged.picture, means.pictures[7])
    assert not torch.equal(averaged.picture, plain.picture)


@pytest.mark.parametrize("method", ["adam", "lbfgs", "lbfgs_plain"])
@pytest.mark.parametrize("stop_after", [2, 3, 5])
def test_a_run_taken_up_again_ends_in_the_same_average(tmp_path: Path, method: str, stop_after: int) -> None:
    """On either side of a level and where it ends; each level begins with the average of the one before."""
    asked = config(f"optim={method}", "optim.pyramid=[3]", "optim.average=0.9")
    whole, reader = descended(asked, tmp_path)
    cut, _ = descended(asked, tmp_path, stop_after=stop_after)
    assert (cut.status, cut.steps) == ("interrupted", stop_after)
    shapes = [torch.Size((3, 16, 24)), torch.Size((3, 32, 48))]
    state = checkpoint.load(tmp_path / CHECKPOINT, torch.device("cpu"), shapes)
    assert state is not None
    assert state.averaged == (stop_after if stop_after <= 3 else stop_after - 3)
    assert torch.equal(cut.picture, state.average)  # type: ignore[arg-type]
    again, later = descended(asked, tmp_path, state)
    assert torch.equal(again.picture, whole.picture)
    assert torch.equal(later.starts[-1], reader.starts[-1]) or stop_after > 3


@pytest.mark.parametrize("policy", ["stop", "backoff", "continue"])
def test_the_picture_of_a_run_that_diverges_is_finite(tmp_path: Path, policy: str) -> None:
    exploding = ("optim=lbfgs_plain", "optim.lr=1e30", "optim.pyramid=[]", "loss_weights=thesis")
    outcome, _ = descended(config(*exploding, "optim.average=0.9", f"guard.on_nan={policy}"), tmp_path)
    assert outcome.events
    assert torch.isfinite(outcome.picture).all()
