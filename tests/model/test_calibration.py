"""The balance of a loss before its first step."""

from functools import partial

import pytest
import torch

from stx.errors import UserError
from stx.model.calibration import balance_yardstick, calibrate, gradient_norms, weighted_gradient_norms
from stx.model.losses import LossNetwork
from stx.model.terms import PICTURE, Term
from stx.model.vgg import VGG19
from stx.model.weights import load_weights
from stx.stats import features, gram, half_sum_of_squares, mean_absolute, mean_std, positions, self_similarity

CONTENT, STYLE = torch.rand(2, 3, 16, 20, generator=torch.Generator().manual_seed(0))
STYLE_TERM = Term("style", "gram", gram, {"conv1_1": 0.5, "conv2_1": 0.5}, 3.0, "style")
FEATURES = Term("content", "features", features, {"conv2_2": 1.0}, 1.0, "content", half_sum_of_squares)


def network(*terms: Term) -> LossNetwork:
    vgg = VGG19(load_weights("vgg19_random", None, 0), "max", "conv2_2")
    return LossNetwork(vgg, {"style": STYLE, "content": CONTENT}, terms)


def test_after_it_every_part_pulls_as_the_content_does() -> None:
    calibrated = network(FEATURES, STYLE_TERM)
    calibrate(calibrated, CONTENT, torch.Generator().manual_seed(1))
    near = CONTENT + 0.1 * torch.randn(CONTENT.shape, generator=torch.Generator().manual_seed(1))
    norms = gradient_norms(calibrated, near.clamp(0, 1))
    assert len(norms) == 3
    assert all(float(norm) == pytest.approx(float(norms["content"]), rel=1e-4) for norm in norms.values())
    weighted = weighted_gradient_norms(calibrated, near.clamp(0, 1))
    style = [float(norm) for name, norm in weighted.items() if name != "content"]
    assert style == pytest.approx([1.5 * float(norms["content"])] * 2, rel=1e-4)


def test_several_content_terms_are_felt_alike() -> None:
    other = Term(
        "content", "self", self_similarity, {"conv2_2": 1.0}, 1.0, "content", mean_absolute, partial(positions, most=64)
    )
    calibrated = network(FEATURES, other, STYLE_TERM)
    calibrate(calibrated, CONTENT, torch.Generator().manual_seed(1))
    image = (CONTENT + 0.1 * torch.randn(CONTENT.shape, generator=torch.Generator().manual_seed(1))).clamp(0, 1)
    image.requires_grad_()
    distances = calibrated(image).distances
    norms = [
        float(part.scale) * float(torch.autograd.grad(distance, image, retain_graph=True)[0].norm())
        for part, distance in distances.items()
        if part.term.group == "content"
    ]
    assert norms[0] == pytest.approx(norms[1], rel=1e-4)
    assert norms[0] > 0


def test_without_a_content_layer_the_shallowest_part_sets_the_length() -> None:
    calibrated = network(STYLE_TERM)
    before = calibrated.scales
    calibrate(calibrated, CONTENT, torch.Generator().manual_seed(1))
    after = calibrated.scales
    shallow, deep = after
    assert after[shallow] == before[shallow]
    assert after[deep] != before[deep]


def test_a_part_without_a_gradient_keeps_its_scale_and_is_named() -> None:
    flat = Term("style", "flat", lambda maps: 0 * maps.sum((1, 2)), {"conv1_1": 1.0}, 1.0, "style")
    calibrated = network(FEATURES, flat)
    with pytest.warns(UserWarning, match="not calibrated.*conv1_1"):
        calibrate(calibrated, CONTENT, torch.Generator().manual_seed(1))
    assert [scale for name, scale in calibrated.scales.items() if "style" in name or "conv1_1" in name] == [1.0]


@pytest.mark.parametrize(
    ("term", "said"),
    [
        (STYLE_TERM._replace(toward="styel"), "styel"),
        (STYLE_TERM._replace(layers={"conv5_1": 1.0}), "conv5_1"),
        (STYLE_TERM._replace(name="second", weight=10.0), "second"),
        (STYLE_TERM._replace(name="second", layers={"conv1_1": 0.7}), "second"),
    ],
)
def test_terms_that_would_not_count_as_they_say_are_refused(term: Term, said: str) -> None:
    with pytest.raises(UserError, match=said):
        network(FEATURES, STYLE_TERM, term)


def test_the_norms_that_are_reported_are_those_before_the_scales() -> None:
    other = STYLE_TERM._replace(name="moments", statistic=partial(mean_std, epsilon=1e-5))
    calibrated, untouched = network(FEATURES, STYLE_TERM, other), network(FEATURES, STYLE_TERM, other)
    calibrate(calibrated, CONTENT, torch.Generator().manual_seed(1))
    near = (CONTENT + 0.1 * torch.randn(CONTENT.shape, generator=torch.Generator().manual_seed(1))).clamp(0, 1)
    norms = gradient_norms(untouched, near)
    assert len(norms) == 5
    assert calibrated.norms == pytest.approx({name: float(norm) for name, norm in norms.items()}, rel=1e-5)
    assert {name: scale for name, scale in calibrated.scales.items() if name in norms} == pytest.approx(
        {name: float(norms["content"]) / float(norm) for name, norm in norms.items() if name != "content"}, rel=1e-4
    )


def test_scales_that_stand_are_multiplied_and_a_second_calibration_moves_none() -> None:
    calibrated = network(FEATURES, STYLE_TERM)
    calibrated.rescale({"style/conv1_1": 7.0})
    calibrate(calibrated, CONTENT, torch.Generator().manual_seed(1))
    once = calibrated.scales
    calibrate(calibrated, CONTENT, torch.Generator().manual_seed(1))
    assert calibrated.scales == pytest.approx(once, rel=1e-4)


@pytest.mark.parametrize("slope", [0.0, float("inf"), float("nan")])
def test_a_yardstick_that_measures_nothing_leaves_every_scale_and_names_the_parts(slope: float) -> None:
    broken = Term("content", "broken", lambda image: image.sum() * slope, {PICTURE: 1.0})
    calibrated = network(broken, STYLE_TERM)
    with pytest.warns(UserWarning, match=r"not calibrated.*: style conv1_1, style conv2_1$"):
        calibrate(calibrated, CONTENT, torch.Generator().manual_seed(1))
    assert set(calibrated.scales.values()) == {1.0}


@pytest.mark.parametrize("slope", [0.0, float("inf"), float("nan")])
def test_a_part_that_cannot_be_measured_keeps_its_scale_while_others_get_theirs(slope: float) -> None:
    broken = Term("prior", "broken", lambda image: image.sum() * slope, {PICTURE: 1.0})
    calibrated = network(FEATURES, STYLE_TERM, broken)
    with pytest.warns(UserWarning, match="not calibrated.*: prior$") as warned:
        calibrate(calibrated, CONTENT, torch.Generator().manual_seed(1))
    assert [warning.filename for warning in warned] == [__file__]  # who asked for it
    assert calibrated.scales["prior"] == 1
    assert calibrated.scales["style/conv1_1"] != 1


@pytest.mark.parametrize("slope", [0.0, float("inf"), float("nan")])
@pytest.mark.parametrize("broken_first", [True, False])
def test_of_several_content_terms_one_that_cannot_be_felt_changes_no_scale(slope: float, broken_first: bool) -> None:
    sound = FEATURES._replace(layers={PICTURE: 1.0})
    broken = Term("content", "broken", lambda image: image.sum() * slope, {PICTURE: 1.0})
    balanced = network(*((broken, sound) if broken_first else (sound, broken)))
    balance_yardstick(balanced, CONTENT * 0.9)
    assert set(balanced.scales.values()) == {1.0}


def test_checkpointing_measures_the_same_gradients() -> None:
    plain = network(FEATURES, STYLE_TERM)
    vgg = VGG19(load_weights("vgg19_random", None, 0), "max", "conv2_2", checkpointing=True)
    checkpointed = LossNetwork(vgg, {"style": STYLE, "content": CONTENT}, [FEATURES, STYLE_TERM])
    image = CONTENT * 0.9
    expected = {name: float(norm) for name, norm in gradient_norms(plain, image).items()}
    assert all(norm > 0 for norm in expected.values())
    assert {name: float(norm) for name, norm in gradient_norms(checkpointed, image).items()} == pytest.approx(expected)
