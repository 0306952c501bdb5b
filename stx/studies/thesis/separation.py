"""What a descriptor can tell apart, before any optimisation."""

import hashlib
from collections.abc import Mapping
from types import MappingProxyType

import torch
from torch import Tensor

from stx.config.schema import Config
from stx.measures.distances import relative_distance
from stx.model.prepare import Inputs, prepare
from stx.model.vgg import VGG19
from stx.pictures import images
from stx.runs.batch import Batch
from stx.runs.files import OUTPUT
from stx.runs.sources import InStore
from stx.runs.tracking.stored import Run
from stx.studies.thesis.plan import STATISTICS

PREFIX = "calibrated_"
"""The members whose statistics are measured."""
RESULTS = ("calibrated_cooc_vector", "why_soft_mask", "calibrated_gram")
"""Runs whose pictures are also measured by the published vector, to see whether it favours those with the style."""


def separation(
    config: Config, inputs: Inputs, results: Mapping[str, Tensor] = MappingProxyType({})
) -> dict[str, float]:
    """Relative distance of a config's statistic between the style picture and others, by "<picture>/<layer>".

    The others are the `results` of runs, and these three:

    photograph  should be far: another style
    noise       should be far: no style
    mirrored    the style picture itself, left and right exchanged, should be near: the same style in other places
    """
    layers = config.loss_weights.style_layers
    vgg = VGG19(
        inputs.weights, config.pooling.name, layers[-1], padding=config.given_padding, rescale=config.pooling.rescale
    ).to(inputs.hardware.device)
    noise = torch.rand(inputs.photograph.shape, generator=torch.Generator().manual_seed(config.seed))
    others = {
        "photograph": inputs.photograph,
        "noise": noise.to(inputs.photograph.device),
        "mirrored": inputs.style.flip(2),
        **results,
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


def measured_of(config: Config, runs: Mapping[str, Run]) -> dict[str, float]:
    inputs, results = prepare(config), dict[str, Tensor]()
    for name, run in runs.items():
        if picture := InStore(run).picture(OUTPUT):
            results[name] = images.to_tensor(picture, picture.size).to(inputs.hardware.device)
    return separation(config, inputs, results)


def stored(work: Batch) -> dict[str, float]:
    """Every statistic's separation, by "<statistic>/<picture>/<layer>".

    It is kept on the parent run, and measured again only if the members or the runs of RESULTS have changed.
    """
    named = {name: f"{PREFIX}{name}" for name in STATISTICS}
    asked = {name: work.planned[member] for name, member in named.items() if member in work.planned}
    runs = {name: run for name in RESULTS if name in work.planned and (run := work.run_of(name))}
    parts = [*(planned.digest for planned in asked.values()), *(run.id for run in runs.values())]
    digests = hashlib.sha256("".join(parts).encode()).hexdigest()
    if asked and work.store.read(work.parent.id).tags.get("stx.separation") != digests:
        measured = {
            f"separation/{name}/{key}": value
            for name, planned in asked.items()
            for key, value in measured_of(planned.job.config, runs if name == "cooc_vector" else {}).items()
        }
        work.store.note(work.parent, measured, {"stx.separation": digests})
    metrics = work.store.read(work.parent.id).latest if asked else {}
    return {key.removeprefix("separation/"): value for key, value in metrics.items() if key.startswith("separation/")}
