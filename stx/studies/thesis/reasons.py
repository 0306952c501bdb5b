"""Why the thesis's vector carries no style: what it holds, how its distance weighs that, and whether a gradient leads
there, each apart from the others."""

from stx.config.layers import LAYERS
from stx.studies.page import Block, Heading, Items, Table, Text
from stx.studies.thesis.evidence import Evidence
from stx.studies.thesis.material import Material, number
from stx.studies.thesis.plan import STYLE_LAYERS, WHY
from stx.studies.thesis.verdicts import CARRIED, gram_at
from stx.studies.thesis.verdicts_gram import STUCK, matched

PUBLISHED = "calibrated_cooc_vector"
MEANS = "kernel_mmd_linear"
SAID = {
    PUBLISHED: "as published: the mean threshold",
    "why_masked_undone": "the map undone, the mean threshold kept",
    "why_all_features": "no threshold",
    "why_undone": "no threshold, and the map undone",
    "why_soft_mask": "a sigmoid in place of the threshold's step",
    "why_soft_undone": "a sigmoid, and the map undone",
    MEANS: "channel means, and nothing else (`mmd_linear`)",
}
MATCHED = 0.1
"""A loss of which no more than this share is left was minimised."""


def vector(material: Material) -> list[Block]:
    """The published vector, and what becomes of it as each of its faults is mended."""
    shown = {name: material.evidence[name] for name in SAID if name in material.evidence}
    if not set(shown) & {f"why_{name}" for name in WHY}:
        return []
    stretched = [LAYERS[layer] - 1 for layer in STYLE_LAYERS]
    rows = [
        [
            SAID[name],
            f"{matched(run):.1%}",
            number(run.style),
            number(run.content),
            number(gram_at(material.evidence, run.content)),
        ]
        for name, run in shown.items()
    ]
    return [
        Heading("Why: information, conditioning and gradient, apart"),
        Text(
            "Of all features, without a threshold, the vector is S_k = (T − m_k)/(D − 1): a linear map of the channel "
            "means m, T their sum, which can be undone. It holds what the means hold. But it stretches one direction, "
            f"that in which all channels grow together, D − 1 times as much as any other ({stretched[0]} at "
            f"{STYLE_LAYERS[0]}, {stretched[-1]} at {STYLE_LAYERS[-1]}), and a squared distance weighs by the square "
            f"of that: what tells channels apart counts 1/{stretched[-1] ** 2} there. With a threshold, the mask in "
            "which a channel stands has no gradient, so that no entry leads to its own channel."
        ),
        Items(conclusions(shown)),
        *material.side_by_side([name for name in SAID if name in shown], 160),
        Table(
            ["the vector", "style loss left", "style distance", "content distance", "Gram's style at that content"],
            rows,
            "calibrated to pull as hard as the content, from the photograph, all of one number of steps; Gram's is "
            "read off between its runs at other weights",
        ),
    ]


def conclusions(shown: dict[str, Evidence]) -> list[str]:
    """What the numbers say of each; nothing of what was not run."""
    said = []
    if {"why_all_features", "why_undone"} <= set(shown):
        plain, undone = shown["why_all_features"], shown["why_undone"]
        blind = matched(plain) <= MATCHED and plain.style > CARRIED
        mended = undone.style <= CARRIED < plain.style
        said.append(
            f"**Conditioning.** Without a threshold {matched(plain):.1%} of the loss are left at a style distance of "
            f"{plain.style:.2f}{': it is minimised by a picture without the style' if blind else ''}. With the map "
            f"undone in the distance that is {undone.style:.2f}"
            f"{': the style was there, and the distance did not see it' if mended else ''}."
        )
    if {PUBLISHED, "why_soft_mask"} <= set(shown):
        hard, soft = shown[PUBLISHED], shown["why_soft_mask"]
        stuck = matched(hard) > STUCK
        said.append(
            f"**Gradient.** With the threshold {matched(hard):.0%} of the loss are left"
            f"{': it is hardly minimised at all' if stuck else ''}. A sigmoid in place of the step, which has a "
            f"gradient, leaves {matched(soft):.0%}, at a style distance of {soft.style:.2f} in place of "
            f"{hard.style:.2f}" + (": it carries style." if soft.style <= CARRIED else ".")
        )
    if {"why_masked_undone", PUBLISHED} <= set(shown):
        masked = shown["why_masked_undone"]
        said.append(
            f"Undoing the map without mending the gradient does not help: {matched(masked):.0%} of the loss are left, "
            f"at a style distance of {masked.style:.2f}."
        )
    best = [shown[name] for name in ("why_undone", "why_soft_mask") if name in shown]
    if best and all(run.style <= CARRIED for run in best):
        styles = " and ".join(f"{run.style:.2f}" for run in best)
        said.append(
            f"**Information.** With either mended the vector carries style, {styles}: what it holds is not why the "
            "thesis's pictures have none."
        )
    return said
