"""The balance of a loss before its first step."""

from functools import partial

import pytest
import torch

from stx.errors import UserError
from stx.model.calibration import calibrate, gradient_norms, weighted_gradient_norms
from stx.model.losses import LossNetwork
from stx.model.terms import Term
from stx.model.vgg import VGG19
from stx.model.weights import load_weights
from stx.stats import features, gram, half_sum_of_squares, mean_absolute, positions, self_similarity

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
    parts = calibrated(image).parts
    norms = [
        float(torch.autograd.grad(loss, image, retain_graph=True)[0].norm())
        for part, loss in parts.items()
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
