"""Held-out measures: how much of the style and of the content a picture has, by layers that no default loss uses.

All pictures are judged by the same network, the original VGG19 with max pooling in float32, whatever made them.
docs/measures.md says what each one is, which way it points, and what it costs.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from types import MappingProxyType
from typing import NamedTuple

import torch
from torch import Tensor

from stx.measures import distances
from stx.measures.distances import ToTarget
from stx.model.vgg import VGG19, shortest_side
from stx.model.weights import load_weights

STYLE_LAYERS = ("conv1_2", "conv2_2", "conv3_3", "conv4_3")
DEEPEST = STYLE_LAYERS[-1]
PICTURE = "picture"
"""Stands where a layer's name does: the pixels themselves."""


class Measure(NamedTuple):
    distance: Callable[[Tensor], ToTarget]
    layers: tuple[str, ...]
    """The measure is the mean over them."""
    each: bool = False
    """Reported for each layer too, as <name>_<layer>."""


TO_STYLE: Mapping[str, Measure] = MappingProxyType(
    {
        "sliced_wasserstein": Measure(distances.sliced_wasserstein, STYLE_LAYERS, each=True),
        "gram": Measure(distances.relative_gram, STYLE_LAYERS),
        "frechet": Measure(distances.frechet, STYLE_LAYERS),
        "colour": Measure(distances.colour, (PICTURE,)),
    }
)
"""To the style picture, which may have another size."""

TO_CONTENT: Mapping[str, Measure] = MappingProxyType(
    {
        "content": Measure(distances.relative, ("conv4_3",)),
        "content_conv3_3": Measure(distances.relative, ("conv3_3",)),
        "content_conv4_3": Measure(distances.relative, ("conv4_3",)),
        "cfsd": Measure(distances.structure, ("conv3_3",)),
        "ssim": Measure(distances.ssim, (PICTURE,)),
        "pixels": Measure(distances.root_mean_square, (PICTURE,)),
    }
)
"""To the photograph, position by position."""

NOISE = ("noise_luma", "noise_chroma")
"""Of the picture itself, against the larger of both given pictures'."""

CIRCULAR: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "measure/sliced_wasserstein": ("sliced_wasserstein", "channel_histograms"),
        # Gram's distance is an MMD with a second-order polynomial kernel (Li et al. 2017); a Gaussian's G is C + m mᵀ
        "measure/gram": ("gram", "mmd_polynomial", "gaussian"),
        "measure/frechet": ("gaussian",),
        "measure/colour": (),
    }
)
"""The statistics that optimise what a style measure measures, by the names of their functions."""


def circular(
    measure: str, statistics: Collection[str], style_layers: Collection[str], content_layers: Collection[str]
) -> bool:
    """Whether `measure` ("measure/...") judges a picture by what it was optimised for.

    A style measure does where a statistic of its kind was optimised at any layer, since neighbouring layers are
    correlated; a content measure where its own layer was among `content_layers`; noise never does. Raises KeyError
    for no measure.
    """
    name = measure.removeprefix("measure/")
    if name in NOISE:
        return False
    if name in TO_CONTENT:
        return not set(TO_CONTENT[name].layers).isdisjoint(content_layers)
    alike = CIRCULAR[measure.partition("_conv")[0]]
    return bool(style_layers) and not set(alike).isdisjoint(statistics)


class Judge(NamedTuple):
    """Judges pictures against one photograph and one style picture. Empty where those are too small for DEEPEST."""

    baselines: dict[str, float]
    """"baseline/<name>": the same measures of pictures as they are. To the style, of the photograph: a picture without
    the style. To the content, of the style picture, where it has the photograph's size."""
    judge: Callable[[Tensor], dict[str, float]]
    """Picture (3, H, W), RGB in [0, 1], of the photograph's size -> "measure/<name>"."""


def measurer(content: Tensor, style: Tensor) -> Judge:
    """What depends on both pictures alone, computed once. They are (3, H, W), RGB in [0, 1], of any sizes."""
    if content.device.type == "mps":  # which has no float64
        content, style = content.cpu(), style.cpu()
    if min(*content.shape[1:], *style.shape[1:]) < shortest_side(DEEPEST):
        return Judge({}, lambda picture: {})
    vgg = VGG19(load_weights("vgg19", None, 0), "max", DEEPEST).to(content.device)
    without = () if min(content.shape[1:]) >= distances.SSIM_WINDOW else ("ssim",)
    to_content = {name: measure for name, measure in TO_CONTENT.items() if name not in without}
    targets: dict[str, dict[str, ToTarget]] = {}
    baselines: dict[str, dict[str, Tensor]] = {}

    def seen(picture: Tensor) -> Iterator[tuple[str, Tensor]]:
        """A layer at a time: all of a large picture's features together would not fit where its run does."""
        yield PICTURE, picture
        yield from vgg.stream(picture, STYLE_LAYERS)

    with torch.no_grad():
        paintings = {}
        for layer, painting in seen(style):
            targets[layer] = aimed(TO_STYLE, layer, painting)
            if any(layer in measure.layers for measure in to_content.values()):
                paintings[layer] = painting
        for layer, photograph in seen(content):
            contents = aimed(to_content, layer, photograph)
            baselines[layer] = {name: distance(photograph) for name, distance in targets[layer].items()}
            if content.shape == style.shape:
                baselines[layer] |= {name: distance(paintings[layer]) for name, distance in contents.items()}
            targets[layer] |= contents
        noise = distances.noise(style, content)

    def judge(picture: Tensor) -> dict[str, float]:
        picture = picture.to(content.device)
        with torch.no_grad():
            distances_of = {
                layer: {name: distance(features) for name, distance in targets[layer].items()}
                for layer, features in seen(picture)
            }
            fine = dict(zip(NOISE, noise(picture), strict=True))
        return on_host("measure", over_layers(distances_of) | fine)

    return Judge(on_host("baseline", over_layers(baselines)), judge)


def aimed(measures: Mapping[str, Measure], layer: str, target: Tensor) -> dict[str, ToTarget]:
    """Those of the measures that look at a layer, with the target's features there."""
    return {name: measure.distance(target) for name, measure in measures.items() if layer in measure.layers}


def over_layers(measured: Mapping[str, Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """Measures by name, from their distances by layer and name: the mean, and where asked each layer's."""
    means = {}
    for name, measure in {**TO_STYLE, **TO_CONTENT}.items():
        by_layer = {f"{name}_{layer}": measured[layer][name] for layer in measure.layers if name in measured[layer]}
        if by_layer:
            means[name] = torch.stack(list(by_layer.values())).mean()
            means |= by_layer if measure.each else {}
    return means


def on_host(kind: str, scalars: Mapping[str, Tensor]) -> dict[str, float]:
    """All scalars in one transfer, as "<kind>/<name>"."""
    names = [f"{kind}/{name}" for name in scalars]
    return dict(zip(names, torch.stack([value.double() for value in scalars.values()]).tolist(), strict=True))


def measures(picture: Tensor, content: Tensor, style: Tensor) -> dict[str, float]:
    """One picture's measures and their baselines; to judge many against the same two, keep a `measurer`."""
    judge = measurer(content, style)
    return {**judge.judge(picture), **judge.baselines}
