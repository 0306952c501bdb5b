"""A term at its places: several layers at once, a reference that follows the picture, and what a run takes up again."""

from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor

from stx import stats
from stx.config.compose import composition
from stx.errors import UserError
from stx.model.asked import terms
from stx.model.calibration import balance_yardstick
from stx.model.losses import LossNetwork
from stx.model.terms import PICTURE, Term
from stx.model.trials import noise, position_free, tried
from stx.model.vgg import VGG19

GENERATOR = torch.Generator().manual_seed(0)
STYLE, CONTENT, OURS = (torch.rand(3, *size, generator=GENERATOR) for size in ((20, 24), (16, 20), (16, 20)))


def asked(*overrides: str) -> dict[str, Term]:
    return {term.name: term for term in terms(composition(list(overrides)).config) if term.group == "style"}


def network(vgg: VGG19, *several: Term) -> LossNetwork:
    return LossNetwork(vgg, {"style": STYLE, "content": CONTENT}, several)


def style(statistic: Any, **fields: Any) -> Term:
    layers = fields.pop("layers", {"conv1_1": 0.5, "conv2_1": 0.5})
    return Term("style", "it", statistic, layers, 1.0, "style", prefix="", **fields)


def test_places_are_layers_in_network_order_pairs_of_them_or_all() -> None:
    layers = {"conv3_1": 0.2, PICTURE: 0.1, "conv1_1": 0.3, "conv2_1": 0.4}
    plain, pairs, whole = (style(stats.gram, layers=layers, joint=joint).places for joint in (None, "pairs", "all"))
    assert plain == {("conv1_1",): 0.3, ("conv2_1",): 0.4, ("conv3_1",): 0.2, (PICTURE,): 0.1}
    assert list(pairs) == [("conv1_1", "conv2_1"), ("conv2_1", "conv3_1"), ("conv3_1", PICTURE)]
    assert list(whole) == [("conv1_1", "conv2_1", "conv3_1", PICTURE)]
    for places in (plain, pairs, whole):
        assert sum(places.values()) == pytest.approx(1)


def test_a_joint_term_is_given_the_features_of_all_its_layers(small_vgg: VGG19) -> None:
    joint = network(small_vgg, style(stats.cross_layer_gram, joint="pairs"))
    (part,) = joint.every_part
    assert (part.key, part.place) == ("conv1_1-conv2_1", "conv1_1-conv2_1")
    losses = joint(OURS)
    ours, theirs = ([dict(joint.features(each))[layer] for layer in part.layers] for each in (OURS, STYLE))
    expected = (stats.cross_layer_gram(ours) - stats.cross_layer_gram(theirs)).square().mean()
    assert float(losses.total) == pytest.approx(float(expected), rel=1e-5)
    assert ("style", "conv1_1-conv2_1") in losses.layers


def test_pairs_of_one_layer_are_none() -> None:
    with pytest.raises(UserError, match="pairs of layers need two of them"):
        tried([style(stats.cross_layer_gram, layers={"conv1_1": 1.0}, joint="pairs")], same_shape=True)


def test_a_style_may_be_one_of_the_picture_s_pixels(small_vgg: VGG19) -> None:
    of_pixels = network(small_vgg, style(stats.mmd_linear, layers={PICTURE: 1.0}))
    (part,) = of_pixels.every_part
    assert (part.key, part.place) == (PICTURE, PICTURE)
    expected = (OURS.mean((1, 2)) - STYLE.mean((1, 2))).square().mean()
    assert float(of_pixels(OURS).total) == pytest.approx(float(expected), rel=1e-5)


def test_a_statistic_that_is_a_distance_needs_no_target(small_vgg: VGG19) -> None:
    matched = network(small_vgg, style(stats.nearest_neighbour, distance=None, reference=stats.nearest))
    assert all(part.target is None for part in matched.every_part)
    ours, theirs = dict(matched.features(CONTENT)), dict(matched.features(STYLE))
    expected = [
        float(stats.nearest_neighbour(ours[layer], reference=stats.nearest(theirs[layer], ours=ours[layer])))
        for layer in ("conv1_1", "conv2_1")
    ]
    assert float(matched(CONTENT).total) == pytest.approx(sum(expected) / 2, rel=1e-5)
    assert all(part.given is None for part in matched.every_part)  # it is matched once: nothing is kept for later


def test_rotations_are_features_of_the_picture_turned_by_each_quarter(small_vgg: VGG19) -> None:
    seen = []

    def reference(features: list[Tensor]) -> Tensor:
        seen.append(features)
        return features[1].mean((1, 2))

    def statistic(features: Tensor, *, reference: Tensor) -> Tensor:
        return features.mean((1, 2)) - reference

    turned = network(small_vgg, style(statistic, layers={"conv1_1": 1.0}, reference=reference, rotations=True))
    expected = [dict(turned.features(torch.rot90(STYLE, turns, (1, 2))))["conv1_1"] for turns in range(4)]
    assert all(torch.equal(*pair) for pair in zip(seen[-1], expected, strict=True))


def test_references_are_renewed_when_they_are_due_and_where_they_lie(small_vgg: VGG19) -> None:
    """A CUDA graph goes on to read them there."""
    statistic, reference = partial(stats.sliced_wasserstein, quantiles=8), partial(stats.fresh_directions, seed=0)
    fresh = network(small_vgg, style(statistic, reference=reference, renew=3))
    part: Any = fresh.every_part[0]
    theirs = dict(fresh.features(STYLE))["conv1_1"]
    lines = part.statistic.keywords["reference"]
    assert fresh.renew(1, OURS)
    first = lines.clone()
    torch.testing.assert_close(first, stats.fresh_directions(theirs, seed=0, step=1))
    assert not fresh.renew(2, OURS)
    assert not fresh.renew(3, OURS)
    assert torch.equal(lines, first)
    assert fresh.renew(4, OURS)
    assert part.statistic.keywords["reference"] is lines
    assert not torch.equal(lines, first)
    torch.testing.assert_close(part.target, stats.sliced_wasserstein(theirs, reference=lines, quantiles=8))


def test_matches_follow_the_picture_and_are_taken_up_again(small_vgg: VGG19) -> None:
    nearest = style(stats.nearest_neighbour, distance=None, reference=stats.nearest, renew=5)
    matched, again = network(small_vgg, nearest), network(small_vgg, nearest)
    before = float(matched(OURS).total)
    assert matched.renew(6, OURS)
    after = float(matched(OURS).total)
    assert after < before
    assert set(matched.renewed) == {"conv1_1", "conv2_1"}
    again.restore({key: [tensor.clone() for tensor in tensors] for key, tensors in matched.renewed.items()})
    assert float(again(OURS).total) == after
    with pytest.raises(UserError, match="the run's saved state is that of another statistic at conv1_1"):
        again.restore({"conv1_1": [torch.zeros(1)]})


def test_what_cannot_be_renewed_is_refused() -> None:
    with pytest.raises(UserError, match="renew=2 has no effect, as its reference takes neither ours nor step"):
        tried([style(stats.gram, renew=2)], same_shape=True)


def test_layers_of_its_own_weigh_as_loss_weights_says_or_as_any_other() -> None:
    several = asked("style_stat=moments_cooc_nearest")
    assert set(several["mean_std"].layers.values()) == {0.2}
    assert several["nearest_neighbour"].layers == {"conv3_1": 0.2, "conv4_1": 0.2}
    assert asked("style_stat=gram_spectrum")["spectrum"].layers == {PICTURE: pytest.approx(1 / 6)}
    assert asked("style_stat=spectrum")["spectrum"].layers == {PICTURE: 1}
    typed = ["loss_weights.style_layers=[conv1_1,conv2_1]", "loss_weights.style_weights=[0.2,0.6]"]
    weighed = asked("style_stat=gram_spectrum", *typed)
    assert weighed["gram"].layers == {"conv1_1": 0.2, "conv2_1": 0.6}
    assert weighed["spectrum"].layers == {PICTURE: pytest.approx(0.4)}


def test_what_looks_at_the_picture_s_places_needs_one_size() -> None:
    assert not position_free(list(asked("style_stat=gram_spectrum").values()))
    for name in ("relaxed_emd", "nearest_neighbour", "cross_layer_gram", "deep_correlations"):
        assert position_free(list(asked(f"style_stat={name}").values())), name


def test_noise_for_several_layers_is_halved_as_the_network_does() -> None:
    several = noise(("conv2_1", "conv3_1", "conv5_1"), (8, 6))
    assert [tuple(maps.shape) for maps in several] == [(128, 8, 6), (256, 4, 3), (512, 1, 1)]


def test_a_content_term_of_another_layer_pulls_as_the_first_does(small_vgg: VGG19) -> None:
    features = Term("content", "features", stats.features, {"conv2_1": 1.0}, 1.0, "content", stats.half_sum_of_squares)
    edges = features._replace(name="edges", statistic=partial(stats.laplacian, pool=2), layers={PICTURE: 1.0})
    for several in ((features, edges), (edges, features)):
        balanced = network(small_vgg, *several)
        balance_yardstick(balanced, OURS)
        norms = []
        for part in balanced.every_part:
            image = OURS.clone().requires_grad_()
            (gradient,) = torch.autograd.grad(part.scale * balanced(image).distances[part], image)
            norms.append(float(gradient.norm()))
        assert norms[0] == pytest.approx(norms[1], rel=1e-4)
        assert balanced.scales[f"content/{next(iter(several[0].layers))}/{several[0].name}"] == 1
