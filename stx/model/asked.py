"""The terms that a config asks for."""

from collections.abc import Mapping

from stx.config.functions import bind
from stx.config.schema import Config, Prior, Statistic, Statistics
from stx.model.terms import PICTURE, Term, mean_square, thesis_factor


def terms(config: Config) -> tuple[Term, ...]:
    """All terms that a config asks for, not yet tried. Raises UserError."""
    weights = config.loss_weights
    shares = weights.style_weights or [1 / max(len(weights.style_layers), 1)] * len(weights.style_layers)
    content = group(
        config.content_stat,
        "content",
        layers=dict.fromkeys(weights.content_layers, 1.0),
        weight=weights.alpha,
    )
    style = group(
        config.style_stat,
        "style",
        layers=dict(zip(weights.style_layers, shares, strict=True)),
        weight=weights.beta,
        prefix="",  # a style layer's part is called like the layer, in stored runs too
    )
    if weights.factor == "thesis":
        style = [term._replace(factor=thesis_factor) if term.distance is mean_square else term for term in style]
    return (*content, *style, *([prior(config.prior)] if isinstance(config.prior, Prior) else []))


def group(
    section: Statistic | Statistics,
    toward: str,
    *,
    layers: Mapping[str, float],
    weight: float,
    prefix: str | None = None,
) -> list[Term]:
    """The terms of `content_stat` or `style_stat`, one or several, toward the picture of that name."""
    option = f"{toward}_stat"
    place = f"{option}.terms." if isinstance(section, Statistics) else ""
    return [
        Term(
            toward,
            name,
            bind(stat, f"{place}{name}" if place else option, given=("features", "reference")),
            layers,
            weight,
            toward,
            bind(stat.distance, f"{place or option}.distance", given=("ours", "target"))
            if stat.distance
            else mean_square,
            bind(stat.reference, f"{place or option}.reference", given=("features",)) if stat.reference else None,
            prefix=prefix,
        )
        for name, stat in section.by_name().items()
    ]


def prior(section: Prior) -> Term:
    name = section.target.rpartition(".")[2]
    return Term("prior", name, bind(section, "prior", given=()), {PICTURE: 1.0}, section.weight)
