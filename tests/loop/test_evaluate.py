"""Evaluations: what they tell, and on a GPU as a graph the same as without one."""

import warnings
from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import Tensor

from stx import stats
from stx.config.compose import composition
from stx.config.schema import CONF
from stx.loop.evaluate import Evaluate, captured, eager, evaluation, named, refuse_waits
from stx.loop.optimisers.adam import Adam
from stx.loop.steps import optimise
from stx.model.asked import terms
from stx.model.losses import LossNetwork
from stx.model.terms import PICTURE, Term
from stx.model.vgg import VGG19, Weights
from stx.stats import total_variation

Picture = Callable[..., Tensor]
GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


class OnCuda:
    """As much of a picture on a CUDA device as the choice looks at."""

    device = torch.device("cuda")


def network(
    weights: Weights, picture: Picture, device: str, statistic: Callable[[Tensor], Tensor] = stats.gram
) -> LossNetwork:
    return LossNetwork(
        VGG19(weights, "max", "conv2_2").to(device),
        {"style": picture(1).float().to(device), "content": picture(0).float().to(device)},
        [
            Term("content", "features", stats.features, {"conv2_2": 1}, 1, "content", stats.half_sum_of_squares),
            Term("style", "it", statistic, {"conv1_1": 0.5, "conv2_1": 0.5}, 3, "style", stats.quarter_mean_square),
        ],
    )


def test_an_evaluation_sets_the_gradient_and_tells_every_scalar(caffe_weights: Weights, picture: Picture) -> None:
    net = network(caffe_weights, picture, "cpu")
    image = picture(2).float().requires_grad_()
    evaluate, graph = evaluation(net, image)
    assert not graph
    for _ in range(2):  # a second one starts from no gradient
        losses = evaluate()
        expected = net(image)
        (gradient,) = torch.autograd.grad(expected.total, image)
        assert torch.equal(losses.total, expected.total)
        torch.testing.assert_close(image.grad, gradient)
        told = dict(zip(losses.names, losses.values.tolist(), strict=True))
        assert told["loss/total"] == float(expected.total.detach())
        assert told["peak/gradient"] == float(gradient.abs().max())
        assert losses.names[-2:] == ("loss/total", "peak/gradient")


def test_scalars_are_named_in_the_order_in_which_data_flows(caffe_weights: Weights, picture: Picture) -> None:
    layers = {"conv1_1": 0.25, "conv2_1": 0.75}
    moments, variation = partial(stats.mean_std, epsilon=1e-5), partial(total_variation, power=2.0, smoothing=0.01)
    net = LossNetwork(
        VGG19(caffe_weights, "max", "conv2_2"),
        {"style": picture(1).float(), "content": picture(0).float()},
        [
            Term("content", "features", stats.features, {"conv2_2": 1.0}, 1, "content", stats.half_sum_of_squares),
            Term("style", "gram", stats.gram, layers, 3, "style", stats.quarter_mean_square),
            Term("style", "moments", moments, layers, 3, "style"),
            Term("prior", "variation", variation, {PICTURE: 1.0}, 2.0),
        ],
    )
    image = picture(2).float().requires_grad_()
    losses = net(image)
    losses.total.backward()
    assert image.grad is not None
    scalars = {name: float(value) for name, value in named(losses, image).items()}
    parts = {
        f"{part.layer} {part.term.name}".strip(): (part, float(loss.detach())) for part, loss in losses.parts.items()
    }
    several = ("conv1_1 gram", "conv1_1 moments", "conv2_1 gram", "conv2_1 moments")
    expected = {
        **{f"peak/{layer}": float(peak) for layer, peak in losses.peaks.items()},
        **{f"style_magnitude/{name}": float(losses.magnitudes[parts[name][0]]) for name in several},
        "content_magnitude/conv2_2": float(losses.magnitudes[parts["conv2_2 features"][0]]),
        "content_loss/conv2_2": parts["conv2_2 features"][1],
        "loss/content": parts["conv2_2 features"][1],
        **{f"style_loss/{name}": parts[name][1] for name in several},
        **{f"style_loss/{layer}": float(losses.layers["style", layer].detach()) for layer in layers},
        "loss/style": sum(share * float(losses.layers["style", layer].detach()) for layer, share in layers.items()),
        "loss/prior": parts["variation"][1],
        "loss/total": float(losses.total.detach()),
        "peak/gradient": float(image.grad.abs().max()),
    }
    assert list(scalars) == list(expected)
    assert list(scalars)[:3] == ["peak/conv1_1", "peak/conv2_1", "peak/conv2_2"]
    assert scalars == pytest.approx(expected, rel=1e-6)
    image.grad = -9 * torch.ones_like(image)
    assert float(named(losses, image)["peak/gradient"]) == 9


def test_what_cannot_be_captured_is_evaluated_eagerly_and_the_first_line_says_why(
    caffe_weights: Weights, picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(network: LossNetwork, image: Tensor) -> Evaluate:
        raise RuntimeError("a statistic of the user's waits\nat some address")

    net, image = network(caffe_weights, picture, "cpu"), picture(2).float().requires_grad_()
    monkeypatch.setattr("stx.loop.evaluate.captured", refused)
    monkeypatch.setattr("stx.loop.evaluate.eager", lambda network, _: eager(network, image))
    with pytest.warns(
        UserWarning, match="could not be captured as a CUDA graph, so it is slower: a statistic .* waits$"
    ):
        evaluate, graph = evaluation(net, OnCuda())  # type: ignore[arg-type]
    assert not graph
    assert torch.equal(evaluate().total, net(image).total)


def test_a_card_that_is_full_is_no_reason_to_go_on_without_a_graph(
    caffe_weights: Weights, picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(network: LossNetwork, image: Tensor) -> Evaluate:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB")

    monkeypatch.setattr("stx.loop.evaluate.captured", full)
    with pytest.raises(torch.OutOfMemoryError):
        evaluation(network(caffe_weights, picture, "cpu"), OnCuda())  # type: ignore[arg-type]


def test_pytorchs_warning_about_waits_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    def warned(mode: str) -> None:
        warnings.warn("Synchronization debug mode is a prototype feature and does not yet detect all", stacklevel=1)
        warnings.warn(f"set to {mode}", stacklevel=1)

    monkeypatch.setattr(torch.cuda, "set_sync_debug_mode", warned)
    with pytest.warns(UserWarning, match="set to error") as shown:
        refuse_waits()
    assert [str(one.message) for one in shown] == ["set to error"]


@GPU
def test_a_graph_makes_the_steps_that_eager_evaluations_make(caffe_weights: Weights, picture: Picture) -> None:
    net = network(caffe_weights, picture, "cuda")
    pictures, totals = [], []
    for evaluate_with in (eager, captured):
        image = picture(2).float().cuda().requires_grad_()
        steps = optimise(
            net,
            image,
            Adam([image], lr=0.02, bands=0, beta1=0.9, beta2=0.999, carry=False),
            20,
            evaluate=evaluate_with(net, image),
        )
        totals.append([step.values[step.names.index("loss/total")].clone() for step in steps])
        pictures.append(image.detach().clone())
    torch.testing.assert_close(totals[0], totals[1], rtol=1e-4, atol=0)
    torch.testing.assert_close(pictures[0], pictures[1], rtol=0, atol=1e-2)


@GPU
@pytest.mark.parametrize("stat", [file.stem for file in sorted((CONF / "style_stat").glob("*.yaml"))])
def test_every_style_statistic_of_stx_is_captured(stat: str, caffe_weights: Weights, picture: Picture) -> None:
    asked = composition([f"style_stat={stat}"]).config
    terms_of = [term._replace(layers={"conv2_1": 1.0}) for term in terms(asked) if term.group == "style"]
    pictures = {"style": picture(1).float().cuda(), "content": picture(0).float().cuda()}
    net = LossNetwork(VGG19(caffe_weights, "max", "conv2_1").cuda(), pictures, terms_of)
    image = picture(2).float().cuda().requires_grad_()
    expected = eager(net, image)().total.clone()
    torch.testing.assert_close(captured(net, image)().total, expected, rtol=1e-3, atol=0)


@GPU
def test_a_statistic_that_waits_for_the_host_runs_without_a_graph_and_says_so(
    caffe_weights: Weights, picture: Picture
) -> None:
    net = network(caffe_weights, picture, "cuda", lambda maps: maps.mean() * float(maps.detach().amax()))
    image = picture(2).float().cuda().requires_grad_()
    with pytest.warns(UserWarning, match="could not be captured as a CUDA graph"):
        evaluate, graph = evaluation(net, image)
    assert not graph
    assert torch.isfinite(evaluate().total)
