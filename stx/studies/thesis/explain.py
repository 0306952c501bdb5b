"""Why the experiments end as they do, shown by measurements: who pulls, at which scale, and what a descriptor sees."""

import math
from collections.abc import Mapping, Sequence

from stx.pictures.charts import lines
from stx.studies.page import GAP, Block, Heading, Picture, Pictures, Table, Text
from stx.studies.thesis import overflow, readings, reasons
from stx.studies.thesis.evidence import Evidence
from stx.studies.thesis.material import Material, number
from stx.studies.thesis.plan import LITERAL, STATISTICS, STYLE_LAYERS
from stx.studies.thesis.readings import PREFIX
from stx.studies.thesis.verdicts import CARRIED, MINIMISED, NONE, gram_at
from stx.studies.thesis.verdicts_gram import matched

FAINT = 1e-3
"""A style that pulls with less than this share of the content's strength has no effect."""

PICTURES = ("photograph", "noise", "mirrored")


def sections(material: Material) -> list[Block]:
    parts = (gradients, equal_scales, reasons.vector, factors, readings.section, separations, alone, overflow.section)
    return [block for part in parts for block in part(material)]


def gradients(material: Material) -> list[Block]:
    """Norms of each term's gradient over time."""
    every = material.evidence.items()
    shown = {name: run for name, run in every if run.pull("first") is not None and not name.startswith(PREFIX)}
    if not shown:
        return []
    faint = [name for name, run in shown.items() if max(run.pull("first") or 0.0, run.pull("last") or 0.0) < FAINT]
    pictures = material.folder / "pictures"
    charts = [
        lines(
            pictures / "pulls.png",
            {name: pulls(run) for name, run in shown.items() if not name.startswith("calibrated_")},
            title="How hard the style pulls at the picture",
            x="step",
            y="style's gradient / content's",
        )
    ]
    charts += [
        lines(
            pictures / f"gradients-{name}.png",
            {term: shown[name].series.get(f"grad_norm/{term}", ()) for term in ("content", *STYLE_LAYERS)},
            title=f"{name}: gradient of each term",
            x="step",
            y="norm",
        )
        for name in ("e01_gram", "e02_cooc_vector")
        if name in shown
    ]
    rows = [
        [name, place, *(number(run.layers("grad_norm", place).get(term)) for term in ("content", *STYLE_LAYERS))]
        for name, run in shown.items()
        for place in ("first", "last")
    ]
    return [
        Heading("Why: who pulls at the picture"),
        Text(
            "The norm of each term's gradient with respect to the picture, as the term enters the total. Where the "
            f"style pulls with less than a {1 / FAINT:.0f}th of the content's strength, from the first step to the "
            f"last, no optimiser can follow it: {', '.join(faint) or 'none of them'}."
        ),
        Pictures([Picture(f"pictures/{chart.name}", "") for chart in charts], 480),
        Table(
            ["run", "step", "content", *STYLE_LAYERS], rows, "gradient norms at the first and the last measured step"
        ),
    ]


def pulls(run: Evidence) -> Sequence[tuple[int, float]]:
    content = dict(run.series.get("grad_norm/content", ()))
    layers = [dict(points) for name, points in run.series.items() if name.startswith("grad_norm/conv")]
    return [
        (step, sum(points.get(step, 0.0) for points in layers) / norm) for step, norm in content.items() if norm > 0
    ]


def equal_scales(material: Material) -> list[Block]:
    """The same statistics, each scaled to pull as hard as the content."""
    chosen = members(material, "calibrated_")
    if not chosen:
        return []
    carrying = [name for name, run in chosen.items() if run.style <= CARRIED]
    others = [name for name in carrying if name != "gram"]
    lesson = (
        f"For {', '.join(others)} the scale was the reason."
        if others
        else "For the co-occurrence forms scale was not the only reason."
    )
    rows = [
        [
            name,
            *(
                number(value)
                for value in (run.style, run.content, gram_at(material.evidence, run.content), run.pull("last"))
            ),
        ]
        for name, run in chosen.items()
    ]
    return [
        Heading("Why: with equal scales"),
        Text(
            "Calibrated (`loss_weights.calibrate=gradient`), from the photograph: every style layer's gradient is made "
            "as long as the content's at the start, so that scale is no excuse. Style is carried by: "
            f"{', '.join(carrying) or 'none of them'}. {lesson}"
        ),
        *material.side_by_side([f"calibrated_{name}" for name in chosen], 160, "calibrated_"),
        Table(
            [
                "statistic",
                "style distance",
                "content distance",
                "Gram's style at that content",
                "style's pull at the end",
            ],
            rows,
        ),
    ]


def factors(material: Material) -> list[Block]:
    """The thesis's literal factor beside the mean, for the same picture."""
    rows = []
    for name in (name for name in LITERAL if name[:3] != "e03"):  # e03 is e02's vector with another weight
        literal, mean = material.evidence.get(name), material.evidence.get(f"mean_{name}")
        if literal and mean:
            ours, theirs = literal.layers("style_loss", "first"), mean.layers("style_loss", "first")
            apart = [math.log10(theirs[layer] / ours[layer]) for layer in ours if ours[layer] > 0 < theirs[layer]]
            rows.append([name, "1/(4 N² M²)", *(number(ours.get(layer)) for layer in STYLE_LAYERS), ""])
            orders = f"{min(apart):.1f} to {max(apart):.1f}" if apart else GAP
            rows.append(["", "mean", *(number(theirs.get(layer)) for layer in STYLE_LAYERS), orders])
    if not rows:
        return []
    return [
        Heading("Why: the factor"),
        Text(
            "E_l of the first picture, by the thesis's literal factor and by the mean over the statistic's entries. "
            "The factor belongs to Gram matrices; kept for the other statistics it alone moves the values by this many "
            "orders of magnitude."
        ),
        Table(["run", "factor", *STYLE_LAYERS, "orders apart"], rows),
    ]


def separations(material: Material) -> list[Block]:
    """How well each descriptor tells the style picture from a photograph, from noise and from its own mirror image."""
    rows = []
    for name in STATISTICS:
        by_picture = {picture: layer_mean(material.separation, f"{name}/{picture}/") for picture in PICTURES}
        if all(value is not None for value in by_picture.values()):
            photograph, mirrored = by_picture["photograph"] or 0.0, by_picture["mirrored"] or 0.0
            ratio = number(photograph / mirrored) if mirrored else "∞"
            rows.append([name, *(number(value) for value in by_picture.values()), ratio])
    if not rows:
        return []
    return [
        Heading("Why: what a descriptor tells apart"),
        Text(
            "Relative distance |S(x) − S(a)| / |S(a)| between the style picture a and three others, mean over the "
            "layers. A descriptor of style puts the photograph and noise far away and the mirrored painting near: it "
            "is the same style in other places. Where photograph and mirrored are alike, it sees places, not style."
        ),
        Table(["statistic", *PICTURES, "photograph / mirrored"], rows),
    ]


def layer_mean(separation: Mapping[str, float], start: str) -> float | None:
    distances = [value for key, value in separation.items() if key.startswith(start)]
    return sum(distances) / len(distances) if distances else None


def alone(material: Material) -> list[Block]:
    """What each descriptor draws from noise, with no content at all."""
    chosen = members(material, "alone_")
    if not chosen:
        return []
    twins = [name for name, run in chosen.items() if name != "gram" and matched(run) <= MINIMISED and run.style >= NONE]
    rows = [[name, f"{matched(run):.1e}", number(run.style), str(run.steps)] for name, run in chosen.items()]
    return [
        Heading("Why: what a descriptor draws alone"),
        Text(
            "From noise, with no content layer. A picture whose descriptor agrees with the painting's, and which does "
            "not look like it, shows that two different pictures share that descriptor: it cannot hold the style. Gram "
            "draws a texture. A descriptor whose loss stays high was not matched at all: where its own channel is "
            "active decides what an entry of the co-occurrence tensor counts, and that mask passes no gradient."
        ),
        Text(
            f"Alike in their descriptor, to {MINIMISED:.0%} of the start, and without style: "
            f"{', '.join(twins) or 'none'}."
        ),
        *material.side_by_side([f"alone_{name}" for name in chosen], 160, "alone_"),
        Table(["statistic", "style loss left", "style distance", "steps"], rows),
    ]


def members(material: Material, prefix: str) -> dict[str, Evidence]:
    named = {name: material.evidence.get(f"{prefix}{name}") for name in STATISTICS}
    return {name: run for name, run in named.items() if run}
