"""Held-out measures: what is measured against what, under which name."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from stx import stats
from stx.config.layers import BLOCKS, LAYERS
from stx.measures import judge as module
from stx.measures.catalogue import catalogue, toward
from stx.measures.distances import ToTarget
from stx.measures.judge import DEEPEST, circular, measurer, measures, mixed
from stx.stats.fixed import fixed_by

STYLE_LAYERS = catalogue()["sliced_wasserstein"].spec.layers
TO_STYLE, TO_CONTENT = set(toward("style")), set(toward("content"))
NOISE = ("noise_luma", "noise_chroma")
STYLE_MEASURES = {*TO_STYLE, *(f"sliced_wasserstein_{layer}" for layer in STYLE_LAYERS)}


def picture(seed: int, height: int = 48, width: int = 64) -> Tensor:
    return torch.rand(3, height, width, generator=torch.Generator().manual_seed(seed))


def test_untouched_pictures_score_as_their_names_say() -> None:
    content, style = picture(0) * 0.5, picture(1)
    photograph = measures(content, content, style)
    assert photograph["measure/ssim"] == pytest.approx(1)
    assert all(photograph[f"measure/{name}"] == pytest.approx(0, abs=1e-6) for name in TO_CONTENT if name != "ssim")
    painting = measures(style, content, style)
    assert all(painting[f"measure/{name}"] == pytest.approx(0, abs=1e-6) for name in STYLE_MEASURES)
    for name in STYLE_MEASURES:
        assert photograph[f"measure/{name}"] == pytest.approx(photograph[f"baseline/{name}"]) != 0
    for name in TO_CONTENT:
        assert painting[f"measure/{name}"] == pytest.approx(painting[f"baseline/{name}"]) != 0
    assert len(photograph) == 2 * len(STYLE_MEASURES | TO_CONTENT) + len(NOISE)
    assert max(photograph[f"measure/{name}"] for name in NOISE) <= 1.0
    assert max(painting[f"measure/{name}"] for name in NOISE) == pytest.approx(1)


def test_a_measure_of_several_layers_is_their_mean() -> None:
    judged = measures(picture(2), picture(0), picture(1))
    layers = [judged[f"measure/sliced_wasserstein_{layer}"] for layer in STYLE_LAYERS]
    assert judged["measure/sliced_wasserstein"] == pytest.approx(sum(layers) / 4)
    assert judged["measure/content"] == judged["measure/content_conv4_3"] != judged["measure/content_conv3_3"]


def test_one_judge_says_the_same_of_a_picture_every_time() -> None:
    content, style = picture(0), picture(1, 40, 72)
    judge = measurer(content, style)
    judge.judge(picture(3))
    again = judge.judge(picture(2).requires_grad_())
    assert again | judge.baselines == measures(picture(2), content, style)
    assert all(name.startswith("measure/") for name in again)
    assert all(name.startswith("baseline/") for name in judge.baselines)


def test_baselines_of_two_pictures_are_measured_once_in_a_process(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, real = list[str](), module.aimed

    def counted(*arguments: Any) -> dict[str, ToTarget]:
        def one(name: str, distance: ToTarget) -> ToTarget:
            def measured(features: Tensor) -> Tensor:
                asked.append(name)
                return distance(features)

            return measured

        return {name: one(name, distance) for name, distance in real(*arguments).items()}

    monkeypatch.setattr(module, "aimed", counted)
    content, style = picture(21), picture(22)
    first = measurer(content, style)
    once, expected = len(asked), dict(first.baselines)
    assert once >= len(expected)
    first.baselines.clear()  # which are the caller's own
    assert measurer(content.clone(), style.clone()).baselines == expected
    assert len(asked) == once
    assert measurer(style, content).baselines != expected
    assert len(asked) == 2 * once


def test_the_judge_of_the_pair_before_is_kept_unless_that_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    content, style = picture(31), picture(32)
    kept = measurer(content, style).judge
    assert measurer(content.clone(), style.clone()).judge is kept
    assert measurer(style, content).judge is not kept
    assert measurer(content, style).judge is not kept
    monkeypatch.setattr(module, "LARGEST_KEPT", 10)
    measurer(style, content)
    assert not module.LAST


def test_a_style_picture_of_another_size_has_no_content_baseline() -> None:
    baselines = measurer(picture(0), picture(1, 40, 40)).baselines
    assert set(baselines) == {f"baseline/{name}" for name in STYLE_MEASURES}


def test_pictures_too_small_for_the_layers_are_not_measured() -> None:
    assert measures(picture(0, 7, 64), picture(0, 7, 64), picture(1)) == {}
    assert measures(picture(0), picture(0), picture(1, 64, 7)) == {}
    assert measures(picture(0), picture(0), picture(1, 7, 64)) == {}
    smallest = measures(picture(0, 8, 64), picture(0, 8, 64), picture(1, 64, 8))
    assert smallest["measure/content"] == 0
    assert smallest["measure/frechet"] > 0


def test_pictures_smaller_than_its_window_have_no_ssim() -> None:
    without = set(measures(picture(2, 10, 64), picture(0, 10, 64), picture(1, 10, 64)))
    with_it = set(measures(picture(2, 11, 64), picture(0, 11, 64), picture(1, 11, 64)))
    assert with_it - without == {"measure/ssim", "baseline/ssim"}


def test_measures_are_of_layers_that_no_default_loss_uses() -> None:
    used = {"conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1", "conv4_2"}
    for measure in catalogue().values():
        assert used.isdisjoint(measure.spec.layers)
        of_vgg = [layer for layer in measure.spec.layers if layer in LAYERS]
        assert all([*LAYERS].index(layer) <= [*LAYERS].index(DEEPEST) for layer in of_vgg)
        assert {*of_vgg, "picture", *BLOCKS}.issuperset(measure.spec.layers)


def test_without_the_extra_there_are_no_measures_of_the_second_judge(monkeypatch: pytest.MonkeyPatch) -> None:
    both = measures(picture(2), picture(0), picture(1))
    monkeypatch.setattr(module, "lite0", lambda device: None)
    module.LAST.clear()
    module.KEPT.clear()
    alone = measures(picture(2), picture(0), picture(1))
    module.LAST.clear()
    module.KEPT.clear()
    assert {name: both[name] for name in alone} == alone
    assert {name.partition("/")[2] for name in both.keys() - alone.keys()} == {
        "lite0_content", "lite0_shape", "lite0_sliced_wasserstein",
    }  # fmt: skip


ALL_STYLE = ("conv1_1", "conv2_1")
CIRCLES = [
    ("measure/gram", ["gram"], ALL_STYLE, ("conv4_2",), "wholly"),
    ("measure/gram", ["gaussian"], ALL_STYLE, (), "wholly"),
    ("measure/gram", ["gram"], (), ("conv4_2",), "no"),
    ("measure/gram", ["mean_std"], ALL_STYLE, (), "no"),
    ("measure/gram", ["channel_histograms"], ALL_STYLE, (), "no"),
    ("measure/frechet", ["gaussian"], ALL_STYLE, (), "wholly"),
    ("measure/frechet", ["gram", "mean_std"], ALL_STYLE, (), "wholly"),
    ("measure/frechet", ["mean_std"], ALL_STYLE, (), "partly"),
    ("measure/frechet", ["gram"], ALL_STYLE, (), "no"),
    ("measure/sliced_wasserstein", ["channel_histograms"], ALL_STYLE, (), "partly"),
    ("measure/sliced_wasserstein", ["mmd_linear"], ALL_STYLE, (), "partly"),
    ("measure/sliced_wasserstein", ["gram"], ALL_STYLE, (), "no"),
    ("measure/sliced_wasserstein_conv3_3", ["sliced_wasserstein"], ALL_STYLE, (), "wholly"),
    ("measure/sliced_wasserstein_conv3_3", ["gram"], ("conv3_3",), (), "no"),
    ("measure/shape", ["mean_std"], ALL_STYLE, (), "no"),
    ("measure/shape", ["gaussian"], ALL_STYLE, (), "partly"),
    ("measure/lite0_sliced_wasserstein", ["sliced_wasserstein"], ALL_STYLE, (), "no"),
    ("measure/colour", ["gram", "gaussian"], ALL_STYLE, (), "no"),
    ("measure/colour", ["palette_emd"], ("picture",), (), "wholly"),
    ("measure/content", ["gram"], ALL_STYLE, ("conv4_2",), "no"),
    ("measure/content", ["features"], ALL_STYLE, ("conv4_2", "conv4_3"), "wholly"),
    ("measure/content", ["features"], ALL_STYLE, ("conv4_2",), "no"),
    ("measure/content_conv3_3", [], (), ("conv3_3",), "wholly"),
    ("measure/content_conv3_3", [], (), ("conv4_3",), "no"),
    ("measure/cfsd", [], (), ("conv3_3",), "wholly"),
    ("measure/cfsd", ["gram", "coarse_self_similarity"], ALL_STYLE, ("conv4_2",), "wholly"),
    ("measure/cfsd", ["gram", "features"], ALL_STYLE, ("conv4_2",), "no"),
    ("measure/noise_luma", ["gram"], ALL_STYLE, ("conv4_2",), "no"),
    ("measure/ssim", ["gram"], ALL_STYLE, tuple(LAYERS), "no"),
]


@pytest.mark.parametrize(("measure", "statistics", "style", "content", "answer"), CIRCLES)
def test_a_measure_of_what_was_fixed_is_circular(
    measure: str, statistics: list[str], style: tuple[str, ...], content: tuple[str, ...], answer: str
) -> None:
    fixed = fixed_by(getattr(stats, name) for name in statistics)
    assert fixed is not None
    assert circular(measure, fixed, style, content) == answer


def test_no_measure_is_circular_for_what_fixes_nothing() -> None:
    for name in STYLE_MEASURES | TO_CONTENT:
        assert circular(f"measure/{name}", [], ALL_STYLE, ()) == "no"
    with pytest.raises(KeyError):
        circular("measure/gramm", [], ALL_STYLE, ())


def test_every_measure_is_explained() -> None:
    page = (Path(__file__).parents[2] / "docs" / "measures.md").read_text(encoding="utf-8")
    for name in {*TO_STYLE, *TO_CONTENT, *NOISE}:
        assert f"`measure/{name}`" in page


def test_against_several_styles_each_measure_is_the_mean_of_those_against_each() -> None:
    generator = torch.Generator().manual_seed(0)
    content, one, other, made = (torch.rand(3, 40, 48, generator=generator) for _ in range(4))
    judge = mixed(content, [one, other], [0.75, 0.25])
    alone = [measures(made, content, style) for style in (one, other)]
    together = {**judge.judge(made), **judge.baselines}
    assert together.keys() == alone[0].keys()
    assert together == {name: pytest.approx(0.75 * alone[0][name] + 0.25 * alone[1][name]) for name in together}
