"""Why the thesis's vector carries no style: its information, the conditioning of its distance, and its gradient.

That is what the vector holds, how its distance weighs that, and whether a gradient leads there, each on its own.
"""

import math
from collections.abc import Mapping

from stx.config.layers import LAYERS
from stx.studies.page import Block, Heading, Items, Table, Text
from stx.studies.thesis.evidence import Evidence
from stx.studies.thesis.material import Material, number
from stx.studies.thesis.plan import STYLE_LAYERS
from stx.studies.thesis.verdicts import CARRIED, MINIMISED, STUCK, gram_at
from stx.studies.thesis.verdicts_gram import matched

PUBLISHED, GRAM = "calibrated_cooc_vector", "calibrated_gram"
SAID = {
    PUBLISHED: "as published, with the mean threshold",
    "why_masked_undone": "that, with the distance that undoes the map",
    "why_soft_mask": "a sigmoid in place of the threshold's step",
    "why_soft_undone": "the sigmoid, with the distance that undoes the map",
    "why_all_features": "no threshold",
    "why_all_heavier": "no threshold, and more weight",
    "why_undone": "no threshold, and the map undone",
    "kernel_mmd_linear": "channel means, and nothing else (`mmd_linear`)",
}


def vector(material: Material) -> list[Block]:
    """The published vector, and what becomes of it as each of its faults is mended."""
    shown = {name: material.evidence[name] for name in SAID if name in material.evidence}
    if not any(name.startswith("why_") for name in shown):
        return []
    wide = [LAYERS[layer] - 1 for layer in (STYLE_LAYERS[0], STYLE_LAYERS[-1])]
    rows = [
        [SAID[name], f"{matched(run):.1%}", *(number(value) for value in beside_gram(run, material.evidence))]
        for name, run in shown.items()
    ]
    return [
        Heading("Why: information, conditioning and gradient, apart"),
        Text(
            "Of all features, without a threshold, the vector is S_k = (T − m_k)/(D − 1): a linear map of the "
            "channels' means m (places near the edge count less in them), T their sum. It can be undone, and so holds "
            "what they hold. But along the direction in which all channels grow together it is D − 1 times as long as "
            f"across it ({wide[0]} at {STYLE_LAYERS[0]}, {wide[1]} at {STYLE_LAYERS[-1]}), and a squared distance "
            f"weighs by the square of that: what tells channels apart counts 1/{wide[1] ** 2} there. With the "
            "threshold there is no such map; an entry depends on where its own channel is active, by a mask without "
            "gradient."
        ),
        Items(conclusions(shown, material.evidence, material.separation)),
        *material.side_by_side(list(shown), 160),
        Table(
            [
                "the vector",
                "style loss left",
                "style distance",
                "content distance",
                "Gram's style there",
                "over Gram's",
            ],
            rows,
            "calibrated to pull as hard as the content, from the photograph, with the same number of steps; Gram's is "
            "read off between its runs at other weights, at the content distance of each",
        ),
    ]


def beside_gram(run: Evidence, runs: Mapping[str, Evidence]) -> tuple[float, float, float, float]:
    """Style, content, Gram's style at that content, and the ratio of both styles.

    Style at another content says nothing.
    """
    gram = gram_at(runs, run.content)
    return run.style, run.content, gram, run.style / gram


def conclusions(
    shown: Mapping[str, Evidence], runs: Mapping[str, Evidence], separation: Mapping[str, float]
) -> list[str]:
    """What the numbers say about each of the three; nothing about what was not run."""
    parts = (gradient(shown, runs), information(shown, separation), conditioning(shown, runs))
    return [line for lines in parts for line in lines]


def gradient(shown: Mapping[str, Evidence], runs: Mapping[str, Evidence]) -> list[str]:
    if not {PUBLISHED, "why_soft_mask"} <= set(shown):
        return []
    hard, soft = shown[PUBLISHED], shown["why_soft_mask"]
    stuck = " It is not minimised." if matched(hard) > STUCK else ""
    said = (
        f"**Gradient.** With the threshold {matched(hard):.0%} of the style loss is left, at {over(hard, runs)}.{stuck}"
        f" A sigmoid in place of the step, which has a gradient, leaves {matched(soft):.0%}, at {over(soft, runs)}."
    )
    if masked := shown.get("why_masked_undone"):
        said += f" Undoing the map does not help while the mask is there: {over(masked, runs)}"
        after = shown.get("why_soft_undone")
        said += f", and with the sigmoid {over(after, runs)}." if after else "."
    return [said]


def information(shown: Mapping[str, Evidence], separation: Mapping[str, float]) -> list[str]:
    """How the published vector itself rates pictures: that of its own run, and those that carry the style."""
    told = {name: loss_of(separation, name) for name in (PUBLISHED, "why_soft_mask", GRAM)}
    if any(value is None for value in told.values()) or "why_soft_mask" not in shown:
        return []
    own, soft, gram = (value or 0.0 for value in told.values())
    said = (
        "**Information.** The published vector, threshold and all, gives the picture of its own run "
        f"{own:.0%} of the photograph's loss, that of the sigmoid's run {soft:.0%}, and Gram's {gram:.0%}."
    )
    if max(soft, gram) < own and shown["why_soft_mask"].style <= CARRIED:
        said += " It prefers the pictures with the style; its gradient does not lead to them."
    return [said]


def loss_of(separation: Mapping[str, float], name: str) -> float | None:
    """The squared distance of a picture's published vector to the painting's, over the photograph's.

    This is the mean over the layers; None if one of them was not measured.
    """
    shares = [
        separation.get(f"cooc_vector/{name}/{layer}", math.nan)
        / separation.get(f"cooc_vector/photograph/{layer}", math.nan)
        for layer in STYLE_LAYERS
    ]
    mean = sum(share**2 for share in shares) / len(shares)
    return mean if math.isfinite(mean) else None


def conditioning(shown: Mapping[str, Evidence], runs: Mapping[str, Evidence]) -> list[str]:
    if not {"why_all_features", "why_undone"} <= set(shown):
        return []
    plain, undone = shown["why_all_features"], shown["why_undone"]
    minimised = " It is all but minimised." if matched(plain) <= MINIMISED else ""
    said = (
        f"**Conditioning.** Without a threshold {matched(plain):.1%} of the style loss is left, at {over(plain, runs)}."
        f"{minimised} With the map undone in the distance the picture is at {over(undone, runs)}"
    )
    if heavier := shown.get("why_all_heavier"):
        said += f"; more weight alone brings it to {over(heavier, runs)}"
    return [f"{said}."]


def over(run: Evidence, runs: Mapping[str, Evidence]) -> str:
    times = beside_gram(run, runs)[3]
    beside = "beyond Gram's runs" if math.isnan(times) else f"{times:.2f} times Gram's at that content"
    return f"a style distance of {run.style:.2f} ({beside})"
