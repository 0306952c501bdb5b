"""Pictures at their working sizes, every start, and a network as the config says."""

from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image

from stx.config.compose import composition
from stx.config.schema import Config
from stx.errors import UserError
from stx.model.asked import terms
from stx.model.prepare import loss_network, prepare
from stx.model.working_size import deepest_layer
from stx.pictures.sizes import with_area


def config(*overrides: str) -> Config:
    small = ["model=vgg19_random", "image_size.width=48", "image_size.height=32"]
    return composition([*small, *overrides]).config


def test_both_pictures_have_the_size_of_the_config() -> None:
    inputs = prepare(config("style_size=same"))
    assert inputs.content.shape == inputs.style.shape == inputs.initial.shape == (3, 32, 48)


@pytest.mark.parametrize("scale", [0.5, 1, 1.5])
def test_a_scale_makes_the_painting_as_much_larger_and_the_photograph_not(scale: float) -> None:
    inputs = prepare(config("style=hubble", "style_size=own", f"style_scale={scale}"))
    height, width = inputs.style.shape[1:]
    plain = prepare(config("style=hubble", "style_size=own"))
    assert inputs.content.shape == plain.content.shape
    assert height / plain.style.shape[1] == pytest.approx(scale, rel=0.05)
    assert width / plain.style.shape[2] == pytest.approx(scale, rel=0.05)
    assert inputs.memory == plain.memory  # it is passed through the network once, without a gradient


def test_a_painting_that_is_larger_by_far_is_what_memory_is_for() -> None:
    plain, large = (prepare(config("style_size=own", f"style_scale={scale}")).memory for scale in (1, 12))
    assert large > plain


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
    assert (inputs.painting is not None) == (same_as == "style")


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
    assert deepest_layer(terms(shallow)) == "conv3_2"
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


@pytest.mark.parametrize(
    ("overrides", "shape"),
    [
        (["style=hubble", "style_stat=gram"], (3, 37, 42)),
        (["style=hubble", "style_stat=cooc_tensor"], (3, 32, 48)),  # of positions
        (["style=ribbon.png", "style_stat=gram"], (3, 32, 48)),  # as large as that it would be 9 pixels high
        (["style=edge.png", "style_stat=gram"], (3, 16, 96)),  # just high enough
        (["style=ribbon.png", "style_size=own", "loss_weights.style_layers=[conv4_1]"], (3, 9, 175)),
    ],
)
def test_a_painting_keeps_its_proportions_where_statistic_and_network_allow_it(
    overrides: list[str], shape: tuple[int, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", (400, 20)).save("ribbon.png")
    Image.new("RGB", (192, 32)).save("edge.png")
    assert prepare(config("style_size=auto", *overrides)).style.shape == shape


@pytest.mark.parametrize(
    ("size", "overrides", "message"),
    [
        ((16, 400), [], None),
        ((400, 15), [], r"content=photo\.png: 400 x 15 pixels are too few for conv5_1, which needs 16"),
        ((64, 64), ["image_size.height=15"], "image_size: 48 x 15 pixels are too few"),
        ((64, 64), ["padding=reflect"], None),
        (
            (64, 64),
            ["padding=reflect", "image_size.height=31"],
            "48 x 31 pixels are too few for conv5_1, which needs 32 on the shorter side with padding=reflect",
        ),
        ((64, 64), ["padding=reflect", "optim.pyramid=[1]"], "reduced 2 times by optim.pyramid, are too few"),
        ((64, 64), ["padding=reflect_first", "image_size.height=16"], None),
        ((64, 64), ["optim.pyramid=[1,1]"], r"48 x 32 pixels, reduced 4 times by optim\.pyramid, are too few"),
    ],
)
def test_a_picture_must_leave_the_deepest_layer_a_position_at_every_level(
    size: tuple[int, int], overrides: list[str], message: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Image.new("RGB", size).save("photo.png")
    asked = config("content=photo.png", *overrides)
    if message is None:
        assert prepare(asked).content.shape == (3, asked.image_size.height, 48)
        return
    with pytest.raises(UserError, match=message):
        prepare(asked)


def test_grey_is_what_the_network_takes_for_zero() -> None:
    inputs = prepare(config("init=grey"))
    vgg = loss_network(config("init=grey"), inputs).vgg
    normalised = (inputs.initial.index_select(0, vgg.order) - vgg.mean) / vgg.std
    assert normalised.abs().max() < 1e-4
    noisy = prepare(config("init=grey", "init.noise=0.01")).initial - inputs.initial
    assert 0.008 < float(noisy.std()) < 0.012


@pytest.mark.parametrize("scale", [1, 0.75])
def test_a_painting_may_be_as_long_as_the_photograph(scale: float) -> None:
    inputs = prepare(config("style=hubble", "style_size=long_side", f"style_scale={scale}"))
    assert max(inputs.style.shape[1:]) == 48 * scale
    height, width = inputs.style.shape[1:]
    assert width / height == pytest.approx(1000 / 872, rel=0.03)


def test_a_start_that_does_not_keep_its_proportions_is_said(tmp_path: Path) -> None:
    Image.new("RGB", (30, 60)).save(tmp_path / "tall.png")
    Image.new("RGB", (96, 64)).save(tmp_path / "wide.png")
    for name, squashed in (("tall.png", True), ("wide.png", False)):
        inputs = prepare(config("init=picture", f"init.path={tmp_path / name}"))
        assert ("start" in inputs.squashed) == squashed
    assert "start" not in prepare(config()).squashed
