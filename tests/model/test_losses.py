"""Losses and gradients against the formulas of Gatys et al. and of the thesis."""

import weakref
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor

from stx import stats
from stx.errors import UserError
from stx.model.calibration import calibrate, gradient_norms, weighted_gradient_norms
from stx.model.losses import Losses, LossNetwork
from stx.model.terms import PICTURE, Term, thesis_factor
from stx.model.vgg import VGG19, Weights
from stx.model.weights import load_weights

Picture = Callable[..., Tensor]
LAYERS = ["conv1_1", "conv2_1"]
GRAM: dict[str, Any] = {"statistic": stats.gram, "distance": stats.quarter_mean_square}


def network(
    vgg: VGG19,
    content: Tensor,
    style: Tensor,
    *,
    terms: dict[str, dict[str, Any]] | None = None,
    content_layers: list[str] | None = None,
    style_weights: tuple[float, float] = (0.5, 0.5),
    alpha: float = 1.0,
    beta: float = 1.0,
    prior: Term | None = None,
) -> LossNetwork:
    asked = terms or {"gram": GRAM}
    layers = dict(zip(LAYERS, style_weights, strict=True))
    kept = dict.fromkeys(["conv1_2"] if content_layers is None else content_layers, 1.0)
    return LossNetwork(
        vgg,
        {"style": style, "content": content},
        [
            Term("content", "features", stats.features, kept, alpha, "content", stats.half_sum_of_squares),
            *(
                Term("style", name, layers=layers, weight=beta, toward="style", prefix="", **how)
                for name, how in asked.items()
            ),
            *([prior] if prior else []),
        ],
    )


def style_of(losses: Losses, layer: str) -> Tensor:
    return losses.layers["style", layer]


def magnitude(losses: Losses, layer: str) -> Tensor:
    return next(value for part, value in losses.magnitudes.items() if part.key == layer)


def features(vgg: VGG19, image: Tensor, layer: str) -> Tensor:
    return vgg(image, [layer])[layer].float().flatten(1)


def test_content_and_style_losses_are_equations_1_4_5_and_7_of_gatys(small_vgg: VGG19, picture: Picture) -> None:
    content, style, image = picture(0), picture(1), picture(2)
    losses = network(small_vgg, content, style, alpha=0.7, beta=11.0, style_weights=(0.3, 0.6))(image)
    f, p = features(small_vgg, image, "conv1_2"), features(small_vgg, content, "conv1_2")
    expected_content = 0.5 * ((f - p) ** 2).sum()
    expected_style = torch.zeros(())
    for weight, layer in zip([0.3, 0.6], LAYERS, strict=True):
        g, a = (m @ m.T for m in (features(small_vgg, image, layer), features(small_vgg, style, layer)))
        n, m = features(small_vgg, image, layer).shape
        expected = ((g - a) ** 2).sum() / (4 * n**2 * m**2)
        torch.testing.assert_close(style_of(losses, layer), expected, rtol=1e-4, atol=0)
        expected_style = expected_style + weight * expected
    torch.testing.assert_close(losses.groups["content"], expected_content, rtol=1e-4, atol=0, check_dtype=False)
    torch.testing.assert_close(losses.groups["style"], expected_style, rtol=1e-4, atol=0, check_dtype=False)
    total = 0.7 * expected_content + 11 * expected_style
    torch.testing.assert_close(losses.total, total, rtol=1e-4, atol=0, check_dtype=False)


def test_the_thesiss_content_gradient_is_autograds() -> None:
    """Section 4.3: dL/dF = F - P where F > 0, else 0; F stands after the ReLU of its argument."""
    generator = torch.Generator().manual_seed(0)
    before = torch.randn(4, 30, generator=generator, dtype=torch.float64, requires_grad=True)
    target = torch.randn(4, 30, generator=generator, dtype=torch.float64).relu()
    after = before.relu()
    (0.5 * (after - target).square().sum()).backward()
    expected = torch.where(before > 0, after - target, 0.0).detach()
    torch.testing.assert_close(before.grad, expected)


def test_the_thesiss_style_gradient_lacks_the_factor_one_over_n2_m2() -> None:
    """Section 4.3 has (F^T (G - A)) where F > 0; autograd of E_l, as Gatys et al. eq. 6, has 1/(N^2 M^2) before it."""
    generator = torch.Generator().manual_seed(0)
    channels, positions = 4, 30
    before = torch.randn(channels, positions, generator=generator, dtype=torch.float64, requires_grad=True)
    target = torch.randn(channels, positions, generator=generator, dtype=torch.float64).relu()
    after = before.relu()
    gram, wanted = after @ after.T, target @ target.T
    ((gram - wanted).square().sum() / (4 * channels**2 * positions**2)).backward()
    printed = torch.where(before > 0, (after.T @ (gram - wanted)).T, 0.0).detach()
    torch.testing.assert_close(before.grad, printed / (channels**2 * positions**2))


def test_the_literal_factor_is_the_thesiss_formula_for_any_statistic(small_vgg: VGG19, picture: Picture) -> None:
    cooc = partial(stats.cooc_vector, radius=2, threshold="mean", window="mean", normalise=False)
    content, style, image = picture(0), picture(1), picture(2)
    losses = network(small_vgg, content, style, terms={"it": {"statistic": cooc, "factor": thesis_factor}})(image)
    for layer in LAYERS:
        ours, theirs = (cooc(small_vgg(x, [layer])[layer].float()) for x in (image, style))
        n, m = features(small_vgg, image, layer).shape
        expected = ((ours - theirs) ** 2).sum() / (4 * n**2 * m**2)
        torch.testing.assert_close(style_of(losses, layer), expected, rtol=1e-4, atol=0)


def test_losses_are_zero_at_their_targets(small_vgg: VGG19, picture: Picture) -> None:
    losses = network(small_vgg, picture(0), picture(0))(picture(0))
    assert [float(losses.total), *map(float, losses.groups.values())] == [0, 0, 0]


def test_calibration_makes_every_layer_pull_as_hard_as_the_content(small_vgg: VGG19, picture: Picture) -> None:
    content = picture(0)
    net = network(small_vgg, content, picture(1))
    calibrate(net, content, torch.Generator().manual_seed(5))
    noise = torch.randn(content.shape, generator=torch.Generator().manual_seed(5))
    assert net.norms["conv2_1"] * net.scales["conv2_1"] == pytest.approx(net.norms["content"], rel=1e-6)
    norms = gradient_norms(net, (content + 0.1 * noise).clamp(0, 1))
    for layer in LAYERS:
        assert float(norms[layer]) == pytest.approx(float(norms["content"]), rel=1e-4)


def test_several_terms_are_each_calibrated_and_count_as_their_mean(small_vgg: VGG19, picture: Picture) -> None:
    content, style, image = picture(0), picture(1), picture(2)
    moments = {"statistic": partial(stats.mean_std, epsilon=1e-5)}
    both = network(small_vgg, content, style, terms={"gram": GRAM, "moments": moments})
    calibrate(both, content, torch.Generator().manual_seed(5))
    alone = {
        "gram": network(small_vgg, content, style),
        "moments": network(small_vgg, content, style, terms={"m": moments}),
    }
    for net in alone.values():
        calibrate(net, content, torch.Generator().manual_seed(5))
    for layer in LAYERS:
        for name, net in alone.items():
            assert both.scales[f"{layer}/{name}"] == pytest.approx(net.scales[layer], rel=1e-5)
        expected = sum(float(style_of(net(image), layer)) for net in alone.values()) / 2
        assert float(style_of(both(image), layer)) == pytest.approx(expected, rel=1e-5)
    norms, single = weighted_gradient_norms(both, image), weighted_gradient_norms(alone["gram"], image)
    assert float(norms["conv1_1/gram"]) == pytest.approx(float(single["conv1_1"]) / 2, rel=1e-5)


def test_a_prior_is_calibrated_like_any_term_and_enters_the_total_by_its_weight(
    small_vgg: VGG19, picture: Picture
) -> None:
    content, image = picture(0), picture(2)
    penalty = partial(stats.total_variation, power=2.0, smoothing=0.01)
    prior = Term("prior", "total_variation", penalty, {PICTURE: 1.0}, 0.1)
    bare, net = (network(small_vgg, content, picture(1), prior=each) for each in (None, prior))
    for each in (bare, net):
        calibrate(each, content, torch.Generator().manual_seed(5))
    assert net.norms["prior"] * net.scales["prior"] == pytest.approx(net.norms["content"], rel=1e-6)
    expected = float(penalty(image)) * net.scales["prior"]
    assert float(net(image).total) == pytest.approx(float(bare(image).total) + 0.1 * expected, rel=1e-6)
    assert float(weighted_gradient_norms(net, content)["prior"]) == pytest.approx(
        0.1 * float(gradient_norms(net, content)["prior"])
    )
    assert "prior" not in bare(image).groups


def test_calibration_reaches_gradients_whose_squares_leave_float32(small_vgg: VGG19, picture: Picture) -> None:
    tiny = network(small_vgg, picture(0), picture(1), terms={"it": {"statistic": lambda maps: 1e-13 * maps.mean()}})
    calibrate(tiny, picture(0), torch.Generator().manual_seed(5))
    assert all(tiny.scales[layer] > 1e20 for layer in LAYERS)


def test_calibration_without_content_follows_the_first_style_layer(small_vgg: VGG19, picture: Picture) -> None:
    net = network(small_vgg, picture(0), picture(1), content_layers=[])
    calibrate(net, picture(0), torch.Generator().manual_seed(5))
    assert net.scales["conv1_1"] == 1
    assert net.scales["conv2_1"] != 1


def test_a_term_without_a_gradient_keeps_its_scale_with_one_warning(small_vgg: VGG19, picture: Picture) -> None:
    blind = network(small_vgg, picture(0), picture(1), terms={"it": {"statistic": lambda maps: 0 * maps.sum()}})
    with pytest.warns(UserWarning, match="not calibrated") as warned:
        calibrate(blind, picture(0), torch.Generator().manual_seed(5))
    assert len(warned) == 1
    assert blind.scales == {"conv1_1": 1, "content/conv1_2": 1, "conv2_1": 1}


def test_gradient_norms_are_those_of_separate_backward_passes(small_vgg: VGG19, picture: Picture) -> None:
    net = network(small_vgg, picture(0), picture(1), alpha=2.0, beta=3.0)
    norms = weighted_gradient_norms(net, picture(2))
    image = picture(2).requires_grad_()
    (2.0 * net(image).groups["content"]).backward()
    assert image.grad is not None
    assert float(norms["content"]) == pytest.approx(float(image.grad.norm()), rel=1e-6)
    image = picture(2).requires_grad_()
    (alone,) = (3.0 * 0.5 * part.scale * d for part, d in net(image).distances.items() if part.key == "conv2_1")
    alone.backward()
    assert image.grad is not None
    assert float(norms["conv2_1"]) == pytest.approx(float(image.grad.norm()), rel=1e-6)


def test_a_positionwise_statistic_refuses_two_sizes_and_gram_does_not(small_vgg: VGG19, picture: Picture) -> None:
    options = {"radius": 1, "threshold": "mean", "window": "mean", "normalise": False}
    with pytest.raises(UserError, match="style_size=same"):
        network(
            small_vgg,
            picture(0),
            picture(1, 30, 20),
            terms={"it": {"statistic": partial(stats.cooc_tensor, **options)}},
        )
    network(small_vgg, picture(0), picture(1, 30, 20))


def test_what_a_statistic_refers_to_is_fitted_once_a_layer_to_the_style_picture(
    small_vgg: VGG19, picture: Picture
) -> None:
    fitted = []

    def reference(maps: Tensor) -> Tensor:
        fitted.append(maps)
        return maps.mean((1, 2))

    def centred(maps: Tensor, *, reference: Tensor) -> Tensor:
        return maps.mean((1, 2)) - reference

    net = network(small_vgg, picture(0), picture(1), terms={"it": {"statistic": centred, "reference": reference}})
    net(picture(2))
    assert len(fitted) == len(LAYERS)
    assert float(net(picture(1)).groups["style"]) == pytest.approx(0, abs=1e-12)


def test_magnitudes_do_not_overflow_where_the_statistic_does_not(small_vgg: VGG19, picture: Picture) -> None:
    huge = network(small_vgg, picture(0), picture(1), terms={"it": {"statistic": lambda maps: 1e26 * maps.mean()}})
    assert torch.isfinite(magnitude(huge(picture(2)), "conv1_1"))


def test_peaks_show_overflown_features_that_a_masked_statistic_hides(small_vgg: VGG19, picture: Picture) -> None:
    image = picture(2)
    image[0, 3, 3] = float("nan")
    net = network(small_vgg, picture(0), picture(1), terms={"it": {"statistic": lambda maps: maps.nan_to_num().mean()}})
    losses = net(image)
    assert torch.isfinite(magnitude(losses, "conv1_1"))
    assert not torch.isfinite(losses.peaks["conv1_1"])


def test_bfloat16_features_give_the_losses_of_float32_within_two_percent(
    caffe_weights: Weights, picture: Picture
) -> None:
    totals = []
    for dtype in (torch.float32, torch.bfloat16):
        vgg = VGG19(caffe_weights, "max", "conv2_1", dtype)
        content, style, image = (picture(seed).float() for seed in range(3))
        losses = network(vgg, content, style)(image)
        assert losses.total.dtype == torch.float32
        totals.append(float(losses.groups["style"]))
    assert totals[1] == pytest.approx(totals[0], rel=0.02)


def test_a_distance_is_from_the_judged_values_to_the_target(small_vgg: VGG19, picture: Picture) -> None:
    def relative(ours: Tensor, target: Tensor) -> Tensor:
        return (ours - target).square().sum() / target.square().sum()

    losses = network(small_vgg, picture(0), picture(1), terms={"it": {"statistic": stats.gram, "distance": relative}})
    ours, target = (stats.gram(small_vgg(picture(seed), ["conv1_1"])["conv1_1"].float()) for seed in (2, 1))
    expected = (ours - target).square().sum() / target.square().sum()
    assert float(style_of(losses(picture(2)), "conv1_1")) == pytest.approx(float(expected), rel=1e-5)


def test_magnitudes_are_root_mean_squares_of_the_judged_values(small_vgg: VGG19, picture: Picture) -> None:
    values = stats.gram(small_vgg(picture(2), ["conv2_1"])["conv2_1"].float())
    losses = network(small_vgg, picture(0), picture(1))(picture(2))
    assert float(magnitude(losses, "conv2_1")) == pytest.approx(float(values.square().mean().sqrt()), rel=1e-5)
    assert all(part.target is not None for part in losses.magnitudes)


def test_of_several_pictures_the_last_one_is_judged_and_sets_the_scale(small_vgg: VGG19, picture: Picture) -> None:
    terms = [
        Term(f"style {toward}", "gram", stats.gram, {"conv1_1": 1.0}, toward=toward, factor=thesis_factor)
        for toward in ("first", "second")
    ]
    pictures = {"first": picture(0, 20, 20), "second": picture(1, 30, 20), "content": picture(2)}
    scales = LossNetwork(small_vgg, pictures, terms).scales
    positions = 24 * 32
    assert [*scales.values()] == pytest.approx([64 * 64 / (4 * (64 * positions) ** 2)] * 2)


def test_a_reference_and_a_target_move_with_their_network(small_vgg: VGG19, picture: Picture) -> None:
    def centred(maps: Tensor, *, reference: Tensor) -> Tensor:
        return maps.mean((1, 2)) - reference

    term = {"statistic": centred, "reference": lambda maps: maps.mean((1, 2))}
    net = network(small_vgg, picture(0), picture(1), terms={"it": term})
    net.parts.half()
    for part in net.every_part:
        assert part.target is not None
        assert part.target.dtype == part.scale.dtype == torch.float16
    (reference, _) = (part.statistic.keywords["reference"] for part in net.every_part if part.term.name == "it")  # type: ignore[attr-defined]
    assert reference.dtype == torch.float16


def test_no_float32_copy_of_bfloat16_features_outlives_its_statistic(picture: Picture) -> None:
    seen = []

    def statistic(maps: Tensor) -> Tensor:
        seen.append(weakref.ref(maps))
        return stats.gram(maps)

    vgg = VGG19(load_weights("vgg19_random", None, 0), "max", "conv2_1", torch.bfloat16)
    content, style, image = (picture(seed).float() for seed in range(3))
    net = network(vgg, content, style, terms={"it": {"statistic": statistic}})
    seen.clear()
    losses = net(image.requires_grad_())
    assert len(seen) == len(LAYERS)
    assert not any(maps() is not None for maps in seen)
    assert losses.total.requires_grad


def of_two(vgg: VGG19, picture: Picture, *terms: Term) -> LossNetwork:
    pictures = {"style": picture(1), "style_2": picture(3, 40, 24), "content": picture(0)}
    kept = Term("content", "features", stats.features, {"conv1_2": 1.0}, 1.0, "content", stats.half_sum_of_squares)
    return LossNetwork(vgg, pictures, [kept, *terms])


GRAM_TERM = Term("style", "gram", stats.gram, {"conv2_1": 1.0}, 5.0, "style", stats.quarter_mean_square)
MIX = {"style": 0.7, "style_2": 0.3}


def test_the_target_of_two_styles_is_the_mean_of_their_gram_matrices(small_vgg: VGG19, picture: Picture) -> None:
    both = of_two(small_vgg, picture, GRAM_TERM._replace(blend=MIX))
    (part,) = (part for part in both.every_part if part.term.group == "style")
    expected = torch.zeros(128, 128)
    for share, style in ((0.7, picture(1)), (0.3, picture(3, 40, 24))):
        flat = features(small_vgg, style, "conv2_1")
        expected += share * torch.stack([(flat[row] * flat).mean(1) for row in range(128)])
    assert part.target is not None
    torch.testing.assert_close(part.target, expected, rtol=1e-4, atol=1e-6)


def test_a_mean_of_targets_and_a_sum_of_losses_pull_alike_where_distances_are_squared(
    small_vgg: VGG19, picture: Picture
) -> None:
    mean = of_two(small_vgg, picture, GRAM_TERM._replace(blend=MIX))
    each = [
        GRAM_TERM._replace(name=f"gram_{name}", toward=name, share=2 * share) for name, share in MIX.items()
    ]  # twice, as E_l is the mean over two terms then
    gradients = []
    for both in (mean, of_two(small_vgg, picture, *each)):
        image = picture(2).requires_grad_()
        both(image).total.backward()
        gradients.append(image.grad)
    torch.testing.assert_close(*gradients, rtol=1e-4, atol=1e-9)


def test_a_term_toward_a_picture_that_is_not_there_is_refused(small_vgg: VGG19, picture: Picture) -> None:
    with pytest.raises(UserError, match="gram: toward style_9, none of style, style_2, content"):
        of_two(small_vgg, picture, GRAM_TERM._replace(blend={"style": 0.5, "style_9": 0.5}))
