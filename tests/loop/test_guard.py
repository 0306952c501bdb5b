"""Policies for values that are not finite, with a fault at a chosen step and layer and with the thesis's overflow."""

import csv
import itertools
import json
import math
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import mlflow
import pytest
import torch
from torch import Tensor

from conftest import SHALLOW, SMALL, Command
from stx.config.compose import composition
from stx.loop.checkpoint import Checkpoint
from stx.loop.evaluate import Evaluation
from stx.loop.guard import guarded
from stx.loop.levels import coarse_to_fine
from stx.loop.listener import Listener, Outcome
from stx.loop.optimisers import Adam
from stx.loop.signals import Stop
from stx.model.losses import LossNetwork
from stx.model.prepare import prepare
from stx.model.vgg import VGG19

FAULT = '''
from stx.stats import gram

CALLS = {"all": 0}

def faulty(features, *, channels, at):
    """Gram, but not a number in the evaluations `at`, at the layer with so many channels, of a picture of that size."""
    matrix = gram(features)
    if features.shape != (channels, 8, 12) or not features.requires_grad:
        return matrix
    CALLS["all"] += 1
    return matrix * float("nan") if CALLS["all"] in at else matrix
'''
MIDDLE = ("loss_weights.style_layers=[conv1_1,conv2_1,conv3_1]", "loss_weights.content_layers=[conv3_1]")
"""As deep as the fault."""
OVERFLOW = ("+experiment=thesis/e06_gram_cooc_vector", "image_size.width=64", "image_size.height=48", "optim.steps=12")


@pytest.fixture
def faulty(stx: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    (tmp_path / "fault.py").write_text(FAULT)
    (tmp_path / "conf" / "style_stat").mkdir(parents=True)
    (tmp_path / "conf" / "style_stat" / "faulty.yaml").write_text("_target_: fault.faulty\nchannels: 256\nat: [6]\n")
    monkeypatch.setenv("STX_TRUST", "fault")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    def run(*arguments: str) -> object:
        """A state a step, so that each is read before the next: the fault counts evaluations, not steps."""
        return stx(
            "--config-dir", "conf", *SMALL[:3], *MIDDLE, "style_stat=faulty",
            "loss_weights.calibrate=none", "optim=adam", "optim.steps=20",
            "guard.checkpoint_every=1", "hydra.run.dir=out", *arguments,
        )  # fmt: skip

    return run


def told(folder: Path) -> tuple[list[int], list[float], dict[str, str], str]:
    """Steps and event counts of losses.csv, the run's tags and its status."""
    with (folder / "losses.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    delivery = json.loads((folder / "mlflow.json").read_text())
    run = mlflow.MlflowClient(f"sqlite:///{folder.parent}/outputs/mlflow.db").get_run(delivery["run_id"])
    return (
        [int(row["step"]) for row in rows],
        [float(row["nan/events"]) for row in rows],
        run.data.tags,
        run.info.status,
    )


@pytest.mark.parametrize(("policy", "status"), [("stop", 0), ("raise", 1)])
def test_stop_and_raise_end_at_the_first_fault(faulty: Command, tmp_path: Path, policy: str, status: int) -> None:
    done = faulty(f"guard.on_nan={policy}")
    assert done.returncode == status, done.stderr
    steps, events, tags, _ = told(tmp_path / "out")
    assert (steps[-1], events[-1]) == (6, 1)
    assert tags["stx.outcome"] == "diverged"
    assert tags["stx.first_event"] == "step 6: style statistic at conv3_1"
    assert (tmp_path / "out" / "nan_events.csv").read_text() == "step,what\n6,style statistic at conv3_1\n"
    assert (tmp_path / "out" / "output.png").exists()


def test_continue_goes_on_and_lists_every_fault(faulty: Command, tmp_path: Path) -> None:
    done = faulty("guard.on_nan=continue", "style_stat.at=[6,9]")
    assert done.returncode == 0, done.stderr
    steps, events, tags, _ = told(tmp_path / "out")
    assert steps == list(range(1, 21))
    # Adam's state is not a number from the first fault on, so that every step behind it is one too
    assert events == [0.0] * 5 + [float(count) for count in range(1, 16)]
    assert tags["stx.outcome"] == "diverged"


def test_backoff_goes_back_with_shorter_steps_and_finishes(faulty: Command, tmp_path: Path) -> None:
    done = faulty("guard.on_nan=backoff", "style_stat.at=[6,11]")
    assert done.returncode == 0, done.stderr
    steps, events, tags, status = told(tmp_path / "out")
    assert steps == list(range(1, 21))
    assert (events[4], events[5], events[10], events[-1]) == (0, 1, 2, 2)
    assert (tags["stx.outcome"], status) == ("finished", "FINISHED")
    assert tags["stx.first_event"] == "step 6: style statistic at conv3_1"
    assert (tmp_path / "out" / "nan_events.csv").read_text().count("\n") == 3
    assert "having gone back 2 times" in done.stderr


def test_backoff_gives_up_after_so_many_times(faulty: Command, tmp_path: Path) -> None:
    done = faulty("guard.on_nan=backoff", "guard.backoffs=2", f"style_stat.at={list(range(6, 30))}".replace(" ", ""))
    assert done.returncode == 0, done.stderr
    steps, events, tags, _ = told(tmp_path / "out")
    assert (steps[-1], events[-1]) == (8, 3)
    assert tags["stx.outcome"] == "diverged"


def test_backoff_with_the_overflow_of_the_thesis(stx: Command, tmp_path: Path) -> None:
    done = stx(*OVERFLOW, "guard.on_nan=backoff", "hydra.run.dir=out")
    assert done.returncode == 0, done.stderr
    steps, events, tags, _ = told(tmp_path / "out")
    assert tags["stx.first_event"].startswith("step 3: style loss at conv2")
    assert events[2] == 1
    assert steps[-1] > 3


INFINITE = '''
CALLS = {}

def infinite(ours, target, *, at):
    """A loss that is infinite in the evaluations `at` of each size, while its gradient is not."""
    loss = (ours - target).square().mean()
    if ours.requires_grad:
        CALLS[ours.shape] = CALLS.get(ours.shape, 0) + 1
        loss = loss + (float("inf") if CALLS[ours.shape] in at else 0.0)
    return loss
'''


def descended(folder: Path, monkeypatch: pytest.MonkeyPatch, *overrides: str, at: str = "[4]") -> Outcome:
    """In one process; features are compared at one layer, so that shapes tell the levels apart."""
    (folder / "fault_at.py").write_text(INFINITE)
    monkeypatch.setenv("STX_TRUST", "fault_at")
    monkeypatch.syspath_prepend(folder)
    monkeypatch.delitem(sys.modules, "fault_at", raising=False)
    faulty = ("content_stat.distance._target_=fault_at.infinite", f"+content_stat.distance.at={at}")
    small = (*SMALL[:3], *SHALLOW, "loss_weights.calibrate=none", "optim=adam", "tracking=none", "precision=fp32")
    config = composition([*small, *faulty, "optim.steps=10", *overrides]).config
    inputs = prepare(config)
    sys.modules["fault_at"].CALLS.clear()  # it was tried
    optimiser = partial(Measured, shortened=SHORTENED, **inputs.optimiser.keywords)
    SHORTENED.clear()
    return coarse_to_fine(config, inputs._replace(optimiser=optimiser), None, (), Stop())


SHORTENED: list[float] = []
EACH = "guard.checkpoint_every=1"
"""Each step is read before the next, so that no evaluation is made of one that goes back."""


class Measured(Adam):
    """Adam that notes how much shorter the guard has made its steps."""

    def __init__(self, params: list[Tensor], *, shortened: list[float], lr: float, **settings: Any):
        super().__init__(params, lr=lr, **settings)
        self.shortened, self.longest = shortened, lr

    def step(self, closure: Callable[[], Tensor]) -> Tensor:
        if not self.state[0]["step"]:
            self.shortened.append(self.lr / self.longest)
        return super().step(closure)


def test_the_picture_before_an_infinite_loss_is_kept_however_the_steps_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = descended(tmp_path, monkeypatch, "optim.steps=2", at="[]").picture
    for every in (0, 1, 3):
        outcome = descended(tmp_path, monkeypatch, f"guard.checkpoint_every={every}")
        assert (outcome.diverged, outcome.event) == (True, "step 4: content loss at conv2_1")
        assert torch.equal(outcome.picture, expected)
    onwards = descended(tmp_path, monkeypatch, "guard.on_nan=continue")
    assert onwards.steps == 10
    assert not torch.equal(onwards.picture, expected)


def test_backoff_at_the_last_step_of_a_level_goes_on_with_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = descended(tmp_path, monkeypatch, "guard.on_nan=backoff", "optim.pyramid=[4]")
    # each level has a fourth evaluation: the last one of the coarse one, in the middle of the fine one
    assert (outcome.status, outcome.steps, [step for step, _ in outcome.events]) == ("finished", 10, [4, 8])
    at_the_end = descended(tmp_path, monkeypatch, "guard.on_nan=backoff", at="[10]")
    assert (at_the_end.status, at_the_end.steps) == ("finished", 10)
    assert torch.isfinite(at_the_end.picture).all()


def test_continue_counts_each_fault_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outcome = descended(tmp_path, monkeypatch, "guard.on_nan=continue", at="[4,7]")
    assert [step for step, _ in outcome.events] == [4, 7]
    assert (outcome.status, outcome.steps) == ("diverged", 10)


def test_each_level_begins_with_steps_of_their_whole_length(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    overrides = ("guard.on_nan=backoff", "guard.shrink=0.5", EACH, "optim.pyramid=[4]")
    descended(tmp_path, monkeypatch, *overrides, at="[2]")
    assert pytest.approx([1.0, 0.5, 1.0, 0.5]) == SHORTENED


class States(Listener):
    def __init__(self) -> None:
        self.all: list[Checkpoint] = []

    def state(self, state: Checkpoint) -> None:
        self.all.append(state)


def towards_grey(
    vgg: VGG19, state: Checkpoint, until: int, *overrides: str, infinite: Sequence[int] = ()
) -> tuple[Outcome, list[Checkpoint]]:
    """On from `state` with a loss of four lines, `infinite` in some evaluations, and the states on the way."""
    image, states, count = state.image.clone().requires_grad_(), States(), itertools.count(1)

    def evaluate() -> Evaluation:
        image.grad = None
        loss = (image - 0.5).square().sum()
        loss.backward()
        value = loss.detach().double() + (math.inf if next(count) in infinite else 0)
        return Evaluation(loss.detach(), ("loss/total",), value[None])

    SHORTENED.clear()
    outcome = guarded(
        composition([*SMALL[:3], "optim=adam", "optim.steps=120", *overrides]).config,
        LossNetwork(vgg, {"style": state.image}, []),
        image,
        state,
        partial(Measured, shortened=SHORTENED, lr=0.1, bands=1, beta1=0.9, beta2=0.999, carry=False),
        until=until,
        evaluate=evaluate,
        listeners=[states],
        stop=Stop(),
    )
    return outcome, states.all


START = Checkpoint.start(torch.linspace(0, 1, 12).reshape(3, 2, 2))
BACKOFF = ("guard.on_nan=backoff", "guard.backoffs=2", "guard.shrink=0.5", EACH)


def test_a_run_goes_on_with_what_its_optimiser_remembers(small_vgg: VGG19) -> None:
    whole, _ = towards_grey(small_vgg, START, 6)
    _, (half,) = towards_grey(small_vgg, START, 3)
    assert (half.step, half.backoffs) == (3, 0)
    again, _ = towards_grey(small_vgg, half, 6)
    assert torch.equal(again.picture, whole.picture)
    anew, _ = towards_grey(small_vgg, half._replace(optimiser={}), 6)
    assert not torch.equal(anew.picture, whole.picture)


def test_what_has_converged_ends_a_run_and_not_a_level(small_vgg: VGG19) -> None:
    grey = Checkpoint.start(torch.full((3, 2, 2), 0.5))
    for until, steps in ((120, 100), (110, 110)):
        outcome, _ = towards_grey(small_vgg, grey, until, "optim.stop_at=0.01")
        assert (outcome.steps, outcome.converged) == (steps, steps == 100)


def test_a_run_that_went_back_goes_on_as_often_and_with_steps_as_short(small_vgg: VGG19) -> None:
    outcome, states = towards_grey(small_vgg, START, 6, *BACKOFF, infinite=[2, 4])
    assert (outcome.status, outcome.steps, [step for step, _ in outcome.events]) == ("finished", 6, [2, 4])
    assert pytest.approx([1, 0.5, 0.25]) == SHORTENED
    assert [(state.step, state.backoffs) for state in states] == [(1, 0), (3, 1), (5, 2), (6, 2)]
    given_up, _ = towards_grey(small_vgg, states[-1]._replace(optimiser={}), 9, *BACKOFF, infinite=[1])
    assert (given_up.status, given_up.steps, SHORTENED) == ("diverged", 7, pytest.approx([0.25]))
    assert torch.equal(given_up.picture, states[-1].last_finite)


def test_an_infinite_last_step_ends_a_level_well_only_where_it_may_go_back(small_vgg: VGG19) -> None:
    for policy, status in (("backoff", "finished"), ("stop", "diverged")):
        outcome, _ = towards_grey(small_vgg, START, 4, *BACKOFF, f"guard.on_nan={policy}", infinite=[4])
        assert (outcome.status, outcome.steps, len(outcome.events)) == (status, 4, 1)


def test_a_run_that_goes_back_makes_its_references_anew_from_the_picture_that_it_goes_back_to(
    small_vgg: VGG19, monkeypatch: pytest.MonkeyPatch
) -> None:
    renewed: list[tuple[int, torch.Tensor]] = []

    def renew(self: LossNetwork, number: int, image: torch.Tensor, every: bool = False) -> bool:
        if every:
            renewed.append((number, image.detach().clone()))
        return False

    monkeypatch.setattr(LossNetwork, "renew", renew)
    outcome, _ = towards_grey(small_vgg, START, 4, *BACKOFF, infinite=[2])
    assert outcome.status == "finished"
    ((number, image),) = renewed
    assert number == 3
    assert torch.equal(image, START.image)  # the loss at the one after it was infinite
