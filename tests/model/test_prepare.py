"""Pictures at their working sizes, every start, and a network as the config says."""

from typing import Any

import pytest
import torch

from stx.config.compose import composition
from stx.config.schema import Config
from stx.model.prepare import deepest_layer, loss_network, prepare, with_area


def config(*overrides: str) -> Config:
    small = ["model=vgg19_random", "image_size.width=48", "image_size.height=32"]
    return composition([*small, *overrides]).config


def test_both_pictures_have_the_size_of_the_config() -> None:
    inputs = prepare(config("style_size=same"))
    assert inputs.content.shape == inputs.style.shape == inputs.initial.shape == (3, 32, 48)


def test_own_style_size_keeps_proportions_and_about_as_many_pixels() -> None:
    inputs = prepare(config("style=hubble", "style_size=own"))
    assert inputs.style.shape == (3, 37, 42)  # 1000 x 872 pixels, brought to 48 x 32 of them
    assert with_area((100, 100), 1536) == (39, 39)


@pytest.mark.parametrize(
    ("overrides", "same_as"),
    [(["init=content"], "content"), (["init=style"], "style"), (["init=picture", "init.path=china"], "content")],
)
def test_each_start_is_what_it_says(overrides: list[str], same_as: str) -> None:
    inputs = prepare(config("style_size=same", *overrides))
    assert torch.equal(inputs.initial, getattr(inputs, same_as))


def test_noise_upon_a_start_is_seeded_and_as_large_as_it_says() -> None:
    first, again, other = (prepare(config("init.noise=0.01", f"seed={seed}")) for seed in (0, 0, 1))
    assert torch.equal(first.initial, again.initial)
    assert not torch.equal(first.initial, other.initial)
    assert float((first.initial - first.content).std()) == pytest.approx(0.01, rel=0.1)
    assert 0 <= float(first.initial.min()) <= float(first.initial.max()) <= 1


def test_noise_is_uniform_between_its_bounds_and_seeded() -> None:
    first, again, other = (
        prepare(config("init=noise", "init.low=0.4", "init.high=0.6", f"seed={seed}")).initial for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert 0.4 <= float(first.min()) < 0.41
    assert 0.59 < float(first.max()) <= 0.6


def test_the_network_ends_at_the_deepest_layer_in_use() -> None:
    shallow = config("loss_weights.style_layers=[conv2_1,conv1_1]", "loss_weights.content_layers=[conv3_2]")
    assert deepest_layer(shallow) == "conv3_2"
    assert loss_network(shallow, prepare(shallow)).vgg.layers[-1] == "conv3_2"


@pytest.mark.parametrize(("option", "scaled"), [("calibrated", True), ("thesis", False)])
def test_only_the_calibrated_weights_scale_the_layers(option: str, scaled: bool) -> None:
    chosen = config(f"loss_weights={option}", "style_stat=gram")
    scales = loss_network(chosen, prepare(chosen)).scales
    assert all((scales[layer] != 1) == scaled for layer in chosen.loss_weights.style_layers)


def test_style_weights_are_equal_shares_unless_given() -> None:
    def weights(*overrides: str) -> dict[str, Any]:
        chosen = config(*overrides)
        return dict(next(term.layers for term in prepare(chosen).terms if term.group == "style"))

    assert set(weights().values()) == {0.2}
    assert list(weights("loss_weights.style_weights=[1,2,3,4,5]").values()) == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("empty", ["loss_weights.style_layers=[]", "loss_weights.content_layers=[]"])
def test_a_network_may_have_no_layer_of_one_kind(empty: str) -> None:
    asked = config(empty)
    inputs = prepare(asked)
    losses = loss_network(asked, inputs)(inputs.initial)
    assert losses.groups["style" if "style" in empty else "content"] == 0
