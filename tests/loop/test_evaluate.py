"""Evaluations: what they tell, and on a GPU as a graph the same as without one."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from stx import stats
from stx.loop.evaluate import captured, eager, evaluation
from stx.loop.optimisers.adam import Adam
from stx.loop.steps import optimise
from stx.model.losses import LossNetwork
from stx.model.terms import Term
from stx.model.vgg import VGG19, Weights

Picture = Callable[..., Tensor]
GPU = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


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


@GPU
def test_a_graph_makes_the_steps_that_eager_evaluations_make(caffe_weights: Weights, picture: Picture) -> None:
    net = network(caffe_weights, picture, "cuda")
    pictures, totals = [], []
    for evaluate_with in (eager, captured):
        image = picture(2).float().cuda().requires_grad_()
        steps = optimise(net, image, Adam([image], lr=0.02, bands=0), 20, evaluate=evaluate_with(net, image))
        totals.append([step.values[step.names.index("loss/total")].clone() for step in steps])
        pictures.append(image.detach().clone())
    torch.testing.assert_close(totals[0], totals[1], rtol=1e-4, atol=0)
    torch.testing.assert_close(pictures[0], pictures[1], rtol=0, atol=1e-2)


@GPU
def test_a_statistic_that_waits_for_the_host_runs_without_a_graph_and_says_so(
    caffe_weights: Weights, picture: Picture
) -> None:
    net = network(caffe_weights, picture, "cuda", lambda maps: maps.mean() * float(maps.detach().amax()))
    image = picture(2).float().cuda().requires_grad_()
    with pytest.warns(UserWarning, match="not captured as a CUDA graph"):
        evaluate, graph = evaluation(net, image)
    assert not graph
    assert torch.isfinite(evaluate().total)
