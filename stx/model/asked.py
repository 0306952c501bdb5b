"""The terms that a config asks for."""

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import repeat
from statistics import mean

from torch import Tensor

from stx.config.functions import bind
from stx.config.schema import Config, Moved, Prior, Statistic, Statistics, layers_of
from stx.errors import UserError
from stx.model import temporal
from stx.model.terms import PICTURE, Term, mean_square, thesis_factor
from stx.model.trials import unblendable, unmaskable, wraps
from stx.pictures.masks import NONE, OPAQUE, Regions

Distance = Callable[[Tensor, Tensor], Tensor]


def terms(config: Config, regions: Regions = NONE) -> tuple[Term, ...]:
    """All terms that a config asks for, in the given regions; not tried yet. Raises UserError if options conflict."""
    weights = config.loss_weights
    content: list[Term] = []
    if config.content is not None:
        content = group(config.content_stat, "content", dict.fromkeys(weights.content_layers, 1.0), 1.0, weights.alpha)
    at = layers_of(config.style_stat, weights.style_layers)
    equal = mean(weights.style_weights) if weights.style_weights else 1 / max(len(at), 1)
    shares = dict(zip(weights.style_layers, weights.style_weights or repeat(equal)))  # noqa: B905
    style = group(config.style_stat, "style", shares, equal, weights.beta)
    if weights.factor == "thesis":
        style = [term._replace(factor=thesis_factor) if term.distance is mean_square else term for term in style]
    if unweighed := unmaskable(style) if config.masks.content else []:
        what = f"{', '.join(unweighed)} take{'s' if len(unweighed) == 1 else ''}"
        raise UserError(f"masks: {what} no weights of positions; docs/masks.md lists the statistics that do")
    style = expanded(style, config, NONE if unmaskable(style) else regions)
    if OPAQUE in regions.guides.get("content", {}) and not unmaskable(content):
        content = [term._replace(region=OPAQUE) for term in content]
    alone = [prior(config.prior)] if isinstance(config.prior, Prior) else []
    held = [temporal.term(config.temporal, regions)] if isinstance(config.temporal, Moved) else []
    every = (*content, *style, *alone, *held)
    return tuple(term._replace(wraps=True) if config.tile and wraps(term) else term for term in every)


def expanded(style: Sequence[Term], config: Config, regions: Regions) -> list[Term]:
    """The style terms, in each region, toward each style picture. Raises UserError as `in_regions` does.

    E_l is the mean over the terms at a layer. As there are now several times as many terms, their shares are multiplied
    by that number.
    """
    terms = in_regions(style, config, regions)
    return [term._replace(share=term.share * len(terms) / len(style)) for term in terms]


def in_regions(style: Sequence[Term], config: Config, regions: Regions) -> list[Term]:
    """The style terms in each region, toward the style pictures that have it.

    A region's share is the square root of its part of the area. If all losses are calibrated, the pull at a pixel is
    then the same in all regions, and the pull of all regions together is what it would be without masks.

    Raises UserError if all style pictures that have a region have the weight 0, and as `toward_each` does.
    """
    if not regions.shares:
        return toward_each(style, config.mix, config.style_blend)
    terms: list[Term] = []
    several, whole = len(regions.shares) > 1, sum(regions.shares.values())
    for region, area in regions.shares.items():
        mix = {name: share for name, share in config.mix.items() if region in regions.guides.get(name, {region})}
        if not any(mix.values()):
            raise UserError(f"style_mix: the style pictures that have the region #{region} have the weight 0")
        within = [
            term._replace(
                region=region,
                name=f"{term.name}_{region}" if several else term.name,
                share=term.share * math.sqrt(area / whole),
            )
            for term in style
        ]
        mix = {name: share / sum(mix.values()) for name, share in mix.items()}
        terms += toward_each(within, mix, config.style_blend)
    return terms


def toward_each(style: Sequence[Term], mix: Mapping[str, float], blend: str) -> list[Term]:
    """The style terms toward all style pictures of a mix. Raises UserError for targets that may not be averaged.

    For a squared distance, averaging the targets and averaging the losses give the same gradient, except for the scale
    that the calibration gives each loss.
    """
    if len(mix) == 1:
        return [term._replace(toward=next(iter(mix))) for term in style]
    reasons = {} if blend == "losses" else {term.typed: why for term in style if (why := unblendable(term))}
    for name, why in reasons.items() if blend == "targets" else ():
        raise UserError(f"style_blend=targets: {name} has no mean of several pictures, as {why}; take losses")
    if blend != "losses" and not reasons:
        return [term._replace(toward=next(iter(mix)), blend=mix) for term in style]
    return [
        term._replace(name=f"{term.name}_{number}", toward=name, share=term.share * share)
        for term in style
        for number, (name, share) in enumerate(mix.items(), start=1)
    ]


def group(
    section: Statistic | Statistics, toward: str, weights: Mapping[str, float], other: float, weight: float
) -> list[Term]:
    """The terms of `content_stat` or `style_stat`, one or several, toward the picture of that name.

    A term looks at the layers in `weights`, unless its statistic names layers of its own; a layer that is not in
    `weights` gets the weight `other`.
    """
    option = f"{toward}_stat"
    place = f"{option}.terms." if isinstance(section, Statistics) else ""
    return [
        term(stat, f"{place}{name}" if place else option)._replace(
            group=toward,
            name=name,
            layers={layer: weights.get(layer, other) for layer in stat.layers or weights},
            weight=weight,
            toward=toward,
            prefix="" if toward == "style" else None,  # stored runs name a part of the style by its layer alone
        )
        for name, stat in section.by_name().items()
    ]


def term(stat: Statistic, option: str) -> Term:
    """The term of a statistic, without group, name and layers.

    Raises UserError, which names `option`, if its functions do not take the settings.
    """
    distance: Distance | None = mean_square
    if stat.distance == "none":
        distance = None
    elif stat.distance:
        distance = bind(stat.distance, f"{option}.distance", given=("ours", "target"))
    if stat.rotations and stat.joint:
        raise UserError(f"{option}: rotations are of one layer at a time; leave out joint")
    return Term(
        "",
        "",
        bind(stat, option, given=("features", "reference", "weights", "wraps")),
        {},
        distance=distance,
        reference=bind(
            stat.reference, f"{option}.reference", given=("features", "ours", "step", "weights", "our_weights")
        )
        if stat.reference
        else None,
        share=1.0 if stat.weight is None else stat.weight,
        joint=stat.joint,
        renew=stat.renew or 0,
        rotations=bool(stat.rotations),
    )


def prior(section: Prior) -> Term:
    name = section.target.rpartition(".")[2]
    return Term("prior", name, bind(section, "prior", given=("wraps",)), {PICTURE: 1.0}, section.weight)
