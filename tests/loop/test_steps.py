"""The loop: one record an iteration, the same each time, and progress from every start."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from torch import Tensor

from stx import stats
from stx.loop.evaluate import Evaluate, Evaluation
from stx.loop.optimisers import LBFGS, Adam, PlainLBFGS
from stx.loop.steps import Step, optimise
from stx.model.calibration import calibrate, weighted_gradient_norms
from stx.model.losses import LossNetwork
from stx.model.terms import Term
from stx.model.vgg import VGG19, Weights

Picture = Callable[..., Tensor]
OPTIMISERS = {"adam": Adam, "lbfgs": LBFGS, "lbfgs_plain": PlainLBFGS}
SETTINGS = {
    "adam": {"lr": 0.02, "bands": 2, "beta1": 0.9, "beta2": 0.999, "carry": False},
    "lbfgs": {"history": 20, "first_step": 0.01},
    "lbfgs_plain": {"lr": 1.0, "history": 100, "unit": 1.0},
}


def network(weights: Weights, content: Tensor, style: Tensor, calibrated: bool = True) -> LossNetwork:
    net = LossNetwork(
        VGG19(weights, "max", "conv2_2"),
        {"style": style, "content": content},
        [
            Term("content", "features", stats.features, {"conv2_2": 1}, 1, "content", stats.half_sum_of_squares),
            Term(
                "style",
                "gram",
                stats.gram,
                {"conv1_1": 0.5, "conv2_1": 0.5},
                3,
                "style",
                stats.quarter_mean_square,
                prefix="",
            ),
        ],
    )
    if calibrated:
        calibrate(net, content, torch.Generator().manual_seed(0))
    return net


def run(weights: Weights, start: Tensor, method: str, steps: int, picture: Picture) -> tuple[list[float], Step, object]:
    net = network(weights, picture(0).float(), picture(1).float())
    image = start.clone().requires_grad_()
    optimiser = OPTIMISERS[method]([image], **SETTINGS[method])
    totals = []
    for step in optimise(net, image, optimiser, steps):
        totals.append(float(step.values[step.names.index("loss/total")]))
    return totals, step, optimiser


@pytest.mark.parametrize("method", ["adam", "lbfgs"])
@pytest.mark.parametrize("start", ["noise", "grey noise", "content", "style", "flat"])
def test_progress_from_every_start(caffe_weights: Weights, picture: Picture, method: str, start: str) -> None:
    starts = {
        "noise": picture(7),
        "grey noise": 0.4 + 0.2 * picture(7),
        "content": picture(0),
        "style": picture(1),
        "flat": torch.full((3, 24, 32), 0.5),
    }
    totals, _, optimiser = run(caffe_weights, starts[start].float(), method, 25, picture)
    assert totals[-1] < 0.6 * totals[0]
    if isinstance(optimiser, LBFGS):
        assert not optimiser.stalled


def test_plain_lbfgs_stands_still_where_ours_goes_on(caffe_weights: Weights, picture: Picture) -> None:
    """The thesis's optimiser with weak weights: a first step of 1 in the L1 norm, then slopes below 1e-9."""
    net = network(caffe_weights, picture(0).float(), picture(1).float(), calibrated=False)
    net.weights = dict.fromkeys(net.weights, 1e-16)
    moved = {}
    for method in ("lbfgs", "lbfgs_plain"):
        start = picture(7).float()
        image = start.clone().requires_grad_()
        for _ in optimise(net, image, OPTIMISERS[method]([image], **SETTINGS[method]), 10):
            pass
        moved[method] = float((image.detach() - start).abs().max())
    assert moved["lbfgs_plain"] < 1e-3
    assert moved["lbfgs"] > 0.05


@pytest.mark.parametrize("method", list(OPTIMISERS))
def test_the_same_seed_gives_the_same_picture_bit_for_bit(
    caffe_weights: Weights, picture: Picture, method: str
) -> None:
    first, second = (run(caffe_weights, picture(7).float(), method, 6, picture)[1].image for _ in range(2))
    assert torch.equal(first, second)


def test_one_record_an_iteration_names_every_scalar_of_the_contract(caffe_weights: Weights, picture: Picture) -> None:
    net = network(caffe_weights, picture(0).float(), picture(1).float())
    image = picture(7).float().requires_grad_()
    steps = list(
        optimise(
            net, image, Adam([image], lr=0.02, bands=0, beta1=0.9, beta2=0.999, carry=False), 4, grad_norms_every=2
        )
    )
    assert [step.number for step in steps] == [1, 2, 3, 4]
    for step in steps:
        assert set(step.names) >= {"loss/total", "loss/content", "loss/style"}
        for layer in ("conv1_1", "conv2_1"):
            assert {f"style_loss/{layer}", f"style_magnitude/{layer}", f"peak/{layer}"} <= set(step.names)
        assert len(step.names) == len(step.values)
        with_norms = {"grad_norm/content", "grad_norm/conv1_1", "grad_norm/conv2_1"} <= set(step.names)
        assert with_norms == (step.number in (1, 3))


def test_recorded_losses_are_those_of_the_image_the_step_started_from(caffe_weights: Weights, picture: Picture) -> None:
    net = network(caffe_weights, picture(0).float(), picture(1).float())
    image = picture(7).float().requires_grad_()
    before = image.detach().clone()
    for step in optimise(net, image, Adam([image], lr=0.02, bands=0, beta1=0.9, beta2=0.999, carry=False), 3):
        assert float(step.values[step.names.index("loss/total")]) == float(net(before).total)
        before = step.image.clone()


def test_adam_keeps_pixels_within_their_range(caffe_weights: Weights, picture: Picture) -> None:
    net = network(caffe_weights, picture(0).float(), picture(1).float())
    image = picture(7).float().requires_grad_()
    for step in optimise(net, image, Adam([image], lr=0.5, bands=0, beta1=0.9, beta2=0.999, carry=False), 5):
        assert 0 <= float(step.image.min()) <= float(step.image.max()) <= 1


def test_one_step_of_lbfgs_plain_is_one_evaluation() -> None:
    x = torch.ones(3, requires_grad=True)
    calls = []

    def closure() -> Tensor:
        x.grad = None
        loss = x.square().sum()
        loss.backward()
        calls.append(1)
        return loss

    optimiser = PlainLBFGS([x], lr=1, history=10, unit=1)
    for _ in range(5):
        optimiser.step(closure)
    assert len(calls) == 5


def test_the_last_finite_image_survives_a_picture_that_breaks(caffe_weights: Weights, picture: Picture) -> None:
    class Breaks(torch.optim.SGD):
        steps = 0
        stalled = rejected = False
        measured: dict[str, Tensor] = {}  # noqa: RUF012

        def accepted(self) -> Tensor:
            return image.detach()

        @torch.no_grad()
        def step(self, closure: Callable[[], Tensor]) -> Tensor:  # type: ignore[override]
            loss = super().step(closure)
            self.steps += 1
            if self.steps == 3:
                image.mul_(float("nan"))
            return loss

    net = network(caffe_weights, picture(0).float(), picture(1).float())
    image = picture(7).float().requires_grad_()
    images = []
    for step in optimise(net, image, Breaks([image], lr=1e-16), 6):
        images.append(step.image.clone())
    assert torch.isfinite(step.last_finite).all()
    assert torch.equal(step.last_finite, images[1])  # the third step started from it


def test_plain_lbfgs_tells_the_curvature_that_it_decides_by(caffe_weights: Weights, picture: Picture) -> None:
    """y.s of the last move, by differences of pictures and gradients; a pair is kept only where it is positive."""
    net = network(caffe_weights, picture(0).float(), picture(1).float(), calibrated=False)
    image = (0.4 + 0.2 * picture(7)).float().requires_grad_()
    pictures, gradients, told = [], [], []
    for step in optimise(net, image, PlainLBFGS([image], **SETTINGS["lbfgs_plain"]), 3):
        assert image.grad is not None
        gradients.append(image.grad.clone().double())
        pictures.append(image.detach().clone().double())
        told.append(dict(zip(step.names, step.values.tolist(), strict=True)))
    moved, changed = pictures[0] - (0.4 + 0.2 * picture(7)).float().double(), gradients[1] - gradients[0]
    assert "lbfgs/curvature" not in told[0]
    assert told[1]["lbfgs/curvature"] == pytest.approx(float((moved * changed).sum()), rel=1e-2)
    assert told[1]["lbfgs/pairs"] == (told[1]["lbfgs/curvature"] > 1e-10)


class Halves:
    """An optimiser that halves the image after as many evaluations as it is told, and stalls after a few steps."""

    def __init__(self, image: Tensor, evaluations: int = 1, stalls_after: int = 100):
        self.image, self.evaluations, self.left = image, evaluations, stalls_after
        self.rejected = False
        self.measured = {"halves/left": torch.tensor(0.0)}

    @property
    def stalled(self) -> bool:
        return not self.left

    def accepted(self) -> Tensor:
        return self.image.detach()

    def step(self, closure: Callable[[], Tensor]) -> None:
        totals = [float(closure()) for _ in range(self.evaluations)]
        assert len({*totals}) == self.evaluations  # each of its own
        self.left -= 1
        self.measured = {"halves/left": torch.tensor(float(self.left))}
        self.rejected = self.left % 2 == 1
        self.image.detach().mul_(0.5)


def told(*values: tuple[float, ...]) -> Evaluate:
    """Evaluations with these scalars, one after another."""
    further = iter(values)

    def evaluate() -> Evaluation:
        scalars = torch.tensor(next(further), dtype=torch.float64)
        return Evaluation(scalars[0], tuple(f"number {place}" for place in range(len(scalars))), scalars)

    return evaluate


FIXED: Any = SimpleNamespace(renew=lambda number, image: False)
"""In a network's place: it has nothing to renew."""


def stepped(evaluate: Evaluate, steps: int, image: Tensor | None = None, **options: Any) -> list[Step]:
    image = torch.full((3, 2, 2), 8.0) if image is None else image
    settings = {name: options.pop(name) for name in ("evaluations", "stalls_after") if name in options}
    network: Any = FIXED  # what it would evaluate is told
    done = optimise(network, image, Halves(image, **settings), steps, evaluate=evaluate, **options)  # type: ignore[arg-type]
    return [step._replace(image=step.image.clone(), last_finite=step.last_finite.clone()) for step in done]


def test_a_record_is_of_the_last_evaluation_with_what_the_optimiser_measured_and_the_images_peak() -> None:
    image = torch.tensor([-8.0, 2.0, 4.0]).view(3, 1, 1)
    first, second = stepped(told((1, 2), (3, 4), (5, 6), (7, 8)), 2, image, evaluations=2, stalls_after=8)
    assert first.names == ("number 0", "number 1", "halves/left", "peak/image")
    assert first.values.tolist() == [3, 4, 7, 4]
    assert first.values.dtype == torch.float64
    assert second.values.tolist() == [7, 8, 6, 2]
    assert (first.taken_back, second.taken_back) == (True, False)
    assert first.image.flatten().tolist() == [-4, 1, 2]


@pytest.mark.parametrize("place", [0, 1, 2])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_an_image_is_known_to_be_finite_when_all_that_was_measured_of_it_is(place: int, value: float) -> None:
    broken = [2.0, 2.0, 2.0]
    broken[place] = value
    steps = stepped(told((1, 1, 1), (2, 2, 2), tuple(broken), (4, 4, 4)), 4)
    assert [float(step.last_finite.mean()) for step in steps] == [8, 4, 4, 1]


def test_an_update_that_breaks_the_image_does_not_break_the_one_before() -> None:
    image = torch.tensor([3e38, 1.0, 1.0]).view(3, 1, 1)
    (step,) = optimise(
        FIXED,
        image,
        type("Doubles", (Halves,), {"step": lambda self, closure: closure() and image.mul_(4)})(image),
        1,
        evaluate=told((1,)),
    )
    assert torch.isinf(step.values[-1])
    assert float(step.last_finite.max()) == pytest.approx(3e38)


def test_a_run_taken_up_goes_on_from_its_number_and_its_last_finite_image() -> None:
    earlier = torch.full((3, 2, 2), 5.0)
    steps = stepped(told((float("inf"),), (1.0,)), 5, done=3, last_finite=earlier)
    assert [step.number for step in steps] == [4, 5]
    assert [float(step.last_finite.mean()) for step in steps] == [5, 4]
    (alone,) = stepped(told((float("inf"),)), 1)
    assert float(alone.last_finite.mean()) == 8  # where it began
    assert stepped(told(), 3, done=3) == []


@pytest.mark.parametrize("after", [0, 2])
def test_an_optimiser_that_stalls_ends_the_run(after: int) -> None:
    assert [step.number for step in stepped(told((1,), (2,), (3,)), 9, stalls_after=after)] == [1, 2][:after]


@pytest.mark.parametrize(("every", "numbers"), [(0, []), (1, [1, 2, 3, 4, 5]), (3, [1, 4])])
def test_gradient_norms_are_of_the_image_before_the_step_at_the_first_and_every_so_many(
    caffe_weights: Weights, picture: Picture, every: int, numbers: list[int]
) -> None:
    net = network(caffe_weights, picture(0).float(), picture(1).float())
    image = picture(7).float().requires_grad_()
    start, measured = image.detach().clone(), {}
    options = {"grad_norms_every": every} if every else {}  # none by default
    for step in optimise(
        net, image, Adam([image], lr=0.02, bands=0, beta1=0.9, beta2=0.999, carry=False), 5, **options
    ):  # type: ignore[arg-type]
        if "grad_norm/content" in step.names:
            measured[step.number] = float(step.values[step.names.index("grad_norm/content")])
    assert list(measured) == numbers
    if numbers:
        assert measured[1] == pytest.approx(float(weighted_gradient_norms(net, start)["content"]), rel=1e-4)
