"""Guides through the network, and losses of regions against loops."""

from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import Tensor

from stx import stats
from stx.model import guides
from stx.model.guides import weights
from stx.model.losses import LossNetwork
from stx.model.terms import Term
from stx.model.vgg import VGG19

Picture = Callable[..., Tensor]


def through(guide: Tensor, layer: str) -> Tensor:
    return dict(guides.through(guide, [layer]))[layer]


def test_a_guide_is_the_mean_of_what_each_position_sees() -> None:
    guide = torch.rand(9, 12, generator=torch.Generator().manual_seed(0))
    expected = torch.zeros(9, 12)
    for y in range(9):
        for x in range(12):
            expected[y, x] = guide[max(0, y - 1) : y + 2, max(0, x - 1) : x + 2].mean()
    torch.testing.assert_close(through(guide, "conv1_1"), expected)
    assert torch.equal(through(guide, "picture"), guide)
    assert through(guide, "conv3_1").shape == (2, 3)  # as the network's own maps


def test_a_guide_of_all_or_nothing_stays_so_and_two_that_sum_to_one_do() -> None:
    guide = torch.zeros(64, 96)
    guide[:, 48:] = 1
    for layer in ("conv1_1", "conv2_2", "conv3_1", "conv4_1", "conv5_1"):
        both = through(guide, layer), through(1 - guide, layer)
        torch.testing.assert_close(both[0] + both[1], torch.ones_like(both[0]))
        assert through(torch.ones(64, 96), layer).min() == pytest.approx(1)


def test_weights_are_squares_that_sum_to_one() -> None:
    guide = torch.rand(9, 12, generator=torch.Generator().manual_seed(0))
    weighed = weights(guide, ["conv2_1", "picture", "conv1_2"])
    assert [*weighed] == ["picture", "conv1_2", "conv2_1"]
    for layer, each in weighed.items():
        squares = through(guide, layer).square()
        torch.testing.assert_close(each, squares / squares.sum())


def test_a_region_in_a_row_that_poolings_leave_out_is_not_empty() -> None:
    guide = torch.zeros(129, 127)
    guide[128, 126] = 1
    for layer, weighed in weights(guide, ["conv1_1", "conv2_1", "conv4_1", "conv5_1"]).items():
        assert float(weighed.sum()) == pytest.approx(1), layer
        assert weighed.argmax() == weighed.numel() - 1
    assert float(weights(torch.zeros(8, 8), ["conv1_1"])["conv1_1"].sum()) == 0


GUIDES = {name: {"a": torch.zeros(24, 32), "b": torch.zeros(24, 32)} for name in ("content", "style")}
GUIDES["content"]["a"][:, :12] = 1
GUIDES["content"]["b"][:, 12:] = 1
GUIDES["style"]["a"][:10] = 1
GUIDES["style"]["b"][10:] = 0.5


def of_regions(vgg: VGG19, picture: Picture, *terms: Term) -> LossNetwork:
    return LossNetwork(vgg, {"style": picture(1), "content": picture(0)}, terms, GUIDES)


def guided_gram(vgg: VGG19, picture: Tensor, guide: Tensor, layer: str) -> Tensor:
    maps = vgg(picture, [layer])[layer].double()
    t = through(guide, layer).double()
    t = t / t.square().sum().sqrt()
    total = torch.zeros(len(maps), len(maps), dtype=torch.float64)
    for y in range(maps.shape[1]):
        for x in range(maps.shape[2]):
            value = t[y, x] * maps[:, y, x]
            total += torch.outer(value, value)
    return total


def test_the_loss_of_a_region_is_that_of_guided_gram_matrices(small_vgg: VGG19, picture: Picture) -> None:
    each = [
        Term("style", f"gram_{region}", stats.gram, {"conv2_1": 1.0}, 1.0, "style", region=region) for region in "ab"
    ]
    losses = of_regions(small_vgg, picture, *each)(picture(2))
    for region in "ab":
        ours = guided_gram(small_vgg, picture(2), GUIDES["content"][region], "conv2_1")
        theirs = guided_gram(small_vgg, picture(1), GUIDES["style"][region], "conv2_1")
        (value,) = (value for part, value in losses.parts.items() if part.term.region == region)
        torch.testing.assert_close(value.double(), (ours - theirs).square().mean(), rtol=1e-4, atol=0)


@pytest.mark.parametrize(
    "how",
    [
        {"statistic": stats.gram},
        {"statistic": partial(stats.mean_std, epsilon=1e-6)},
        {"statistic": partial(stats.channel_histograms, quantiles=9)},
        {"statistic": stats.gaussian, "reference": stats.principal_axes, "distance": stats.gaussian_wasserstein},
        {"statistic": stats.nearest_neighbour, "reference": stats.nearest, "distance": None},
        {"statistic": partial(stats.cooc_gram, radius=1, threshold="none", centred=True)},
    ],
)
def test_what_lies_outside_of_a_region_has_no_pull_there_and_no_say_in_the_style(
    small_vgg: VGG19, picture: Picture, how: dict[str, object]
) -> None:
    term = Term("style", "it", layers={"conv1_1": 1.0}, weight=1.0, toward="style", region="a", **how)  # type: ignore[arg-type]
    image = picture(2).requires_grad_()
    of_regions(small_vgg, picture, term)(image).total.backward()
    assert image.grad is not None
    assert image.grad[:, :, 15:].abs().max() == 0  # the guide and the convolution see one pixel further each
    assert image.grad[:, :, :12].abs().max() > 0
    other = picture(1).clone()
    other[:, 13:] = 0.5
    pictures = {"style": other, "content": picture(0)}
    outside = picture(2).clone()
    outside[:, :, 15:] = picture(4)[:, :, 15:]
    torch.testing.assert_close(
        of_regions(small_vgg, picture, term)(outside).total, of_regions(small_vgg, picture, term)(picture(2)).total
    )
    changed = LossNetwork(small_vgg, pictures, [term], GUIDES)(picture(2))
    before = of_regions(small_vgg, picture, term)(picture(2))
    torch.testing.assert_close(changed.total, before.total)


def test_a_joint_term_weighs_all_of_its_layers(small_vgg: VGG19, picture: Picture) -> None:
    layers = {"conv1_1": 1.0, "conv2_1": 1.0}
    term = Term("style", "it", stats.cross_layer_gram, layers, 1.0, "style", region="a", joint="pairs")
    network = of_regions(small_vgg, picture, term)
    (part,) = network.every_part
    assert isinstance(part.weights, list)
    assert [tuple(each.shape) for each in part.weights] == [(24, 32), (12, 16)]
    assert network(picture(2)).total.isfinite()
