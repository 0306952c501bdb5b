"""The second judge knows what is on a picture, so its weights, its layers and its preprocessing belong together."""

import pytest
import torch
from torch import Tensor
from torch.nn.functional import conv2d

from stx.measures import lite0 as module
from stx.measures.lite0 import Lite0, lite0, same
from stx.pictures.bundled import open_picture
from stx.pictures.images import to_tensor

CATS = {281, 282, 285}
"""Tabby, tiger and Egyptian cat, of ImageNet's classes."""


@pytest.fixture(scope="module")
def judge() -> Lite0:
    network = lite0(torch.device("cpu"))
    assert network is not None
    return network


def middle(name: str) -> Tensor:
    """224 x 224 pixels, as the network was trained on."""
    picture = open_picture(name).convert("RGB")
    scale = 256 / min(picture.size)
    picture = picture.resize((round(picture.width * scale), round(picture.height * scale)))
    left, top = (picture.width - 224) // 2, (picture.height - 224) // 2
    return to_tensor(picture.crop((left, top, left + 224, top + 224)), (224, 224))


@pytest.mark.parametrize(
    ("name", "classes"),
    [("chelsea", CATS), ("coffee", {967}), ("rocket", {657}), ("flower", {985}), ("china", {698})],
    ids=["cat", "espresso", "missile", "daisy", "palace"],
)
def test_it_recognises_bundled_photographs(judge: Lite0, name: str, classes: set[int]) -> None:
    assert int(judge(middle(name)).argmax()) in classes


def test_its_layers_have_the_papers_sizes(judge: Lite0) -> None:
    layers = ["block0", "block2", "block4", "block10", "block14", "block15"]
    shapes = {name: tuple(maps.shape) for name, maps in judge.stream(torch.rand(3, 96, 65), layers)}
    assert shapes == {
        "block0": (16, 48, 33), "block2": (24, 24, 17), "block4": (40, 12, 9), "block10": (112, 6, 5),
        "block14": (192, 3, 3), "block15": (320, 3, 3),
    }  # fmt: skip
    assert [name for name, _ in judge.stream(torch.rand(3, 40, 40), ["block4", "block0"])] == ["block0", "block4"]
    assert list(judge.stream(torch.rand(3, 40, 40), [])) == []


@pytest.mark.parametrize(("size", "kernel", "stride"), [(7, 3, 2), (8, 3, 2), (9, 5, 2), (8, 5, 1)])
def test_zeros_at_the_edges_are_as_tensorflow_puts_them(size: int, kernel: int, stride: int) -> None:
    """Position i sees from i * stride less half of what is missing, rounded down, as its documentation says."""
    row = torch.arange(1.0, size + 1)
    outputs = -(-size // stride)
    before = max(0, (outputs - 1) * stride + kernel - size) // 2
    sums = [
        sum(
            float(row[place]) for place in range(i * stride - before, i * stride - before + kernel) if 0 <= place < size
        )
        for i in range(outputs)
    ]
    padded = same(row.view(1, 1, 1, -1).expand(1, 1, kernel, -1), kernel, stride)
    middle_row = conv2d(padded, torch.ones(1, 1, 1, kernel), stride=stride)[0, 0]
    assert middle_row[middle_row.shape[0] // 2].tolist() == sums


def test_without_the_extra_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PACKAGE", "no_such_package")
    lite0.cache_clear()
    assert lite0(torch.device("cpu")) is None
    lite0.cache_clear()
