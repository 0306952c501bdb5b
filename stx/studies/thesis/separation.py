"""What a descriptor can tell apart, before any optimisation."""

import hashlib

import torch

from stx.config.schema import Config
from stx.measures.distances import relative_distance
from stx.model.prepare import Inputs, prepare
from stx.model.vgg import VGG19
from stx.runs.batch import Batch

PREFIX = "calibrated_"
"""The members whose statistics are measured."""


def separation(config: Config, inputs: Inputs) -> dict[str, float]:
    """Relative distance of a config's statistic between the style picture and three others, by "<picture>/<layer>".

    photograph  should be far: another style
    noise       should be far: no style
    mirrored    the style picture itself, left and right exchanged, should be near: the same style in other places
    """
    layers = config.loss_weights.style_layers
    vgg = VGG19(inputs.weights, config.pooling.name, layers[-1]).to(inputs.hardware.device)
    noise = torch.rand(inputs.content.shape, generator=torch.Generator().manual_seed(config.seed))
    others = {
        "photograph": inputs.content,
        "noise": noise.to(inputs.content.device),
        "mirrored": inputs.style.flip(2),
    }
    (term,) = (term for term in inputs.terms if term.toward == "style")
    distances = {}
    with torch.no_grad():
        target = vgg(inputs.style, layers)
        fitted = {layer: term.fit(target[layer]) for layer in layers}
        wanted = {layer: fitted[layer](target[layer]) for layer in layers}
        for name, picture in others.items():
            for layer, features in vgg(picture, layers).items():
                distances[f"{name}/{layer}"] = float(relative_distance(fitted[layer](features), wanted[layer]))
    return distances


def stored(work: Batch) -> dict[str, float]:
    """Every statistic's separation, by "<statistic>/<picture>/<layer>": from the parent run, measured only once."""
    asked = {name: planned for name, planned in work.planned.items() if name.startswith(PREFIX)}
    digests = hashlib.sha256("".join(planned.digest for planned in asked.values()).encode()).hexdigest()
    if asked and work.store.read(work.parent.id).tags.get("stx.separation") != digests:
        measured = {
            f"separation/{name.removeprefix(PREFIX)}/{key}": value
            for name, planned in asked.items()
            for key, value in separation(planned.job.config, prepare(planned.job.config)).items()
        }
        work.store.note(work.parent, measured, {"stx.separation": digests})
    metrics = work.store.read(work.parent.id).latest if asked else {}
    return {key.removeprefix("separation/"): value for key, value in metrics.items() if key.startswith("separation/")}
