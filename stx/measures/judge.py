"""Held-out measures: how much of the style and of the content a picture has, by layers that no default loss uses.

All pictures are judged by the same networks, whatever made them: the original VGG19 with max pooling in float32 and, if
`stx[judge]` is installed, a second network, in which nothing is ever optimised.
docs/measures.md says what each measure is, whether more or less is better, and what it costs.
"""

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from stx.config.layers import BLOCKS, LAYERS
from stx.measures.catalogue import Measure, catalogue, toward
from stx.measures.distances import ToTarget
from stx.measures.lite0 import Lite0, lite0
from stx.model.terms import PICTURE
from stx.model.vgg import VGG19, shortest_side
from stx.model.weights import load_weights

DEEPEST = "conv4_3"
"""Pictures too small for this layer are not judged. No measure looks at a deeper layer."""
KEPT: dict[str, dict[str, float]] = {}
"""Baselines by the digest of their two pictures. They take a quarter of the time to make a judge, and the runs of a
batch have few pairs of pictures."""
LAST: dict[str, "Judge"] = {}
"""The judge that was made last, by the same digest: the next run of a sweep mostly has the same two pictures."""
LARGEST_KEPT = 2**19
"""Pixels of the photograph up to which a judge is kept: it holds some hundred bytes per pixel."""


def circular(
    measure: str, fixed: Collection[str], style_layers: Collection[str], content_layers: Collection[str]
) -> Literal["wholly", "partly", "no"]:
    """Whether `measure` ("measure/...") judges a picture by what its loss has `fixed` in it (`stx.stats.fixed`).

    It does not matter at which layers, since neighbouring layers are correlated. "partly": only some of what the
    measure is made of was fixed. A measure to the content is also wholly circular if one of its own layers is among
    `content_layers`. Raises KeyError if there is no such measure.
    """
    name = measure.removeprefix("measure/")
    spec = {
        each: listed.spec
        for key, listed in catalogue().items()
        for each in (*listed.names(key), *by_layer(key, listed))
    }[name]
    if spec.to == "content" and not set(spec.layers).isdisjoint(content_layers):
        return "wholly"
    of = set(spec.of) - {"features"}  # compared position by position: those of another layer have not been fixed
    if not {"style": style_layers, "content": content_layers, "both": ()}[spec.to] or of.isdisjoint(fixed):
        return "no"
    return "wholly" if of <= set(fixed) else "partly"


class Judge(NamedTuple):
    """Judges pictures against one photograph and one style picture. Empty if those are too small for DEEPEST."""

    baselines: dict[str, float]
    """The same measures of the given pictures, as "baseline/<name>". To the style: of the photograph, a picture without
    the style. To the content: of the style picture, if it has the photograph's size. Empty without a photograph."""
    judge: Callable[[Tensor], dict[str, float]]
    """Picture (3, H, W), RGB in [0, 1], of the photograph's size -> "measure/<name>"."""


def measurer(content: Tensor | None, style: Tensor, shortest: int | None = None) -> Judge:
    """A judge that computes what depends on its two pictures only once.

    They are (3, H, W), RGB in [0, 1], of any sizes.

    Without a photograph there are no measures to the content; `shortest` is then the shorter side of the pictures to be
    judged, or else that of the style picture.

    Baselines that this process has measured before are reused; for the same pair as in the last call, unless it is
    large, so is the whole judge.
    """
    shortest = min(content.shape[1:]) if content is not None else shortest or min(style.shape[1:])
    pair = digest(*([] if content is None else [content]), style) + f" {shortest}"
    if pair not in LAST:
        LAST.clear()  # before the next one is made, so that memory never holds two
        judge = aim(content, style, pair, shortest)
        if (style if content is None else content)[0].numel() > LARGEST_KEPT:
            return judge
        LAST[pair] = judge
    return Judge(dict(KEPT.get(pair, {})), LAST[pair].judge)  # a copy of the numbers, which the caller may change


def mixed(
    content: Tensor | None, styles: Sequence[Tensor], shares: Sequence[float], shortest: int | None = None
) -> Judge:
    """A judge with several style pictures: every measure is the mean, by `shares`, of those against each of them."""
    judges = [measurer(content, style, shortest) for style in styles]

    def mean(measured: Sequence[Mapping[str, float]]) -> dict[str, float]:
        common = [name for name in measured[0] if all(name in each for each in measured)]
        return {name: sum(share * each[name] for share, each in zip(shares, measured, strict=True)) for name in common}

    if len(judges) == 1:
        return judges[0]
    return Judge(
        mean([each.baselines for each in judges]), lambda picture: mean([each.judge(picture) for each in judges])
    )


def aim(content: Tensor | None, style: Tensor, pair: str, shortest: int) -> Judge:
    """Make a judge, with baselines that have been measured before. `pair` is the digest of both pictures."""
    if style.device.type == "mps":  # no float64 there
        content, style = None if content is None else content.cpu(), style.cpu()
    if min(shortest, *style.shape[1:]) < shortest_side(DEEPEST):
        return Judge({}, lambda picture: {})
    networks = [(each, names) for each, names in judges(style.device) if each is not None]
    present = {PICTURE, *(name for _, names in networks for name in names)}
    to_style, to_content, of_both = (measurable(picture, shortest, present) for picture in ("style", "content", "both"))
    layers = {layer for measure in catalogue().values() for layer in measure.spec.layers}
    targets: dict[str, dict[str, ToTarget]] = {}
    baselines: dict[str, dict[str, Tensor]] = {}

    def seen(picture: Tensor) -> Iterator[tuple[str, Tensor]]:
        """Yield one layer at a time: all features of a large picture together may not fit into memory."""
        yield PICTURE, picture
        for each, names in networks:
            yield from each.stream(picture, layers.intersection(names))

    with torch.no_grad():
        paintings = {}
        for layer, painting in seen(style):
            targets[layer] = aimed(to_style, layer, painting)
            if any(layer in measure.spec.layers for measure in (to_content | of_both).values()):
                paintings[layer] = painting
        for layer, photograph in seen(content) if content is not None else ():
            contents = aimed(to_content, layer, photograph)
            if pair not in KEPT:
                baselines[layer] = {name: distance(photograph) for name, distance in targets[layer].items()}
                if content is not None and content.shape == style.shape:
                    baselines[layer] |= {name: distance(paintings[layer]) for name, distance in contents.items()}
            targets[layer] |= contents | aimed(of_both, layer, paintings.get(layer), photograph)
        for layer, painting in paintings.items() if content is None else ():
            targets[layer] |= aimed(of_both, layer, painting, None)

    def judge(picture: Tensor) -> dict[str, float]:
        picture = picture.to(style.device)
        with torch.no_grad():
            distances_of = {
                layer: {name: distance(features) for name, distance in targets[layer].items()}
                for layer, features in seen(picture)
            }
        return on_host("measure", over_layers(distances_of))

    if pair not in KEPT:
        KEPT[pair] = on_host("baseline", over_layers(baselines))
    return Judge(dict(KEPT[pair]), judge)


def measurable(toward_picture: str, shortest: int, layers: Collection[str]) -> dict[str, Measure]:
    """The measures toward "style", "content" or "both" that a shorter side of `shortest` pixels and `layers` allow."""
    return {
        name: measure
        for name, measure in toward(toward_picture).items()
        if measure.spec.smallest <= shortest and set(measure.spec.layers) <= set(layers)
    }


@lru_cache(1)
def network(device: torch.device) -> VGG19:
    return VGG19(load_weights("vgg19", None, 0), "max", DEEPEST).to(device)


def judges(device: torch.device) -> list[tuple[VGG19 | Lite0 | None, Sequence[str]]]:
    """The networks with the names of their layers; None for a network whose extra is not installed."""
    return [(network(device), list(LAYERS)), (lite0(device), BLOCKS)]


def digest(*pictures: Tensor) -> str:
    total = hashlib.sha256()
    for picture in pictures:
        total.update(f"{picture.device.type} {tuple(picture.shape)}".encode())
        total.update(picture.detach().cpu().contiguous().numpy().tobytes())
    return total.hexdigest()


def aimed(measures: Mapping[str, Measure], layer: str, *targets: Tensor | None) -> dict[str, ToTarget]:
    """The distances of all measures that look at a layer, to the targets' features there."""
    return {name: measure.distance(*targets) for name, measure in measures.items() if layer in measure.spec.layers}


def by_layer(name: str, measure: Measure) -> dict[str, str]:
    """The names of a measure at its layers, with the layer of each; empty if it is not reported layer by layer."""
    return {f"{name}_{layer}": layer for layer in measure.spec.layers} if measure.spec.each else {}


def over_layers(measured: Mapping[str, Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """Measures by name, from distances by layer and name: the mean over layers and, if reported, each layer's value."""
    means: dict[str, Tensor] = {}
    for name, measure in catalogue().items():
        distances = [measured[layer][name] for layer in measure.spec.layers if name in measured.get(layer, {})]
        if distances:
            mean = torch.stack(distances).mean(0)
            means |= zip(measure.names(name), mean.flatten(), strict=True)
            means |= zip(by_layer(name, measure), distances, strict=False)
    return means


def on_host(kind: str, scalars: Mapping[str, Tensor]) -> dict[str, float]:
    """Move all scalars to the host in one transfer, as "<kind>/<name>"."""
    if not scalars:
        return {}
    names = [f"{kind}/{name}" for name in scalars]
    return dict(zip(names, torch.stack([value.double() for value in scalars.values()]).tolist(), strict=True))


def measures(picture: Tensor, content: Tensor, style: Tensor) -> dict[str, float]:
    """One picture's measures and their baselines; to judge many pictures against the same two, keep a `measurer`."""
    judge = measurer(content, style)
    return {**judge.judge(picture), **judge.baselines}
