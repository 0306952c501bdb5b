"""The temporal term: what it pulls at, by loops; and that it goes along with every statistic."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from stx.config.compose import composition
from stx.config.schema import CONF, Config
from stx.errors import UserError
from stx.loop.levels import levels
from stx.model.prepare import loss_network, prepare
from stx.pictures import masks
from stx.pictures.images import to_tensor
from stx.runs.digest import digest, settings
from stx.runs.recipe import recipe

SIZE = (48, 32)
HELD = ("temporal=moved", "temporal.picture=moved.png", "temporal.mask=mask.png")
STATISTICS = sorted(path.stem for path in (CONF / "style_stat").glob("*.yaml"))


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (32, 48, 3), np.uint8)).save("moved.png")
    mask = np.zeros((32, 48), np.uint8)
    mask[:, :30], mask[5, 5] = 255, 128
    Image.fromarray(mask).save("mask.png")
    Image.new("L", SIZE).save("black.png")
    Image.new("L", (32, 48), "white").save("upright.png")


def config(*overrides: str) -> Config:
    small = ["model=vgg19_random", "image_size.width=48", "image_size.height=32", "tracking=none", "device=cpu",
             "loss_weights.style_layers=[conv1_1,conv2_1]", "loss_weights.content_layers=[conv2_1]",
             "style_size=same"]  # fmt: skip
    return composition([*small, *overrides]).config


@pytest.mark.parametrize("brightest", [255, 128])
def test_it_is_the_mean_square_at_what_the_mask_shows(brightest: int) -> None:
    shown = Image.open("mask.png").point(lambda value: value * brightest // 255)
    shown.save("mask.png")
    asked = config(*HELD, "loss_weights.calibrate=none")
    network = loss_network(asked, prepare(asked))
    picture = torch.rand(3, 32, 48, generator=torch.Generator().manual_seed(1))
    moved, mask = to_tensor(Image.open("moved.png"), SIZE), np.asarray(shown) / 255
    total = sum(
        mask[row, column] / mask.max() * float(picture[channel, row, column] - moved[channel, row, column]) ** 2
        for channel in range(3)
        for row in range(32)
        for column in range(48)
    )
    area = mask.mean()
    assert float(network(picture).groups["temporal"]) == pytest.approx(total / (3 * 32 * 48) * area**0.5, rel=1e-5)


def test_what_is_black_in_the_mask_is_not_pulled_at() -> None:
    asked = config(*HELD)
    network = loss_network(asked, prepare(asked))
    picture = torch.rand(3, 32, 48, generator=torch.Generator().manual_seed(1)).requires_grad_()
    (gradient,) = torch.autograd.grad(network(picture).groups["temporal"], picture)
    assert float(gradient[:, :, 30:].abs().max()) == 0
    assert float(gradient[:, :, :30].abs().min()) > 0


@pytest.mark.parametrize("statistic", STATISTICS)
def test_it_goes_along_with_every_statistic(statistic: str) -> None:
    asked = config(*HELD, f"style_stat={statistic}")
    network = loss_network(asked, prepare(asked))
    assert "temporal/picture" in network.scales
    losses = network(torch.rand(3, 32, 48, generator=torch.Generator().manual_seed(1)))
    assert torch.isfinite(losses.total)
    assert float(losses.groups["temporal"]) > 0


def test_it_goes_along_with_levels_colours_and_transparent_photographs() -> None:
    rgba = np.random.default_rng(3).integers(0, 256, (64, 96, 4), np.uint8)
    rgba[..., 3] = 255
    rgba[:, 80:, 3] = 0
    Image.fromarray(rgba).save("glass.png")
    asked = config(*HELD, "optim.pyramid=[1]", "optim.steps=3", "colour=luminance", "content=glass.png")
    mask = torch.tensor(np.asarray(Image.open("mask.png"))) / 255
    coarse, whole = (level.inputs for level in levels(asked, prepare(asked)))
    for inputs, shape in ((coarse, (3, 16, 24)), (whole, (3, 32, 48))):
        toward = inputs.others["moved"]
        assert toward.shape == inputs.content.shape == shape
        network = loss_network(asked, inputs)
        ground = masks.at_size(mask.sqrt(), shape[1:]).square()
        apart = (inputs.initial - toward).square() * ground / ground.max()
        scale = network.scales["temporal/picture"]
        expected = scale * float(apart.mean()) * float(mask.mean()) ** 0.5
        assert float(network(inputs.initial).groups["temporal"]) == pytest.approx(expected, rel=1e-3)
        assert float(network(toward).groups["temporal"]) == pytest.approx(0, abs=1e-6 * scale)


def test_what_it_is_toward_is_grey_where_the_loop_s_pictures_are() -> None:
    toward = prepare(config(*HELD, "colour=luminance")).others["moved"]
    red, green, blue = to_tensor(Image.open("moved.png"), SIZE)
    assert torch.allclose(toward, (0.299 * red + 0.587 * green + 0.114 * blue).expand(3, -1, -1), atol=1e-6)
    assert torch.equal(prepare(config(*HELD)).others["moved"], to_tensor(Image.open("moved.png"), SIZE))


def test_its_pictures_and_weight_count_and_no_older_run_has_another_digest() -> None:
    def key(*overrides: str) -> tuple[str, str]:
        asked = config(*overrides)
        inputs = prepare(asked)
        return digest(asked, inputs), recipe(asked, inputs)

    plain, held = key(), key(*HELD)
    assert not [name for name in settings(config()) if name.startswith("temporal")]
    assert len({plain, held, key(*HELD, "temporal.weight=9"), key(*HELD[:2])}) == 4
    Image.new("RGB", SIZE).save("moved.png")
    assert set(key(*HELD)).isdisjoint(held)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (("temporal.mask=black.png",), "all of it is black"),
        (
            ("temporal.mask=upright.png",),
            "32 x 48 pixels do not fit a picture of 48 x 32; it is laid over the result",
        ),
        (("temporal.picture=upright.png",), "it is laid over the result"),
        (("temporal.picture=none.png",), "no picture 'none.png'"),
    ],
)
def test_what_does_not_lie_on_the_result_is_refused(overrides: tuple[str, ...], message: str) -> None:
    with pytest.raises(UserError, match=message):
        prepare(config(*HELD, *overrides))
