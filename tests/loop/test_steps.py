"""The loop: one record an iteration, the same each time, and progress from every start."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from stx import stats
from stx.loop.optimisers import LBFGS, Adam, PlainLBFGS
from stx.loop.steps import Step, optimise
from stx.model.calibration import calibrate
from stx.model.losses import LossNetwork
from stx.model.terms import Term
from stx.model.vgg import VGG19, Weights

Picture = Callable[..., Tensor]
OPTIMISERS = {"adam": Adam, "lbfgs": LBFGS, "lbfgs_plain": PlainLBFGS}
SETTINGS = {
    "adam": {"lr": 0.02, "bands": 2},
    "lbfgs": {"history": 20, "first_step": 0.01},
    "lbfgs_plain": {"lr": 1.0, "history": 100},
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
    steps = list(optimise(net, image, Adam([image], lr=0.02, bands=0), 4, grad_norms_every=2))
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
    for step in optimise(net, image, Adam([image], lr=0.02, bands=0), 3):
        assert float(step.values[step.names.index("loss/total")]) == float(net(before).total)
        before = step.image.clone()


def test_adam_keeps_pixels_within_their_range(caffe_weights: Weights, picture: Picture) -> None:
    net = network(caffe_weights, picture(0).float(), picture(1).float())
    image = picture(7).float().requires_grad_()
    for step in optimise(net, image, Adam([image], lr=0.5, bands=0), 5):
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

    optimiser = PlainLBFGS([x], lr=1, history=10)
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
